"""Several nodes and several workers: lines are never overrun, and one trouble stays alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import text

from bench.sample import fill
from dialer.leader import LEADER_LOCK
from followup.calls.models import AttemptState
from followup.database.engine import Database
from tests.dialer.scripted import (
    ScriptedNode,
    attempts,
    busy,
    running_on,
    take,
    until,
)
from tests.fakes.ami import FakeAmi, FakeAmiSession

Nodes = dict[str, tuple[ScriptedNode, FakeAmi]]


async def talks(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                action: dict[str, list[str]]) -> None:
    """Take the call; the patient is on the phone for good."""
    node.channels[channel_id] = "Up"
    await take(node, session, channel_id, action)


async def two_nodes(stack: AsyncExitStack, first: ScriptedNode, second: ScriptedNode) -> Nodes:
    nodes: Nodes = {}
    for name, node in (("node1", first), ("node2", second)):
        node.folder.mkdir()
        (node.folder / "cel.csv").touch()
        nodes[name] = node, await stack.enter_async_context(FakeAmi(node.serve))
    return nodes


async def live(database: Database) -> Counter[str]:
    return Counter(one.node for one in await attempts(database)
                   if one.state is not AttemptState.ENDED)


class Paused:
    """Holds a worker between finding that it leads and placing its calls."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> bool:
        self.reached.set()
        await self.go_on.wait()
        return True


async def cut_the_lock(database: Database) -> None:
    async with database.session() as session:
        assert await session.scalar(text(
            "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' "
            "and granted and objid = :key and database = "
            "(select oid from pg_database where datname = current_database())"),
            {"key": LEADER_LOCK}) == 1


async def test_a_leader_that_slept_while_another_took_over_places_no_call(
        database: Database, tmp_path: Path) -> None:
    await fill(database, 6)
    old_node, new_node = ScriptedNode(tmp_path / "a", busy), ScriptedNode(tmp_path / "b", busy)
    old_sleeps, new_waits = Paused(), Paused()
    async with AsyncExitStack() as stack:
        nodes = await two_nodes(stack, old_node, new_node)
        await stack.enter_async_context(running_on(
            database, {"node1": nodes["node1"]}, scripts_answer=old_sleeps))
        async with asyncio.timeout(40):
            await old_sleeps.reached.wait()
        await cut_the_lock(database)
        await stack.enter_async_context(running_on(
            database, {"node2": nodes["node2"]}, scripts_answer=new_waits))
        async with asyncio.timeout(40):
            await new_waits.reached.wait()          # it leads
        old_sleeps.go_on.set()                      # six tasks are due, ten lines are free
        await asyncio.sleep(1)
        assert await attempts(database) == []
        new_waits.go_on.set()
        await until(lambda: len(new_node.originated) == 6)
    assert old_node.originated == []


async def test_lines_are_not_overrun_when_the_leadership_changes(database: Database,
                                                                tmp_path: Path) -> None:
    await fill(database, 30)
    first, second = ScriptedNode(tmp_path / "a", talks), ScriptedNode(tmp_path / "b", talks)
    async with AsyncExitStack() as stack:
        nodes = await two_nodes(stack, first, second)
        for _ in range(2):
            await stack.enter_async_context(running_on(database, nodes, channels=8))
        await until(lambda: bool(first.originated))
        await cut_the_lock(database)
        await until(lambda: len(first.originated) + len(second.originated) >= 8)
        await cut_the_lock(database)
        await asyncio.sleep(2)
        assert (await live(database)).total() == 8
    assert len(first.originated) + len(second.originated) == 8


async def test_a_node_gets_no_more_calls_than_its_own_and_the_others_take_the_rest(
        database: Database, tmp_path: Path) -> None:
    await fill(database, 20)
    small = ScriptedNode(tmp_path / "a", talks, channels_at_most=2)
    large = ScriptedNode(tmp_path / "b", talks)
    async with AsyncExitStack() as stack:
        nodes = await two_nodes(stack, small, large)
        await stack.enter_async_context(running_on(database, nodes, channels=9))
        await until(lambda: len(small.originated) + len(large.originated) >= 9)
        await asyncio.sleep(0.5)
    assert (len(small.originated), len(large.originated)) == (2, 7)


async def test_a_gateway_that_refuses_all_of_one_nodes_calls_does_not_stop_the_other(
        database: Database, tmp_path: Path) -> None:
    async def unavailable(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                          action: dict[str, list[str]]) -> None:
        await take(node, session, channel_id, action)
        await session.send({"Event": "Hangup", "Uniqueid": channel_id, "Cause": "34",
                            "TechCause": "503"})

    await fill(database, 60)
    bad, good = ScriptedNode(tmp_path / "a", unavailable), ScriptedNode(tmp_path / "b", busy)
    async with AsyncExitStack() as stack:
        nodes = await two_nodes(stack, bad, good)
        await stack.enter_async_context(running_on(database, nodes))
        await until(lambda: len(bad.originated) + len(good.originated) >= 60)
    assert 5 <= len(bad.originated) <= 15


async def test_a_node_that_falls_silent_does_not_stop_the_other(database: Database,
                                                                tmp_path: Path) -> None:
    silent, well = ScriptedNode(tmp_path / "a", busy), ScriptedNode(tmp_path / "b", busy)
    async with AsyncExitStack() as stack:
        nodes = await two_nodes(stack, silent, well)
        await stack.enter_async_context(running_on(database, nodes))
        await fill(database, 4)
        await until(lambda: bool(silent.originated) and
                    len(silent.originated) + len(well.originated) == 4)
        silent.mute = True
        await asyncio.sleep(5)          # longer than a question to it waits for its answer
        before = len(well.originated)
        await fill(database, 12)
        await until(lambda: len(well.originated) >= before + 12)
