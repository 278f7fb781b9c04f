"""How an agent and a call come together in the modes in which agents speak first."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import select, update

from bench.sample import fill
from followup.agents.models import Agent, AgentState
from followup.calls.models import AttemptState, Disposition
from followup.campaigns import preview
from followup.campaigns.models import Campaign, CampaignMode
from followup.database.base import now
from followup.database.engine import Database
from tests.dialer.scripted import ScriptedNode, attempts, busy, engine, take
from tests.fakes.ami import FakeAmiSession


async def hospital(database: Database, mode: CampaignMode, tasks: int, agents: int) -> None:
    campaign_id = await fill(database, tasks)
    async with database.session() as session:
        await session.execute(update(Campaign).where(Campaign.id == campaign_id)
                              .values(mode=mode))
        session.add_all(Agent(id=uuid.uuid4(), extension=f"800{number}", name="n",
                              languages=["zh"], state=AgentState.AVAILABLE)
                        for number in range(1, agents + 1))


async def agents(database: Database) -> list[Agent]:
    async with database.session() as session:
        return list(await session.scalars(select(Agent).order_by(Agent.extension)))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 40
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_progressive_reserves_an_agent_before_it_dials_and_dials_no_more_than_those(
        database: Database, tmp_path: Path) -> None:
    await hospital(database, CampaignMode.PROGRESSIVE, tasks=5, agents=2)
    reserved: list[bool] = []

    async def look(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                   action: dict[str, list[str]]) -> None:
        reserved.append(channel_id in {f"aftercall-{one.attempt_id}" for one in
                                       await agents(database)
                                       if one.state is AgentState.RESERVED})
        node.channels[channel_id] = "Ringing"
        await take(node, session, channel_id, action)

    node = ScriptedNode(tmp_path, look, phones=("8001", "8002"))
    async with engine(database, node):
        await until(lambda: _length(node.originated, 2))
        await asyncio.sleep(0.5)
    assert reserved == [True, True]
    assert {one.state for one in await agents(database)} == {AgentState.RESERVED}


async def test_an_agent_whose_patient_does_not_answer_takes_the_next(
        database: Database, tmp_path: Path) -> None:
    await hospital(database, CampaignMode.PROGRESSIVE, tasks=3, agents=1)

    node = ScriptedNode(tmp_path, busy, phones=("8001",))
    async with engine(database, node):
        await until(lambda: _all_ended(database, 3))
    assert {one.disposition for one in await attempts(database)} == {Disposition.BUSY}


async def test_a_preview_call_is_placed_when_its_agent_says_so_and_is_theirs(
        database: Database, tmp_path: Path) -> None:
    await hospital(database, CampaignMode.PREVIEW, tasks=3, agents=2)
    _, second = await agents(database)
    node = ScriptedNode(tmp_path, _rings, phones=("8001", "8002"))
    async with engine(database, node):
        async with database.session() as session:
            offer = await preview.offer_next(session, second, now())
        assert offer is not None
        await asyncio.sleep(0.5)
        assert node.originated == []                     # they are still reading
        async with database.session() as session:
            await preview.accept(session, second.id, offer.task.id, now(), actor="user:n")
        await until(lambda: _length(node.originated, 1))
        await asyncio.sleep(0.3)
    (attempt,) = await attempts(database)
    assert attempt.task_id == offer.task.id
    assert [one.attempt_id for one in await agents(database)] == [None, attempt.id]


async def test_a_preview_whose_agent_is_on_the_phone_is_offered_again_and_burns_no_attempt(
        database: Database, tmp_path: Path) -> None:
    await hospital(database, CampaignMode.PREVIEW, tasks=1, agents=1)
    (agent,) = await agents(database)
    async with database.session() as session:
        offer = await preview.offer_next(session, agent, now())
        assert offer is not None
        await preview.accept(session, agent.id, offer.task.id, now(), actor="user:n")
        await session.execute(update(Agent).values(state=AgentState.ON_CALL))
    node = ScriptedNode(tmp_path, _rings, phones=("8001",))

    async def given_back() -> bool:
        async with database.session() as session:
            found = await preview.offered(session, agent.id, now())
        return found is not None and found.preview.accepted_at is None

    async with engine(database, node):
        await until(given_back)
    assert node.originated == [] and await attempts(database) == []


async def _rings(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                 action: dict[str, list[str]]) -> None:
    node.channels[channel_id] = "Ringing"
    await take(node, session, channel_id, action)


async def _length(found: list[str], wanted: int) -> bool:
    return len(found) >= wanted


async def _all_ended(database: Database, wanted: int) -> bool:
    return sum(one.state is AttemptState.ENDED for one in await attempts(database)) >= wanted
