"""Seals the recordings of calls that are over, and marks as lost those with no sound.

The capture in the spool is the only copy until the sealed one is in the storage and its row is
committed; a crash between any two steps has the work done again, with the same result.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.calls.models import (
    Attempt,
    AttemptState,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Unavailable
from followup.log import get_logger
from recordings.alarms import SPOOL, was_short
from recordings.chain import link_seals
from recordings.held import held
from recordings.lacking import noted
from recordings.naming import inside, missing_name, sealed_name
from recordings.sealing import Capture, NothingCaptured, missing
from recordings.vault import Vault

log = get_logger(__name__)

# MixMonitor closes its file a moment after the channel is gone.
SETTLE = timedelta(seconds=2)
# A recorder that is behind holds its captures; it never holds one up for longer than this.
BEHIND = timedelta(minutes=1)
LEAST_MS = 500                       # a hole in the sound that people are told of


class NotSealed(Exception):
    """A recording could not be sealed now; its id is the argument."""


async def seal_next(session: AsyncSession, spool: Path, vault: Vault,
                    leave: Collection[uuid.UUID] = ()) -> bool:
    """Seal one recording whose call is over and which nobody writes any more, but none of
    ``leave``; False when there is none.

    Workers never collide. NotSealed has the reason as its cause.
    """
    left = set(leave)
    while (found := await _over(session, left)) is not None:
        recording, attempt = found
        try:
            if written := not await _held(recording, attempt, spool):
                await _seal(session, recording, attempt, spool, vault)
        except (Unavailable, OSError, ValueError) as error:
            raise NotSealed(recording.id) from error
        if written:
            await session.flush()
            return True
        left.add(recording.id)
    return False


async def _over(session: AsyncSession, left: Collection[uuid.UUID]
                ) -> tuple[Recording, Attempt] | None:
    """The next recording whose call is over, locked, but none of ``left``."""
    found = (await session.execute(
        select(Recording, Attempt).join(Attempt, Attempt.id == Recording.attempt_id)
        .where(Recording.state == RecordingState.CAPTURING, Attempt.state == AttemptState.ENDED,
               Attempt.ended_at < now() - SETTLE, Recording.id.not_in(left))
        .order_by(Recording.created_at).limit(1)
        .with_for_update(of=Recording, skip_locked=True))).first()
    if found is None:
        return None
    recording, attempt = found
    return recording, attempt


async def _held(recording: Recording, attempt: Attempt, spool: Path) -> bool:
    """Whether a recorder that is behind has not written its end yet."""
    return attempt.ended_at is not None and attempt.ended_at > now() - BEHIND \
        and await asyncio.to_thread(held, inside(spool, recording.capture_file))


async def _seal(session: AsyncSession, recording: Recording, attempt: Attempt, spool: Path,
                vault: Vault) -> None:
    if not spool.is_dir():       # not this sound is gone but the folder: it may come back
        raise FileNotFoundError(f"{spool.name}: the spool folder is not there")
    try:
        capture = await asyncio.to_thread(Capture, inside(spool, recording.capture_file))
    except NothingCaptured:
        recording.state = RecordingState.LOST
        log.error(  # noqa: TRY400  an alarm for people, not a trace
            "recording lost: no sound was captured", attempt_id=str(attempt.id))
        await raise_alarm(session, AlarmKind.RECORDINGS_LOST, "")
        return
    sealed = await asyncio.to_thread(capture.seal)
    name = sealed_name(attempt.id, attempt.answered_at or attempt.committed_at)
    await vault.put(name, sealed.size, sealed.sha256, capture.blocks(), vault.first)
    recording.file, recording.stored, recording.sha256 = name, vault.first, sealed.sha256
    recording.size, recording.duration_ms = sealed.size, sealed.duration_ms
    recording.state, recording.sealed_at = RecordingState.SEALED, now()
    # holes are told by who recorded; an end that was not recorded may be among them
    recording.missing_ms = max(
        await _missing_end(session, recording, attempt, sealed.duration_ms),
        await asyncio.to_thread(_holes, inside(spool, recording.capture_file)))
    if recording.missing_ms:
        log.error("a recording lacks some of its call", attempt_id=str(attempt.id),
                  missing_ms=recording.missing_ms)
        await raise_alarm(session, AlarmKind.RECORDINGS_LOST, "")


def _holes(capture: Path) -> int:
    """The milliseconds that are noted beside a capture, 0 where they are few."""
    told = noted(capture)
    return told if told >= LEAST_MS else 0


async def _missing_end(session: AsyncSession, recording: Recording, attempt: Attempt,
                       duration_ms: int) -> int:
    last_mark = await session.scalar(select(func.max(RecordingMark.at_ms)).where(
        RecordingMark.recording_id == recording.id))
    # an end that was found out later may have been much earlier
    known = attempt.settled_by == "event" and attempt.ended_at is not None
    call = (attempt.ended_at - recording.created_at) / timedelta(milliseconds=1) \
        if known and attempt.ended_at else None
    return missing(duration_ms, call_ms=None if call is None else int(call),
                   last_mark_ms=last_mark or 0, closely=await was_short(
                       session, SPOOL, recording.created_at, attempt.ended_at or now()))


async def keep_sealing(database: Database, spool: Path, vault: Vault, every_s: float = 1.0,
                       retry_s: float = 15.0) -> None:
    """Run until cancelled; what a full disk, a storage or a database that is away does not let be
    sealed stays in the spool and is tried again, with an alarm; the others go on meanwhile."""
    later: dict[uuid.UUID, float] = {}
    while True:
        later = {each: at for each, at in later.items() if at > time.monotonic()}
        try:
            async with database.session() as session:
                busy = await seal_next(session, spool, vault, tuple(later))
            async with database.session() as session:
                await link_seals(session)
                if busy and not later:
                    await clear_alarm(session, AlarmKind.RECORDINGS_WAIT, vault.first.value)
            if busy:
                continue
            await _clear_captures(database, spool)
        except NotSealed as error:
            log.exception("sealing a recording failed, will try again")
            later[error.args[0]] = time.monotonic() + retry_s
            await _tell(database, vault, error)
            if len(later) < 5:           # one alone may be at fault
                continue
            await asyncio.sleep(retry_s)
        except Exception:
            log.exception("sealing recordings failed, will try again")
            await asyncio.sleep(min(retry_s, 5.0))
        await asyncio.sleep(every_s)


async def _tell(database: Database, vault: Vault, error: NotSealed) -> None:
    with suppress(SQLAlchemyError, OSError, TimeoutError):
        async with database.session() as session:
            await raise_alarm(session, AlarmKind.RECORDINGS_WAIT, vault.first.value,
                              reason=type(error.__cause__).__name__)


async def _clear_captures(database: Database, spool: Path) -> None:
    """Remove raw captures whose sealed file is safely known, and those nobody may keep; with each
    goes the note of what it lacks, and so does one that has no capture any more."""
    captures, noted = await asyncio.to_thread(_captures, spool)
    if not captures and not noted:
        return
    alone = noted - captures
    async with database.session() as session:
        done = await session.scalars(select(Recording.capture_file).where(
            Recording.capture_file.in_(captures), Recording.state.in_((
                RecordingState.SEALED, RecordingState.REFUSED, RecordingState.EXPIRED))))
        awaited = await session.scalars(select(Recording.capture_file).where(
            Recording.capture_file.in_(alone), Recording.state == RecordingState.CAPTURING))
        over = [*done, *alone.difference(awaited)]
    for name in over:
        for file in (name, missing_name(name)):
            await asyncio.to_thread(inside(spool, file).unlink, missing_ok=True)


def _captures(spool: Path) -> tuple[set[str], set[str]]:
    """The captures that are there, and those of which a note is."""
    return ({path.name for path in spool.glob("*.raw")},
            {path.stem for path in spool.glob(missing_name("*.raw"))})
