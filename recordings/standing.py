"""How the keeper stands: does it run, what waits for it, what troubles it. The same for whoever
asks from the console and for ``aftercall doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import Attempt, AttemptState, Recording, RecordingState
from followup.database.base import now
from recordings.keeper import SETTLE

ROLE = "keeper"
KEEPER = f"aftercall {ROLE}"             # its connections' name in the database
LATE = timedelta(minutes=15)             # a recording that waits longer needs somebody
TROUBLES = (AlarmKind.DISK_LOW, AlarmKind.RECORDINGS_WAIT, AlarmKind.RECORDINGS_LOST,
            AlarmKind.RECORDING_CHANGED)


@dataclass(frozen=True, slots=True)
class Standing:
    """``waiting``: calls that are over and not sealed; ``since``: when the oldest of them ended."""

    running: bool
    waiting: int
    since: datetime | None
    troubles: Sequence[Alarm]

    def late(self, moment: datetime) -> bool:
        """Has a recording waited longer than it should?"""
        return self.since is not None and moment - self.since > LATE


async def look(session: AsyncSession) -> Standing:
    """How it stands now. A keeper holds a connection for as long as it lives, on whatever machine;
    of one without power the database hears within its keep-alive's time."""
    running = await session.scalar(text(
        "select exists(select from pg_stat_activity where application_name = :name "
        "and datname = current_database())").bindparams(name=KEEPER))
    waiting, since = (await session.execute(
        select(func.count(), func.min(Attempt.ended_at))
        .join(Recording, Recording.attempt_id == Attempt.id)
        .where(Recording.state == RecordingState.CAPTURING, Attempt.state == AttemptState.ENDED,
               Attempt.ended_at < now() - SETTLE))).one()
    troubles = [alarm for alarm in await open_alarms(session) if alarm.kind in TROUBLES]
    return Standing(bool(running), waiting, since, troubles)
