"""Raises and clears alarms; both may be said again and again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import Alarm, AlarmKind
from followup.database.base import now


async def raise_alarm(session: AsyncSession, kind: AlarmKind, subject: str,
                      **detail: Any) -> None:
    """Open it, or note that it still holds; ``detail`` is the latest word."""
    row = insert(Alarm).values(id=uuid.uuid4(), kind=kind, subject=subject, detail=detail,
                               raised_at=now(), seen_at=now())
    await session.execute(row.on_conflict_do_update(
        index_elements=["kind", "subject"], index_where=text("cleared_at IS NULL"),
        set_={"detail": row.excluded.detail, "seen_at": row.excluded.seen_at}))


async def clear_alarm(session: AsyncSession, kind: AlarmKind, subject: str) -> None:
    """It is over; nothing when there was none."""
    await session.execute(
        update(Alarm).where(Alarm.kind == kind, Alarm.subject == subject,
                            Alarm.cleared_at.is_(None)).values(cleared_at=now()))


async def hold_alarms(session: AsyncSession, kind: AlarmKind, counts: Mapping[str, int]) -> None:
    """Those of a kind are these: ``counts`` by subject are their latest word, others are over."""
    for subject, count in counts.items():
        await raise_alarm(session, kind, subject, count=count)
    await session.execute(
        update(Alarm).where(Alarm.kind == kind, Alarm.subject.not_in(counts),
                            Alarm.cleared_at.is_(None)).values(cleared_at=now()))


async def open_alarms(session: AsyncSession) -> Sequence[Alarm]:
    """Those that hold now, the oldest first."""
    return (await session.scalars(
        select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at))).all()
