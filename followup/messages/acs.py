"""Alibaba Cloud's signature of requests, version 3 (ACS3-HMAC-SHA256). Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
_SAFE = "-_.~"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The parameters as they are signed, and must be sent."""
    return "&".join(f"{quote(name, safe=_SAFE)}={quote(value, safe=_SAFE)}"
                    for name, value in sorted(parameters.items()))


def sign(*, host: str, action: str, version: str, query: str, key_id: str, secret: str,
         nonce: str, moment: datetime) -> dict[str, str]:
    """The headers of a POST to ``/?query`` with an empty body; ``moment`` is in UTC."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-acs-action": action, "x-acs-content-sha256": empty,
               "x-acs-date": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "x-acs-signature-nonce": nonce,
               "x-acs-version": version}
    names = ";".join(headers)                        # they stand in their order already
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(("POST", "/", query, lines, names, empty))
    told = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()
    return {**headers, "Authorization":
            f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"}
