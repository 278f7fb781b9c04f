"""What it costs to seal and prepare recordings, and to begin to play one: the server's part of a
click."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy import insert, select, update

from bench.sample import fill, spread
from followup.calls.models import Attempt, AttemptState, Recording, RecordingState, Stored
from followup.campaigns.models import Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from recordings.box import Keys
from recordings.chain import link_seals
from recordings.copies import find_copiers
from recordings.keeper import seal_next
from recordings.naming import capture_name
from recordings.preparing import prepare_next
from recordings.sealing import CHANNELS, RATE
from recordings.storage import FolderStore
from recordings.vault import PIECE, Vault
from recordings.verifying import verify


async def measure_keeping(database: Database, calls: int, talk_s: int, long_s: int,
                          plays: int) -> dict[str, Any]:
    """So many calls that ended together, then a longer one played ``plays`` times."""
    copiers = find_copiers("opus")
    with TemporaryDirectory(prefix="aftercall-bench-") as folder:
        spool, kept = Path(folder) / "spool", Path(folder) / "kept"
        spool.mkdir()
        vault = vault_in(kept)
        await ended_calls(database, spool, calls, talk_s)
        began, spent = time.perf_counter(), _spent()
        while True:
            async with database.session() as session:
                if not await seal_next(session, spool, vault):
                    break
            async with database.session() as session:
                await link_seals(session)
        sealed, spent_sealing = time.perf_counter(), _spent()
        while True:
            async with database.session() as session:
                if not await prepare_next(session, vault, copiers):
                    break
        prepared, spent_preparing = time.perf_counter(), _spent()
        found = await verify(database, vault, kept)
        verified = time.perf_counter()
        if not found.ok or found.sound != calls:
            raise RuntimeError(f"sealed {found.sound} of {calls}")
        played = await _play(database, spool, kept, long_s, plays)
    return {"calls": calls, "talk_s": talk_s, "copies": [each.form.value for each in copiers],
            "seal_s": round(sealed - began, 2), "prepare_s": round(prepared - sealed, 2),
            "verify_s": round(verified - prepared, 2),
            "processor_s_per_call": {
                "seal": round((spent_sealing - spent) / calls, 4),
                "prepare": round((spent_preparing - spent_sealing) / calls, 4)},
            "long_s": long_s, **{name: spread(took) for name, took in played.items()}}


def _spent() -> float:
    """Processor seconds of this process, and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


async def _play(database: Database, spool: Path, kept: Path, long_s: int,
                plays: int) -> dict[str, list[float]]:
    """Until a first piece is there: at once, authentic by itself; and with every byte looked at."""
    [attempt] = await ended_calls(database, spool, 1, long_s)
    async with database.session() as session:
        await seal_next(session, spool, vault_in(kept))
        row = (await session.scalars(
            select(Recording).where(Recording.attempt_id == attempt))).one()
    if row.file is None or row.sha256 is None or row.size is None:
        raise RuntimeError("not sealed")
    took: dict[str, list[float]] = {"first_piece": [], "whole_verified": []}
    for number in range(plays):
        vault, place = vault_in(kept), number * row.size // plays      # knows nothing yet
        began = time.perf_counter()
        await (await vault.open(row.file, Stored.FOLDER, row.sha256)).read(place, PIECE)
        took["first_piece"].append(time.perf_counter() - began)
        began = time.perf_counter()
        await vault.open_checked(row.file, Stored.FOLDER, row.sha256)
        took["whole_verified"].append(time.perf_counter() - began)
    return took


async def ended_calls(database: Database, spool: Path, count: int,
                      talk_s: int) -> Sequence[uuid.UUID]:
    """So many calls that are over, each with a capture in the spool; attempts' ids."""
    ids = await calls_of(database, count, talk_s)
    sound = write_sound(spool / "sound", talk_s)
    for each in ids:
        await end_call(database, spool, each, sound, now() - timedelta(minutes=1))
    sound.unlink()
    return ids


async def calls_of(database: Database, count: int, talk_s: int) -> Sequence[uuid.UUID]:
    """So many calls that are being recorded since ``talk_s``; attempts' ids."""
    campaign, began = await fill(database, count), now() - timedelta(seconds=talk_s)
    async with database.session() as session:
        tasks = (await session.execute(
            update(Task).where(Task.campaign_id == campaign).values(state=TaskState.DONE)
            .returning(Task.id, Task.patient_id))).all()
        ids = [uuid.uuid4() for _ in tasks]
        await session.execute(insert(Attempt), [
            {"id": each, "task_id": task, "patient_id": patient, "seq": 1, "node": "node1",
             "phone": "+8613800130000", "state": AttemptState.ANSWERED, "committed_at": began,
             "answered_at": began}
            for each, (task, patient) in zip(ids, tasks, strict=True)])
        await session.execute(insert(Recording), [
            {"id": uuid.uuid4(), "attempt_id": each, "capture_file": capture_name(each),
             "state": RecordingState.CAPTURING, "missing_ms": 0, "created_at": began}
            for each in ids])
    return ids


def write_sound(path: Path, talk_s: int) -> Path:
    """A capture of noise on both sides: nothing is left out, and nothing is small."""
    noise = np.random.default_rng(1).normal(0, 1500, talk_s * RATE * CHANNELS)
    path.write_bytes(noise.astype("<i2").tobytes())
    return path


async def end_call(database: Database, spool: Path, attempt: uuid.UUID, sound: Path,
                   at: datetime) -> None:
    """A call ends, and has been recorded."""
    (spool / capture_name(attempt)).hardlink_to(sound)
    async with database.session() as session:
        await session.execute(update(Attempt).where(Attempt.id == attempt).values(
            state=AttemptState.ENDED, ended_at=at))


def vault_in(folder: Path) -> Vault:
    return Vault({Stored.FOLDER: FolderStore(folder)}, Stored.FOLDER, Keys("b" * 43))
