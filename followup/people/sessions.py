"""Signed-in browsers. The database keeps the hash of a token, the browser the token."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.people import audit
from followup.people.models import User, WebSession

IDLE = timedelta(hours=1)
CODE_TIME = timedelta(minutes=5)         # for the second step
_SEEN_AGAIN = timedelta(minutes=1)       # a session's row is written no oftener


def token_hash(token: str) -> str:
    """What the database knows of a token (256 random bits: a plain hash is enough)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(session: AsyncSession, user: User, lifetime: timedelta, *,
                       idle: timedelta = IDLE, address: str = "", browser: str = "",
                       replaces: str | None = None, awaits_code: bool = False) -> str:
    """A new session for ``user``; returns its token. The one of token ``replaces`` ends.

    ``awaits_code``: the second step is owed; until then it opens nothing.
    """
    token = secrets.token_urlsafe(32)
    if replaces:
        await close_session(session, replaces)
    await session.execute(delete(WebSession).where(
        (WebSession.expires_at < now()) | (WebSession.idle_until < now())))
    session.add(WebSession(
        token_hash=token_hash(token), user_id=user.id, csrf_token=secrets.token_urlsafe(32),
        expires_at=now() + lifetime, idle_until=now() + idle, address=address,
        browser=browser[:300], awaits_code=awaits_code))
    return token


async def find_session(session: AsyncSession, token: str, *,
                       awaits_code: bool = False) -> WebSession | None:
    """The living session of a token, with its user; None when over, closed or disabled."""
    return (await session.scalars(
        select(WebSession).join(WebSession.user).where(
            WebSession.token_hash == token_hash(token), WebSession.expires_at > now(),
            WebSession.idle_until > now(), WebSession.awaits_code.is_(awaits_code),
            User.disabled.is_(False)))).one_or_none()


async def touch(session: AsyncSession, row: WebSession, idle: timedelta) -> None:
    """Somebody is there: the session may be idle anew."""
    if now() - row.seen_at > _SEEN_AGAIN:
        await session.execute(update(WebSession).where(
            WebSession.token_hash == row.token_hash).values(
            seen_at=now(), idle_until=now() + idle).execution_options(synchronize_session=False))


async def close_session(session: AsyncSession, token: str) -> None:
    """End the session of a token, if there is one."""
    await session.execute(delete(WebSession).where(WebSession.token_hash == token_hash(token)))


async def sessions_of(session: AsyncSession, user_id: uuid.UUID) -> Sequence[WebSession]:
    """Where a user is signed in, the latest seen first."""
    return (await session.scalars(select(WebSession).where(
        WebSession.user_id == user_id, WebSession.awaits_code.is_(False),
        WebSession.expires_at > now(), WebSession.idle_until > now())
        .order_by(WebSession.seen_at.desc(), WebSession.id))).all()


async def end_sessions(session: AsyncSession, user: User, *, actor: str, address: str = "",
                       only: uuid.UUID | None = None, but: str | None = None) -> int:
    """Sign ``user`` out everywhere, or of session ``only``, or everywhere but at token ``but``.

    Returns how many sessions ended; each time leaves one audit row.
    """
    query = delete(WebSession).where(WebSession.user_id == user.id)
    if only is not None:
        query = query.where(WebSession.id == only)
    if but is not None:
        query = query.where(WebSession.token_hash != token_hash(but))
    ended = len((await session.scalars(query.returning(WebSession.id))).all())
    if ended:
        audit.record(session, audit.END_SESSION, actor=actor, subject=f"user:{user.username}",
                     address=address, sessions=ended)
    return ended
