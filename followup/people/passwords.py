"""Passwords: argon2id, always hashed in a thread, never more than two at once."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from followup.people.policy import MAX_LENGTH

__all__ = ["AT_ONCE", "MAX_LENGTH", "generate_password", "hash_password", "verify"]

# without characters that are mistaken for one another when read aloud or from paper
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher(type=Type.ID)
AT_ONCE = 2                               # each hash takes 64 MiB


def generate_password(at_least: int = 0) -> str:
    """A random password of 79 bits or more, in groups that can be read over the phone."""
    groups = max(4, -(-(at_least + 1) // 5))
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(groups))


async def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return await asyncio.to_thread(_hasher.hash, password)


async def verify(stored: str | None, password: str) -> bool:
    """Does ``password`` fit? With ``stored`` None the same time is spent, then no."""
    return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex())
