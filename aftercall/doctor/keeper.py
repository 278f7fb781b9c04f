"""Checks of the keeper: it runs, no call waits long for its seal, its storage takes recordings."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import uuid
from datetime import datetime
from pathlib import Path

from aftercall.doctor.result import Check, Result, fail, ok, warn
from followup.alarms.models import AlarmKind
from followup.database.base import now
from followup.database.engine import Database
from followup.secrets import read_secrets
from followup.settings import Settings
from recordings.standing import Standing, look
from recordings.vault import Vault

NAME, STORAGE = "keeper", "storage of recordings"
_START = ("start it: `aftercall up`, or the service `aftercall role keeper`; calls go on, and "
          "their recordings wait in the spool folder, not sealed")
_MEND_S3 = ("correct [recordings.s3] (endpoint, bucket, keys), or let the bucket take objects; "
            "recordings wait on this machine meanwhile")


def keeper_checks(settings: Settings, database: Database | None) -> list[Check]:
    """Without a database nobody knows of the keeper; its storage is looked at all the same."""
    checks = [Check(STORAGE, lambda: _storage(settings), _MEND_S3)]
    if database is not None:
        checks.insert(0, Check(NAME, lambda: _keeper(database), _START))
    return checks


async def _keeper(database: Database) -> Result:
    await database.check()
    async with database.session() as session:
        return judge(await look(session), now())


def judge(standing: Standing, moment: datetime) -> Result:
    """What its standing means."""
    seen = "running" if standing.running else "not running"
    if standing.since is not None:
        minutes = int((moment - standing.since).total_seconds() // 60)
        seen += (f"; {standing.waiting} call(s) wait to be sealed, the oldest since "
                 f"{standing.since:%Y-%m-%d %H:%M} UTC ({minutes} min)")
    else:
        seen += "; every call is sealed"
    if not standing.running:
        return fail(NAME, seen, _START)
    if any(alarm.kind is AlarmKind.RECORDINGS_WAIT for alarm in standing.troubles):
        return fail(NAME, f"{seen}; its storage takes no recordings", "see the storage below, and "
                    "the keeper's log; they are stored as soon as it takes them")
    if standing.late(moment):
        return warn(NAME, seen, "look at the keeper's log; is the machine overloaded, or the "
                    "spool folder away?")
    return ok(NAME, seen)


async def _storage(settings: Settings) -> Result:
    # what S3 does not take now waits in the recordings folder
    folders = {"spool": settings.spool_dir, "recordings": settings.recordings_dir}
    if settings.recordings.storage == "folder":
        seen = "a folder"
    else:
        await _try_writing(settings)
        seen = "S3 takes and gives back"
    free = {name: await asyncio.to_thread(_free_mb, folder) for name, folder in folders.items()}
    seen += "; " + ", ".join(f"{mb} MB free for {name}" for name, mb in free.items())
    low = settings.recordings.low_disk_mb
    if min(free.values()) < low:
        return fail(STORAGE, f"{seen}, less than low_disk_mb = {low}",
                    "free some space, or shorten how long recordings are kept; calls go on, "
                    "recordings will soon be lost")
    return ok(STORAGE, seen)


async def _try_writing(settings: Settings) -> None:
    """Away when the bucket does not take, give and remove a small box."""
    secrets = read_secrets(settings.data_dir)
    if secrets is None:
        return                           # the check of the secrets says so
    vault, content = Vault.of(settings, secrets), b"aftercall doctor"
    name = f"doctor/{uuid.uuid4()}"
    await vault.put(name, len(content), hashlib.sha256(content).hexdigest(), (content,))
    await (await vault.open(name, vault.into)).check()
    await vault.remove(name, vault.into)


def _free_mb(folder: Path) -> int:
    where = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(where).free // 2**20
