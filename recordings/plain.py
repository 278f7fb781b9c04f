"""Plain WAV files from before encryption: still played, and moved into the storage by a command."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import or_, select

from followup.calls.models import Recording, RecordingState
from followup.database.engine import Database
from recordings.alarms import tell_changed
from recordings.errors import Changed, Missing
from recordings.handover import hand_over
from recordings.naming import boxes, inside
from recordings.sealing import verify
from recordings.vault import Vault

_BLOCK = 1 << 20


def find_plain(folder: Path, name: str | None) -> Path:
    """The plain recording ``name`` within ``folder``, links followed; Missing when it lies outside,
    is no file, or no WAV."""
    try:
        path = inside(folder, name or "")
        if path.is_file() and path.suffix == ".wav":
            return path
    except (OSError, ValueError):             # a loop of links, a NUL, a name too long
        pass
    raise Missing


async def check_plain(folder: Path, name: str | None, sha256: str) -> Path:
    """Where it is; Missing, Changed."""
    path = await asyncio.to_thread(find_plain, folder, name)
    if not await asyncio.to_thread(verify, path, sha256):
        raise Changed
    return path


async def move_all(database: Database, vault: Vault, folder: Path) -> tuple[int, int]:
    """Put every recording that lies elsewhere into the storage of the settings; how many moved, and
    how many could not because they are missing or changed (each with an alarm).

    The new box is there before the row names it, and the old file goes after that.
    """
    moved = failed = 0
    after = None
    while True:
        async with database.session() as session:
            row = await session.scalar(
                select(Recording).where(
                    Recording.state == RecordingState.SEALED, Recording.file.is_not(None),
                    or_(Recording.stored.is_(None), Recording.stored != vault.into),
                    *([Recording.id > after] if after else []))
                .order_by(Recording.id).limit(1).with_for_update(skip_locked=True))
            if row is None:
                break
            after, file, stored = row.id, row.file or "", row.stored
            try:
                if stored is None:
                    await _seal_plain(vault, row, folder)
                else:
                    await hand_over(vault, row)
            except (Missing, Changed) as error:
                await tell_changed(session, row.id, error)
                failed += 1
                continue
        moved += 1
        if stored is None:
            await asyncio.to_thread(_remove_plain, folder, file)
        else:
            for name in boxes(file):
                await vault.remove(name, stored)
    await _sweep(database, folder)
    return moved, failed


async def _sweep(database: Database, folder: Path) -> None:
    """Remove plain files that a run which was stopped has encrypted and not yet removed."""
    names = await asyncio.to_thread(
        lambda: [str(path.relative_to(folder)) for path in folder.rglob("*.wav")])
    for start in range(0, len(names), 500):
        async with database.session() as session:
            done = await session.scalars(select(Recording.file).where(
                Recording.stored.is_not(None),
                Recording.file.in_([f"{name}.sealed" for name in names[start:start + 500]])))
        for name in done:
            await asyncio.to_thread(_remove_plain, folder, (name or "").removesuffix(".sealed"))


async def _seal_plain(vault: Vault, row: Recording, folder: Path) -> None:
    path = await check_plain(folder, row.file, row.sha256 or "")
    name = f"{row.file}.sealed"
    await vault.put(name, path.stat().st_size, row.sha256 or "", _blocks(path))
    row.file, row.stored, row.prepared_at = name, vault.into, None


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _remove_plain(folder: Path, name: str) -> None:
    path = inside(folder, name)
    for each in (*path.parent.glob(f"{path.name}.*.peaks.json"), path):
        each.unlink(missing_ok=True)
