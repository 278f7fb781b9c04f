"""What it costs to seal, prepare and begin to play recordings: the server's part of a click."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from bench.sample import fill, spread
from followup.calls.models import Attempt, AttemptState, Recording, RecordingState, Stored
from followup.campaigns.models import Task
from followup.database.base import now
from followup.database.engine import Database
from recordings.box import Keys
from recordings.chain import link_seals
from recordings.copies import find_copier
from recordings.keeper import seal_next
from recordings.naming import capture_name
from recordings.preparing import prepare_next
from recordings.storage import FolderStore
from recordings.vault import PIECE, Vault
from recordings.verifying import verify

CALLS, TALK_S, LONG_S, PLAYS = 200, 120, 600, 100


async def measure(database: Database) -> dict[str, Any]:
    """200 calls of two minutes that ended together, then a call of ten minutes played 100 times."""
    copier = find_copier("opus")
    with TemporaryDirectory(prefix="aftercall-bench-") as folder:
        spool, kept = Path(folder) / "spool", Path(folder) / "kept"
        spool.mkdir()
        vault = _vault(kept)
        await _calls(database, spool, CALLS, TALK_S)
        began = time.perf_counter()
        while True:
            async with database.session() as session:
                if not await seal_next(session, spool, vault):
                    break
            async with database.session() as session:
                await link_seals(session)
        sealed = time.perf_counter()
        while True:
            async with database.session() as session:
                if not await prepare_next(session, vault, copier):
                    break
        prepared = time.perf_counter()
        found = await verify(database, vault, kept)
        verified = time.perf_counter()
        if not found.ok or found.sound != CALLS:
            raise RuntimeError(f"sealed {found.sound} of {CALLS}")
        first, again = await _play(database, spool, kept)
    return {"calls": CALLS, "talk_s": TALK_S, "seal_s": round(sealed - began, 2),
            "prepare_s": round(prepared - sealed, 2), "with_copies": copier is not None,
            "verify_s": round(verified - prepared, 2), "long_s": LONG_S,
            "first_piece_unchecked": spread(first), "first_piece_checked": spread(again)}


async def _play(database: Database, spool: Path, kept: Path) -> tuple[list[float], list[float]]:
    [attempt] = await _calls(database, spool, 1, LONG_S)
    async with database.session() as session:
        await seal_next(session, spool, _vault(kept))
        row = (await session.scalars(
            select(Recording).where(Recording.attempt_id == attempt))).one()
    if row.file is None or row.sha256 is None:
        raise RuntimeError("not sealed")
    first: list[float] = []
    again: list[float] = []
    for number in range(PLAYS):
        vault = _vault(kept)                     # knows nothing yet: every bit is looked at
        place = number * row.duration_ms // PLAYS * 32 if row.duration_ms else 0
        for took in (first, again):
            began = time.perf_counter()
            sound = await vault.open_checked(row.file, Stored.FOLDER, row.sha256)
            await sound.read(place, PIECE)
            took.append(time.perf_counter() - began)
    return first, again


async def _calls(database: Database, spool: Path, count: int, talk_s: int) -> Sequence[uuid.UUID]:
    """So many calls that are over, each with a capture in the spool."""
    campaign = await fill(database, count)
    noise = np.random.default_rng(1).normal(0, 1500, talk_s * 16_000).astype("<i2").tobytes()
    async with database.session() as session:
        tasks = (await session.execute(select(Task.id, Task.patient_id).where(
            Task.campaign_id == campaign))).all()
        ended = now() - timedelta(minutes=1)
        ids = [uuid.uuid4() for _ in tasks]
        await session.execute(insert(Attempt), [
            {"id": each, "task_id": task, "patient_id": patient, "seq": 1, "node": "node1",
             "phone": "+8613800130000", "state": AttemptState.ENDED, "ended_at": ended,
             "committed_at": ended - timedelta(seconds=talk_s),
             "answered_at": ended - timedelta(seconds=talk_s)}
            for each, (task, patient) in zip(ids, tasks, strict=True)])
        await session.execute(insert(Recording), [
            {"id": uuid.uuid4(), "attempt_id": each, "capture_file": capture_name(each),
             "state": RecordingState.CAPTURING, "missing_ms": 0,
             "created_at": ended - timedelta(seconds=talk_s)} for each in ids])
    for each in ids:
        (spool / capture_name(each)).write_bytes(noise)
    return ids


def _vault(folder: Path) -> Vault:
    return Vault({Stored.FOLDER: FolderStore(folder)}, Stored.FOLDER, Keys("b" * 43))
