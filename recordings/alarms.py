"""What staff are told of recordings that are in danger, lost or changed."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.calls.models import Recording, RecordingState
from followup.database.base import now
from followup.log import get_logger
from followup.people import audit
from recordings.errors import Missing

log = get_logger(__name__)

SPOOL = "spool"                      # the alarm's name for where calls are captured
# how long lost recordings are told of
TOLD = timedelta(days=1)


async def tell_changed(session: AsyncSession, recording_id: uuid.UUID, error: Exception, *,
                       actor: str = "system", address: str = "") -> None:
    """A recording is not what was sealed, or is gone: an alarm, a row of the audit trail, a log."""
    what = "missing" if isinstance(error, Missing) else "changed"
    log.error("a sealed recording is not what it was", recording_id=str(recording_id), found=what)
    await raise_alarm(session, AlarmKind.RECORDING_CHANGED, str(recording_id), found=what)
    audit.record(session, audit.RECORDING_CHANGED, actor=actor, address=address,
                 subject=f"recording:{recording_id}", found=what)


async def look_around(session: AsyncSession, free_mb: Mapping[str, int], low_mb: int) -> None:
    """Raise and clear the alarms on room for recordings, and on those of the last day that have no
    sound or lack some of their call's."""
    for name, free in free_mb.items():
        if free < low_mb:
            await raise_alarm(session, AlarmKind.DISK_LOW, name, free_mb=free)
        else:
            await clear_alarm(session, AlarmKind.DISK_LOW, name)
    lost = await session.scalar(select(func.count()).where(
        Recording.created_at > now() - TOLD,
        or_(Recording.state == RecordingState.LOST, Recording.missing_ms > 0)))
    if lost:
        await raise_alarm(session, AlarmKind.RECORDINGS_LOST, "", count=lost)
    else:
        await clear_alarm(session, AlarmKind.RECORDINGS_LOST, "")


def room(folders: Mapping[str, Path]) -> dict[str, int]:
    """The megabytes that are free for each folder; none where it is not there, or not ours."""
    found = {}
    for name, folder in folders.items():
        try:
            found[name] = shutil.disk_usage(folder).free // 2**20
        except OSError:
            found[name] = 0
    return found


async def was_short(session: AsyncSession, name: str, since: datetime, until: datetime) -> bool:
    """Whether a folder had little room at any moment between these."""
    return await session.scalar(select(Alarm.id).where(
        Alarm.kind == AlarmKind.DISK_LOW, Alarm.subject == name, Alarm.raised_at <= until,
        or_(Alarm.cleared_at.is_(None), Alarm.cleared_at >= since)).limit(1)) is not None
