"""The texts that messages are made of, as the hospital keeps them on the console.

What was written by a template keeps its own text, code and values: no change here touches it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.errors import Conflict, NotFound
from followup.message_settings import MessageTemplate
from followup.messages.models import MessageTemplateRow
from followup.people import audit

SHOWN = ("code", "name", "language", "text", "labels", "lengths", "position", "active")   # audited
_ORDER = (MessageTemplateRow.position, MessageTemplateRow.name, MessageTemplateRow.id)


class CodeTaken(Conflict):
    """Another template has this code."""

    id = "message-template-code"


class Outdated(Conflict):
    """Somebody else has changed this template meanwhile."""

    id = "message-template-outdated"


async def take_over(session: AsyncSession, templates: Iterable[MessageTemplate]) -> int:
    """What stands in the settings file becomes a template of the console, each once, whatever is
    made of it here; how many were new. Any number of consoles may do it at the same moment."""
    count = 0
    for place, each in enumerate(templates):
        added = await session.scalar(
            insert(MessageTemplateRow).values(
                id=uuid.uuid4(), **each.model_dump(), position=place, active=True, version=1,
                created_at=now(), changed_at=now(), changed_by="", from_file=each.code)
            .on_conflict_do_nothing().returning(MessageTemplateRow.id))
        if added is not None:
            count += 1
            audit.record(session, audit.SET_UP_MESSAGES, actor="system", source="file",
                         subject=f"message-template:{added}", before=None,
                         after={**each.model_dump(), "position": place, "active": True})
    return count


async def every(session: AsyncSession) -> Sequence[MessageTemplateRow]:
    """All of them, also those that are not used any more."""
    return (await session.scalars(select(MessageTemplateRow).order_by(
        MessageTemplateRow.active.desc(), *_ORDER))).all()


async def offered(session: AsyncSession) -> tuple[MessageTemplate, ...]:
    """Those that messages may be written with, in the order they are offered."""
    rows = await session.scalars(
        select(MessageTemplateRow).where(MessageTemplateRow.active).order_by(*_ORDER))
    return tuple(row.template for row in rows)


async def find(session: AsyncSession, template_id: uuid.UUID) -> MessageTemplateRow:
    """One of them; NotFound."""
    row = await session.get(MessageTemplateRow, template_id)
    if row is None:
        raise NotFound("there is no such template")
    return row


async def save(session: AsyncSession, template_id: uuid.UUID | None, wanted: MessageTemplate, *,
               position: int, active: bool, seen: int, actor: str,
               address: str = "") -> MessageTemplateRow:
    """Make it so; None: a new one. NotFound; Outdated when it is no more the version that the page
    had shown (``seen``); CodeTaken."""
    if template_id is None:
        row = MessageTemplateRow(id=uuid.uuid4(), version=0)
    else:
        row = await session.get(MessageTemplateRow, template_id, with_for_update=True,
                                populate_existing=True) or await find(session, template_id)
        if row.version != seen:
            raise Outdated
    for name, value in {**wanted.model_dump(), "position": position, "active": active}.items():
        setattr(row, name, value)
    told = audit.difference(row, only=SHOWN)
    if not told["after"]:
        return row
    row.version, row.changed_at, row.changed_by = row.version + 1, now(), actor
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise CodeTaken from error
    audit.record(session, audit.SET_UP_MESSAGES, actor=actor, address=address,
                 subject=f"message-template:{row.id}", **told)
    return row
