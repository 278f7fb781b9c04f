"""Secrets that lie in the database: readable only with the key in ``secrets.toml``."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from followup.errors import SettingsError

_NONCE = 12


class SealBroken(SettingsError):
    """The second step's secret does not open: restore `second_step` of secrets.toml, or run
    `aftercall user reset-totp NAME`."""

    id = "seal-broken"


class Sealer:
    """AES-256-GCM under a key derived from ``key``; each seal is bound to its owner."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"aftercall second step").derive(
            key.encode()))

    def seal(self, clear: str, owner: bytes) -> bytes:
        """``clear`` as it may be stored."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, clear.encode(), owner)

    def open(self, sealed: bytes, owner: bytes) -> str:
        """What was sealed for ``owner``. SealBroken: another key, another owner, changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner).decode()
        except InvalidTag as error:
            raise SealBroken from error
