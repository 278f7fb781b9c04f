"""Seals the recordings of calls that are over, and marks as lost those with no sound."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, AttemptState, Recording, RecordingState
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger
from recordings.naming import inside, sealed_name
from recordings.sealing import NothingCaptured, Sealed, seal

log = get_logger(__name__)

# MixMonitor closes its file a moment after the channel is gone.
SETTLE = timedelta(seconds=2)


async def seal_next(session: AsyncSession, spool: Path, folder: Path) -> bool:
    """Seal one recording whose call is over; False when there is none. Workers never collide."""
    found = (await session.execute(
        select(Recording, Attempt).join(Attempt, Attempt.id == Recording.attempt_id)
        .where(Recording.state == RecordingState.CAPTURING, Attempt.state == AttemptState.ENDED,
               Attempt.ended_at < now() - SETTLE)
        .order_by(Attempt.ended_at).limit(1)
        .with_for_update(of=Recording, skip_locked=True))).first()
    if found is None:
        return False
    recording, attempt = found
    name = sealed_name(attempt.id, attempt.answered_at or attempt.committed_at)
    capture = inside(spool, recording.capture_file)
    try:
        sealed: Sealed = await asyncio.to_thread(seal, capture, inside(folder, name))
    except NothingCaptured:
        if not spool.is_dir():
            raise                        # not this sound is gone but the folder: it may come back
        recording.state = RecordingState.LOST
        log.error(  # noqa: TRY400  an alarm for people, not a trace
            "recording lost: no sound was captured", attempt_id=str(attempt.id))
        return True
    recording.file, recording.sha256 = name, sealed.sha256
    recording.size, recording.duration_ms = sealed.size, sealed.duration_ms
    recording.state, recording.sealed_at = RecordingState.SEALED, now()
    await session.flush()
    return True


async def keep_sealing(database: Database, spool: Path, folder: Path, every_s: float = 1.0,
                       retry_s: float = 5.0) -> None:
    """Run until cancelled; a full disk or a lost database is tried again, nothing is dropped."""
    while True:
        try:
            async with database.session() as session:
                busy = await seal_next(session, spool, folder)
            if busy:
                continue
            await _clear_captures(database, spool)
        except Exception:
            log.exception("sealing a recording failed, will try again")
            await asyncio.sleep(retry_s)
        await asyncio.sleep(every_s)


async def _clear_captures(database: Database, spool: Path) -> None:
    """Remove raw captures whose sealed file is safely known, and those nobody may keep."""
    captures = await asyncio.to_thread(lambda: [path.name for path in spool.glob("*.raw")])
    if not captures:
        return
    async with database.session() as session:
        done = await session.scalars(select(Recording.capture_file).where(
            Recording.capture_file.in_(captures),
            Recording.state.in_((RecordingState.SEALED, RecordingState.REFUSED))))
        for name in done:
            await asyncio.to_thread(inside(spool, name).unlink, missing_ok=True)
