"""The change feed hears what is committed, and comes back when its connection is cut."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from followup.agents.models import Agent, AgentState
from followup.database import notify
from followup.database.engine import Database
from followup.database.notify import Change, ChangeFeed, parse_change


class Heard:
    """A subscriber that remembers."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[Change | None] = asyncio.Queue()

    async def next(self) -> Change | None:
        async with asyncio.timeout(40):
            return await self.changes.get()


async def add_agent(database: Database, extension: str) -> Agent:
    async with database.session() as session:
        agent = Agent(extension=extension, name="林护士", languages=["zh"])
        session.add(agent)
    return agent


async def test_inserts_and_updates_reach_every_subscriber(database: Database) -> None:
    async with ChangeFeed(database.url) as feed:
        await feed.connected.wait()
        one, two = Heard(), Heard()
        with feed.subscribe(one.changes.put_nowait):
            with feed.subscribe(two.changes.put_nowait):
                agent = await add_agent(database, "801")
                expected = Change("agent", str(agent.id), "insert")
                assert await one.next() == expected
                assert await two.next() == expected
            async with database.session() as session:
                (await session.get_one(Agent, agent.id)).state = AgentState.AVAILABLE
            assert await one.next() == Change("agent", str(agent.id), "update")
            assert two.changes.empty()


async def test_what_is_rolled_back_is_not_told(database: Database) -> None:
    async with ChangeFeed(database.url) as feed:
        await feed.connected.wait()
        heard = Heard()
        with feed.subscribe(heard.changes.put_nowait):
            with pytest.raises(RuntimeError):
                async with database.session() as session:
                    session.add(Agent(extension="801", name="a", languages=["zh"]))
                    await session.flush()
                    raise RuntimeError
            kept = await add_agent(database, "802")
            told = await heard.next()
            assert told and told.id == str(kept.id)


async def test_a_cut_connection_comes_back_and_says_look_again(
        database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PATIENCE", (0.01,))
    async with ChangeFeed(database.url) as feed:
        await feed.connected.wait()
        heard = Heard()
        with feed.subscribe(heard.changes.put_nowait):
            async with database.session() as session:
                await session.execute(text(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name = 'aftercall-feed' and datname = current_database()"))
            assert await heard.next() is None
            agent = await add_agent(database, "801")
            assert await heard.next() == Change("agent", str(agent.id), "insert")


@pytest.mark.parametrize("payload", ["", "null", "[]", "{", '{"table": "task"}', "7"])
def test_a_payload_that_is_none_of_ours_means_look_again(payload: str) -> None:
    assert parse_change(payload) is None
