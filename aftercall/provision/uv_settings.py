"""The machine's pip settings as the environment variables that uv reads instead.

Run by ``prepare`` before any package is there: the standard library only. Nothing that the caller
set for uv itself is touched.
"""

from __future__ import annotations

import ast
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PRECEDENCE = (":env:", "install", "global")     # of pip's own sections, the strongest first


def pip_options(listing: str) -> dict[str, str]:
    """Options for ``pip install``, out of ``pip config list``'s lines ``section.name='value'``."""
    found: dict[str, dict[str, str]] = {}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        section, dot, name = key.rpartition(".")
        if not (separator and dot) or section not in PRECEDENCE:
            continue
        try:
            found.setdefault(section, {})[name.replace("_", "-")] = str(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            continue
    options: dict[str, str] = {}
    for section in reversed(PRECEDENCE):
        options |= found.get(section, {})
    return options


def uv_environment(options: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv fetch as pip would; those in ``environ`` are left out."""
    certificate = (options.get("cert") or environ.get("REQUESTS_CA_BUNDLE")
                   or environ.get("CURL_CA_BUNDLE"))
    proxy = options.get("proxy")
    wanted = {
        "UV_INDEX_URL": options.get("index-url"),
        "UV_EXTRA_INDEX_URL": " ".join(_present(options.get("extra-index-url", ""))),
        "UV_FIND_LINKS": ",".join(_present(options.get("find-links", ""))),
        "UV_NO_INDEX": "1" if options.get("no-index", "").lower() in ("1", "true", "yes") else None,
        # pip looks for a version in all its indexes; the hashes say which file is right
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": " ".join(options.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": options.get("default-timeout") or options.get("timeout"),
        "UV_NO_PROGRESS": "1",
        "SSL_CERT_FILE": certificate,
        "SSL_CLIENT_CERT": options.get("client-cert"),
        "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy,
    }
    if not certificate and SYSTEM_CERTIFICATES.exists():
        wanted["SSL_CERT_FILE"] = str(SYSTEM_CERTIFICATES)
    return {name: value for name, value in wanted.items() if value and name not in environ}


def _present(places: str) -> list[str]:
    """URLs and folders out of a list; pip only warns of a missing folder, uv would stop."""
    kept = []
    for place in places.split():
        path = place.removeprefix("file://") if place.startswith("file://") else place
        if ("://" in place and path == place) or Path(path).expanduser().exists():
            kept.append(place)
    return kept


if __name__ == "__main__":
    for name, value in uv_environment(pip_options("\n".join(sys.argv[1:])), os.environ).items():
        print(f"export {name}={shlex.quote(value)}")
