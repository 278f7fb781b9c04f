"""Signed-in browsers. The database keeps the hash of a token, the browser the token."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.people.models import User, WebSession


def token_hash(token: str) -> str:
    """What the database knows of a token (256 random bits: a plain hash is enough)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(session: AsyncSession, user: User, lifetime: timedelta, *,
                       address: str = "", replaces: str | None = None) -> str:
    """A new session for ``user``; returns its token. The one of token ``replaces`` ends."""
    token = secrets.token_urlsafe(32)
    if replaces:
        await close_session(session, replaces)
    await session.execute(delete(WebSession).where(WebSession.expires_at < now()))
    session.add(WebSession(
        token_hash=token_hash(token), user_id=user.id, csrf_token=secrets.token_urlsafe(32),
        expires_at=now() + lifetime, address=address))
    return token


async def find_session(session: AsyncSession, token: str) -> WebSession | None:
    """The living session of a token, with its user; None when expired, closed or disabled."""
    return (await session.scalars(
        select(WebSession).join(WebSession.user).where(
            WebSession.token_hash == token_hash(token), WebSession.expires_at > now(),
            User.disabled.is_(False)))).one_or_none()


async def close_session(session: AsyncSession, token: str) -> None:
    """End the session of a token, if there is one."""
    await session.execute(delete(WebSession).where(WebSession.token_hash == token_hash(token)))
