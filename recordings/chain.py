"""The chain of seals: each covers the recording and the seal before, so that none can be changed,
taken out or put in between without breaking all that follow."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Recording
from followup.recordings.models import RecordingSeal

FIRST = "0" * 64                     # what the first link has before it
_LOCK = 0x5EA1                       # advisory: one links at a time
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Link:
    """What a seal covers."""

    number: int
    recording_id: uuid.UUID
    sha256: str
    size: int
    duration_ms: int
    sealed_at: datetime

    def seal(self, before: str) -> str:
        """The seal of this link after the one before."""
        told = (before, self.number, self.recording_id, self.sha256, self.size, self.duration_ms,
                self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"))
        return sha256("\n".join(map(str, told)).encode()).hexdigest()


def link_of(row: RecordingSeal) -> Link:
    """The link that a row holds."""
    return Link(row.number, row.recording_id, row.sha256, row.size, row.duration_ms, row.sealed_at)


async def link_seals(session: AsyncSession) -> int:
    """Put sealed recordings that are not in the chain at its end, oldest first; how many.

    Any number of processes may do it: the lock is held to the end of the transaction.
    """
    waiting = select(Recording).where(
        Recording.sealed_at.is_not(None), Recording.seal_number.is_(None),
        Recording.sha256.is_not(None)).order_by(Recording.sealed_at, Recording.id).limit(_BATCH)
    if await session.scalar(waiting.with_only_columns(Recording.id).limit(1)) is None:
        return 0
    await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    head = (await session.scalars(
        select(RecordingSeal).order_by(RecordingSeal.number.desc()).limit(1))).one_or_none()
    number, seal = (head.number, head.seal) if head else (0, FIRST)
    rows = (await session.scalars(waiting.with_for_update(of=Recording))).all()
    for row in rows:
        number += 1
        if row.sha256 is None or row.sealed_at is None:
            raise AssertionError("sealed without a hash")
        link = Link(number, row.id, row.sha256, row.size or 0, row.duration_ms or 0, row.sealed_at)
        seal = link.seal(seal)
        session.add(RecordingSeal(number=number, recording_id=row.id, sha256=row.sha256,
                                  size=link.size, duration_ms=link.duration_ms,
                                  sealed_at=row.sealed_at, seal=seal))
        row.seal_number = number
    await session.flush()
    return len(rows)
