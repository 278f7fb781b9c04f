"""What pages and the dialer ask for of one thing is found by an index, however many there are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.seed import plant
from dialer.floor import read_floor
from followup.campaigns.models import TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.views import cases, recordings, spotchecks, tasks
from recordings.retention import batches

MANY = {"answer", "attempt", "patient", "recording", "response", "task"}
Asked = list[tuple[str, Any]]


@contextmanager
def listened(database: Database) -> Iterator[Asked]:
    """All statements that go to the database meanwhile."""
    asked: Asked = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", hear)


def read_whole(plan: Any) -> set[str]:
    """The tables that a plan reads from end to end."""
    found = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return found.union(*(read_whole(each) for each in plan.get("Plans", ())))


async def some_id(session: AsyncSession, table: str, column: str = "id") -> uuid.UUID:
    found = await session.scalar(text(f"select {column} from {table} limit 1"))   # noqa: S608
    assert isinstance(found, uuid.UUID)
    return found


@pytest.fixture
async def planted(database: Database) -> Database:
    await plant(database, 400)
    return database


async def test_one_thing_is_found_by_an_index(planted: Database) -> None:
    async with planted.session() as session:
        with listened(planted) as asked:
            await recordings.find_whole(session, await some_id(session, "recording"))
            await cases.evidence_of(session, await some_id(session, "feedback_case"))
            await spotchecks.checks(session, spotchecks.Filter())
            await batches(session, ())
            await read_floor(session, now(), now())
            campaign = await some_id(session, "task", "campaign_id")
            for state in (None, TaskState.DONE):
                await tasks.list_tasks(session, tasks.Filter(campaign, state=state))
    async with planted.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        # few rows would be read from end to end by themselves
        await raw.execute("set enable_seqscan = off")
        for statement, values in asked:
            if not statement.startswith("SELECT"):
                continue
            plan = await raw.fetchval(f"explain (format json) {statement}", *values)
            assert not read_whole(plan[0]["Plan"]) & MANY, statement
    assert len(asked) > 20
