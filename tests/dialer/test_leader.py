"""Only one worker places calls, also when an old leader does not know that it is deposed."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from dialer.leader import LEADER_LOCK, Deposed, Leadership
from followup.database.engine import Database


async def cut_the_lock(database: Database) -> None:
    """The leader's connection dies, as in a partition; the leader itself hears nothing of it."""
    async with database.session() as session:
        await session.execute(text(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' "
            "and objid = :key and database = (select oid from pg_database "
            "where datname = current_database())"), {"key": LEADER_LOCK})


async def lead(leadership: Leadership) -> None:
    while not await leadership.held():      # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def test_a_deposed_leader_claims_nothing(database: Database) -> None:
    old, new = Leadership(database.engine), Leadership(database.engine)
    assert await old.held() and not await new.held()
    await cut_the_lock(database)
    await lead(new)
    async with database.session() as session:
        with pytest.raises(Deposed):
            await old.fence(session)
    async with database.session() as session:
        await new.fence(session)
    await new.resign()
    await old.resign()


async def test_the_next_leader_begins_after_what_the_old_one_is_committing(
        database: Database) -> None:
    old, new = Leadership(database.engine), Leadership(database.engine)
    assert await old.held()
    async with database.session() as session:
        await old.fence(session)                       # in the middle of a claim
        await cut_the_lock(database)
        takes_over = asyncio.create_task(lead(new))
        waiting = 0
        while not waiting:
            async with database.session() as other:
                waiting = await other.scalar(text(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                    "and query ilike '%dialer_leader%' and datname = current_database()")) or 0
            assert not takes_over.done()
    await takes_over
    await new.resign()
    await old.resign()


async def test_each_term_has_a_higher_number(database: Database) -> None:
    for _ in range(3):
        leadership = Leadership(database.engine)
        assert await leadership.held()
        async with database.session() as session:
            await leadership.fence(session)
        await leadership.resign()
    async with database.session() as session:
        assert await session.scalar(text("select epoch from dialer_leader")) == 3
