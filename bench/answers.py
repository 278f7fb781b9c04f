"""From an answer given to an answer kept: what a patient waits before the next prompt (I2)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy import select

from bench.sample import fill, spread
from followup.campaigns.models import Task
from followup.database.engine import Database
from followup.responses.models import GivenBy, Severity
from followup.responses.store import Found, Given, deadlines, open_response, record_answer

CALLS, ITEMS = 30, 40


async def measure(database: Database) -> dict[str, Any]:
    """Time of one answer, committed, with 30 calls at once; every tenth raises a finding."""
    await fill(database, CALLS)
    async with database.session() as session:
        tasks = list(await session.scalars(select(Task)))
        responses = [(await open_response(session, task)).id for task in tasks]
    took: list[float] = []

    async def call(response: Any) -> None:
        for item in range(ITEMS):
            found = Found("bench", Severity.ABNORMAL, {"zh": "测", "en": "b"}) \
                if item % 10 == 9 else None
            given = Given(link_id=f"item-{item}", value={"valueInteger": item}, heard=str(item),
                          given_by=GivenBy.KEY, found=found)
            began = time.perf_counter()
            async with database.session() as session:
                await record_answer(session, response, None, given, deadlines(10, 120))
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(call(response) for response in responses))
    whole = time.perf_counter() - began
    return {"calls_at_once": CALLS, "answers": len(took), **spread(took),
            "answers_per_second": round(len(took) / whole)}
