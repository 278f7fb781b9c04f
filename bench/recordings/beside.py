"""A minute in which many calls end, beside live ones: are those disturbed, and does the keeper keep
up?"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from bench.ivr.cpu import Group
from bench.ivr.flows import Flow
from bench.ivr.ground import Ground
from bench.ivr.house import admit, script_of
from bench.ivr.plan import Plan
from bench.ivr.run import Run
from bench.recordings.keeping import calls_of, end_call, write_sound
from bench.recordings.stage import Stage
from followup.calls.models import Attempt, Recording
from followup.database.base import now
from followup.database.engine import Database

PATIENCE_S = 600.0               # until all that ended has been prepared
QUIET_S = 60.0                   # live calls alone, before: what is late by itself


async def measure_beside(stage: Stage, live: int, ending: int, minute_s: float,
                         talk_s: int) -> dict[str, Any]:
    """So many live calls by key, while ``ending`` others, of ``talk_s`` each, end in the minute."""
    async with stage.calls.set("beside", agi=True) as ground:
        await admit(ground, "zh")
        ids = await calls_of(ground.database, ending, talk_s)
        plan = Plan()
        script = await script_of(ground, plan, "zh")
        async with Run(ground, Flow.AFTERCALL, plan, script, None) as run:
            began_quiet, ended_quiet = await run.measure(live, QUIET_S)
            keeper = Group(ground.keeper_pid or 0)
            spent, done, began = keeper.seconds(), await _prepared(ground.database), time.time_ns()
            started, loads = time.monotonic(), [os.getloadavg()[0]]
            await _end(ground, ids, minute_s, talk_s)
            backlog = await _waiting(ground.database, ids)
            while (left := await _waiting(ground.database, ids)) and \
                    time.monotonic() < started + PATIENCE_S:
                loads.append(os.getloadavg()[0])
                await asyncio.sleep(0.5)
            took, ended = time.monotonic() - started, time.time_ns()
            spent = keeper.seconds() - spent
            prepared = await _prepared(ground.database) - done
            waited = await _waited(ground.database, ids)
            heard = await run.conclude(began, ended)
    late_calls, late_packets = heard.late_between(began, ended)
    quiet_calls, quiet_packets = heard.late_between(began_quiet, ended_quiet)
    return {"live_calls": run.result.measured_calls, "ended": ending, "in_s": minute_s,
            "talk_s": talk_s, "late_packets": late_packets, "late_calls": late_calls,
            "before": {"seconds": QUIET_S, "late_packets": quiet_packets,
                       "late_calls": quiet_calls},
            "all_prepared_after_s": round(took, 1), "not_prepared": left,
            "waiting_at_the_minute_s_end": backlog, "waited_s": waited,
            "prepared": prepared,
            "keeper_processor_s_per_call": round(spent / prepared, 3) if prepared else None,
            "keeper_cores": round(spent / took, 3), "load": round(max(loads), 2),
            "errors": run.result.errors}


async def _end(ground: Ground, ids: Sequence[uuid.UUID], minute_s: float, talk_s: int) -> None:
    """One after another, at an even pace."""
    spool, began = ground.settings.spool_dir, time.monotonic()
    sound = await asyncio.to_thread(write_sound, spool / "sound", talk_s)
    for place, each in enumerate(ids):
        await asyncio.sleep(max(0.0, began + place * minute_s / len(ids) - time.monotonic()))
        await end_call(ground.database, spool, each, sound, now())
    sound.unlink()


async def _waiting(database: Database, ids: Sequence[uuid.UUID]) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).where(
            Recording.attempt_id.in_(ids), Recording.prepared_at.is_(None))) or 0


async def _prepared(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).where(
            Recording.prepared_at.is_not(None))) or 0


async def _waited(database: Database, ids: Sequence[uuid.UUID]) -> dict[str, float]:
    """From the end of a call until its recording was sealed, and until it was prepared, longest."""
    async with database.session() as session:
        rows: Sequence[Any] = (await session.execute(
            select(Attempt.ended_at, Recording.sealed_at, Recording.prepared_at)
            .join(Recording, Recording.attempt_id == Attempt.id)
            .where(Attempt.id.in_(ids), Recording.prepared_at.is_not(None)))).all()
    second = timedelta(seconds=1)
    return {name: round(max(((row[place] - row[0]) / second for row in rows), default=0.0), 1)
            for name, place in (("sealed", 1), ("prepared", 2))}
