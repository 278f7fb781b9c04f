"""Hands boxes that wait on this machine over to the storage that is to keep them.

What S3 is to keep is encrypted into a folder first, so that no sound lies plain while S3 is slow
or away. Its box goes from there only some minutes after the row says that S3 has it: a crash
between any two steps has the work done again, and whoever is listening hears on.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from itertools import islice
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.calls.models import Recording, RecordingState, Stored
from followup.database.engine import Database
from followup.errors import Unavailable
from followup.log import get_logger
from recordings.alarms import tell_changed
from recordings.errors import Changed, Missing
from recordings.naming import boxes, inside
from recordings.vault import Vault

log = get_logger(__name__)
SWEEP_S = 300.0


async def hand_over(vault: Vault, row: Recording) -> None:
    """Copy all that is kept of a recording to where the settings say, and let the row say so.
    Missing, Changed, Away, OSError."""
    if row.file is None or row.stored is None:
        raise Missing
    for name in boxes(row.file):
        try:
            await vault.carry(name, row.stored, vault.into,
                              row.sha256 if name == row.file else None)
        except (Missing, Changed):
            if name == row.file:
                raise                     # others are made again
    row.stored = vault.into


async def hand_over_next(session: AsyncSession, vault: Vault, leave: set[uuid.UUID]) -> bool:
    """Hand over the recording that has waited longest, but none of ``leave``; False when there is
    none. One that is missing or changed raises its alarm, stays as it is, and is left from now on.
    """
    row = await session.scalar(
        select(Recording).where(
            Recording.state == RecordingState.SEALED, Recording.stored == Stored.WAITING,
            Recording.id.not_in(leave))
        # whoever comments on it meanwhile need not wait for the network
        .order_by(Recording.sealed_at).limit(1).with_for_update(skip_locked=True, key_share=True))
    if row is None:
        return False
    try:
        await hand_over(vault, row)
    except (Changed, Missing) as error:
        leave.add(row.id)
        await tell_changed(session, row.id, error)
    return True


async def keep_handing_over(database: Database, vault: Vault, folder: Path, every_s: float = 1.0,
                            retry_s: float = 15.0, sweep_s: float = SWEEP_S) -> None:
    """Run until cancelled. While the storage is away an alarm says so, and all waits in
    ``folder``."""
    leave: set[uuid.UUID] = set()
    over: set[str] = set()
    told, swept = True, time.monotonic()
    while True:
        try:
            async with database.session() as session:
                busy = await hand_over_next(session, vault, leave)
            if busy:
                continue
            if told:
                async with database.session() as session:
                    await clear_alarm(session, AlarmKind.RECORDINGS_WAIT, vault.into.value)
                told = False
            if time.monotonic() >= swept + sweep_s:
                over = await sweep(database, folder, over)
                swept = time.monotonic()
        except (Unavailable, OSError) as error:
            log.warning("the storage takes no recording, they wait", reason=type(error).__name__)
            told = True
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                async with database.session() as session:
                    await raise_alarm(session, AlarmKind.RECORDINGS_WAIT, vault.into.value,
                                      reason=type(error).__name__)
            await asyncio.sleep(retry_s)
        except Exception:
            log.exception("handing recordings over failed, will try again")
            await asyncio.sleep(retry_s)
        await asyncio.sleep(every_s)


async def sweep(database: Database, folder: Path, over: Collection[str]) -> set[str]:
    """Remove those boxes of ``over`` that are kept elsewhere, or by nobody any more; the names of
    the others, to be removed next time."""
    names: dict[str, uuid.UUID] = await asyncio.to_thread(_boxes_in, folder)
    found: set[str] = set()
    waiting = iter(names)
    while batch := [*islice(waiting, 500)]:
        async with database.session() as session:
            gone = set(await session.scalars(select(Recording.attempt_id).where(
                Recording.attempt_id.in_({names[name] for name in batch}),
                or_(Recording.stored != Stored.WAITING,
                    Recording.state == RecordingState.EXPIRED))))
        found |= {name for name in batch if names[name] in gone}
    for name in found.intersection(over):
        await asyncio.to_thread(inside(folder, name).unlink, missing_ok=True)
    return found.difference(over)


def _boxes_in(folder: Path) -> dict[str, uuid.UUID]:
    """The names of the files in a folder of boxes, and of which call each is."""
    found = {}
    for path in folder.rglob("*"):
        with suppress(ValueError):
            found[str(path.relative_to(folder))] = uuid.UUID(path.name.partition(".")[0])
    return found
