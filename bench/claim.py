"""What it costs to claim the next call, with few and with many tasks due, and out of hours."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from bench.sample import fill, spread
from followup.calls import ledger
from followup.campaigns.holidays import set_holiday
from followup.campaigns.house import House
from followup.campaigns.models import Task
from followup.database.base import now
from followup.database.engine import Database

SIZES = (1_000, 100_000)
CLAIMS = 200


async def measure(database: Database) -> dict[str, Any]:
    """Time of one claim, committed: for each number of due tasks; then while they are all put off
    because it is a holiday, and once they are.
    """
    result: dict[str, Any] = {"claims": CLAIMS}
    due = 0
    for size in SIZES:
        await fill(database, size - due)
        took = [await _claim(database, found=True) for _ in range(CLAIMS)]
        due = size - CLAIMS
        result[f"due_{size}"] = spread(took)
    async with database.session() as session:
        for days in (-1, 0, 1):
            await set_holiday(session, (now() + timedelta(days=days)).date(), "bench",
                              actor="bench")
    took, left = [], due
    while left:
        took.append(await _claim(database, found=False))
        left = await _due(database)
    result[f"put_off_{SIZES[-1]}"] = {"decisions": len(took), **spread(took)}
    result[f"waiting_{SIZES[-1]}"] = spread(
        [await _claim(database, found=False) for _ in range(CLAIMS)])
    return result


async def _claim(database: Database, *, found: bool) -> float:
    began = time.perf_counter()
    async with database.session() as session:
        claimed = await ledger.claim(session, node="node1", house=House())
    took = time.perf_counter() - began
    if (claimed is not None) is not found:
        raise RuntimeError("nothing was due" if found else "a call was claimed on a holiday")
    return took


async def _due(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(Task).where(
            Task.state == "due", Task.due_at <= now())) or 0
