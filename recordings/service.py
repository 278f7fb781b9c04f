"""The keeper at work: sealing, preparing, looking around, and deleting what is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from followup.calls.models import Stored
from followup.database.engine import Database
from followup.log import get_logger
from followup.settings import Settings
from recordings.alarms import look_around
from recordings.copies import find_copier
from recordings.keeper import keep_sealing
from recordings.preparing import keep_preparing
from recordings.retention import expire
from recordings.vault import Vault

log = get_logger(__name__)

LOOK_S = 30.0
EXPIRE_EVERY = timedelta(days=1)


async def keep(settings: Settings, database: Database, vault: Vault) -> None:
    """Until cancelled. Any number of processes may do it."""
    for folder in (settings.spool_dir, settings.recordings_dir):
        folder.mkdir(parents=True, exist_ok=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_sealing(database, settings.spool_dir, vault))
        group.create_task(keep_preparing(database, vault,
                                         find_copier(settings.recordings.copies)))
        group.create_task(_keep_looking(settings, database, vault))
        group.create_task(_keep_expiring(settings, database, vault))


async def _keep_looking(settings: Settings, database: Database, vault: Vault) -> None:
    folders: dict[str, Path] = {"spool": settings.spool_dir}
    if vault.into is Stored.FOLDER:
        folders["recordings"] = settings.recordings_dir
    while True:
        try:
            async with database.session() as session:
                await look_around(session, folders, settings.recordings.low_disk_mb)
        except Exception:
            log.exception("looking after the recordings failed, will try again")
        await asyncio.sleep(LOOK_S)


async def _keep_expiring(settings: Settings, database: Database, vault: Vault) -> None:
    while True:
        try:
            done = await expire(database, vault, settings.recordings_dir,
                                settings.recordings.keep_days)
            if done:
                log.info("recordings whose time is over were deleted", count=done)
        except Exception:
            log.exception("deleting recordings failed, will try again")
        await asyncio.sleep(EXPIRE_EVERY.total_seconds())
