"""The keeper at work: sealing, preparing, looking around, and deleting what is over."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

from followup.calls.models import Stored
from followup.database.engine import Database
from followup.log import get_logger
from followup.settings import Settings
from recordings.alarms import SPOOL, look_around, room
from recordings.copies import find_copiers
from recordings.handover import keep_handing_over
from recordings.keeper import keep_sealing
from recordings.messages import expire_messages, keep_messages
from recordings.preparing import keep_preparing
from recordings.retention import expire
from recordings.vault import WAITING, Vault

log = get_logger(__name__)

ROOM_S, LOOK_S = 1.0, 30.0
EXPIRE_EVERY = timedelta(days=1)


async def keep(settings: Settings, database: Database, vault: Vault) -> None:
    """Until cancelled. Any number of processes may do it."""
    for folder in (settings.spool_dir, settings.recordings_dir):
        folder.mkdir(parents=True, exist_ok=True)
    copiers = await asyncio.to_thread(find_copiers, settings.recordings.copies)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_sealing(database, settings.spool_dir, vault))
        group.create_task(keep_messages(database, settings.spool_dir, vault))
        group.create_task(keep_handing_over(database, vault, settings.recordings_dir / WAITING))
        group.create_task(keep_preparing(database, vault, copiers))
        group.create_task(_keep_looking(settings, database, vault))
        group.create_task(_keep_expiring(settings, database, vault))


async def _keep_looking(settings: Settings, database: Database, vault: Vault) -> None:
    """A disk that runs full is told at once, and everything again every ``LOOK_S``."""
    folders: dict[str, Path] = {SPOOL: settings.spool_dir}
    if vault.first is not Stored.S3:
        folders["recordings"] = settings.recordings_dir
    low_mb, known, told_at = settings.recordings.low_disk_mb, None, 0.0
    while True:
        free = await asyncio.to_thread(room, folders)
        low = {name for name, megabytes in free.items() if megabytes < low_mb}
        if low != known or time.monotonic() >= told_at + LOOK_S:
            try:
                async with database.session() as session:
                    await look_around(session, free, low_mb)
                known, told_at = low, time.monotonic()
            except Exception:
                log.exception("looking after the recordings failed, will try again")
        await asyncio.sleep(ROOM_S)


async def _keep_expiring(settings: Settings, database: Database, vault: Vault) -> None:
    while True:
        try:
            done = await expire(database, vault, settings.recordings_dir,
                                settings.recordings.keep_days)
            done += await expire_messages(database, vault, settings.recordings.keep_days)
            if done:
                log.info("recordings whose time is over were deleted", count=done)
        except Exception:
            log.exception("deleting recordings failed, will try again")
        await asyncio.sleep(EXPIRE_EVERY.total_seconds())
