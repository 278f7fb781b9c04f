"""Tokens with which other systems register cases. The database keeps the hash of a token."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.intake import Fault, NotTaken, Wrong
from followup.cases.register import By
from followup.cases.setup_models import ApiToken
from followup.database.base import now
from followup.errors import Conflict, NotFound
from followup.people import audit
from followup.people.sessions import token_hash

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,30}")


async def make_token(session: AsyncSession, name: str, by: By) -> str:
    """A new token for the system ``name``; it is shown this once. NotTaken, Conflict."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise NotTaken([Fault("name", Wrong.UNKNOWN, "2 to 31 of a-z 0-9 -, such as wechat-desk")])
    token = secrets.token_urlsafe(32)
    added = await session.scalar(insert(ApiToken).values(
        id=uuid.uuid4(), name=name, token_hash=token_hash(token), created_by=by.name,
        created_at=now()).on_conflict_do_nothing(index_elements=["name"]).returning(ApiToken.id))
    if added is None:
        raise Conflict("name: there is a token of this name", field="name")
    audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                 subject=f"api-token:{name}", what="made")
    return token


async def revoke_token(session: AsyncSession, token_id: uuid.UUID, by: By) -> None:
    """It opens nothing any more; its name stays taken, as cases name it as their source."""
    token = await session.get(ApiToken, token_id, with_for_update=True)
    if token is None:
        raise NotFound("there is no such token")
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                     subject=f"api-token:{token.name}", what="revoked")


async def list_tokens(session: AsyncSession) -> Sequence[ApiToken]:
    """All of them, the latest first."""
    return (await session.scalars(select(ApiToken).order_by(ApiToken.created_at.desc()))).all()


async def who_has(session: AsyncSession, token: str) -> ApiToken | None:
    """The system that a token belongs to; None when it is unknown or revoked."""
    found = await session.scalar(select(ApiToken).where(
        ApiToken.token_hash == token_hash(token), ApiToken.revoked_at.is_(None)))
    if found is not None:
        await session.execute(update(ApiToken).where(ApiToken.id == found.id)
                              .values(used_at=now()))
    return found
