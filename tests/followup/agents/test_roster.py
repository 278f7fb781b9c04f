"""Who takes the next call: the longest idle, one call an agent."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from sqlalchemy import select, update

from bench.sample import fill
from followup.agents import roster
from followup.agents.models import Agent, AgentState
from followup.calls import ledger
from followup.campaigns.house import House
from followup.database.base import now
from followup.database.engine import Database
from followup.settings import AgentSettings

NURSES = [AgentSettings(extension=f"800{n}", name=f"护士{n}", languages=languages)
          for n, languages in ((1, ("zh",)), (2, ("zh",)), (3, ("zh", "en")))]


async def open_desk(database: Database, calls: int = 8) -> list[uuid.UUID]:
    """Three nurses, all there (8001 idle the longest), and the ids of live attempts."""
    await fill(database, calls)
    async with database.session() as session:
        await roster.enlist(session, NURSES)
        await roster.see_phones(session, ["8001", "8002", "8003"])
    for place, extension in enumerate(("8001", "8002", "8003")):
        async with database.session() as session:
            await session.execute(update(Agent).where(Agent.extension == extension)
                                  .values(state_since=now() - timedelta(minutes=9 - place)))
    ids = []
    for _ in range(calls):
        async with database.session() as session:
            attempt = await ledger.claim(session, node="node1", house=House())
            assert attempt is not None
            ids.append(attempt.id)
    return ids


async def reserve(database: Database, attempt: uuid.UUID, language: str = "zh",
                  passed_over: tuple[uuid.UUID, ...] = ()) -> Agent | None:
    async with database.session() as session:
        return await roster.reserve(session, attempt, language, passed_over)


async def states(database: Database) -> dict[str, AgentState]:
    async with database.session() as session:
        return {one.extension: one.state for one in await session.scalars(select(Agent))}


async def test_the_longest_idle_is_chosen_then_the_next(database: Database) -> None:
    calls = await open_desk(database)
    found = [await reserve(database, calls[n]) for n in range(4)]
    assert [one and one.extension for one in found] == ["8001", "8002", "8003", None]


async def test_who_speaks_the_patients_language_goes_before(database: Database) -> None:
    calls = await open_desk(database)
    chosen = await reserve(database, calls[0], "en")
    assert chosen is not None and chosen.extension == "8003"
    other = await reserve(database, calls[1], "en")         # better than nobody
    assert other is not None and other.extension == "8001"


async def test_who_missed_this_call_is_passed_over(database: Database) -> None:
    calls = await open_desk(database)
    first = await reserve(database, calls[0])
    assert first is not None
    async with database.session() as session:
        await roster.move(session, first.id, AgentState.MISSED, pause=roster.MISSED_PAUSE)
    second = await reserve(database, calls[0], passed_over=(first.id,))
    assert second is not None and second.extension == "8002"


async def test_no_agent_is_ever_reserved_for_two_patients(database: Database) -> None:
    calls = await open_desk(database)
    found = await asyncio.gather(*(reserve(database, call) for call in calls))
    extensions = [one.extension for one in found if one]
    assert len(extensions) == len(set(extensions)) and extensions


async def test_wrap_up_and_a_missed_call_pass(database: Database) -> None:
    calls = await open_desk(database)
    for state, pause in ((AgentState.WRAP_UP, 60), (AgentState.MISSED, 60)):
        agent = await reserve(database, calls[0])
        assert agent is not None
        async with database.session() as session:
            await roster.move(session, agent.id, state, pause=timedelta(seconds=pause))
    assert list((await states(database)).values()).count(AgentState.AVAILABLE) == 1
    async with database.session() as session:
        assert len(await roster.ready(session)) == 1
        await session.execute(update(Agent).values(wrap_up_until=now() - timedelta(seconds=1)))
        assert len(await roster.ready(session)) == 3       # at once, before anybody tidies up
        await roster.see_phones(session, ["8001", "8002", "8003"])
    assert set((await states(database)).values()) == {AgentState.AVAILABLE}


async def test_a_phone_that_is_gone_is_not_rung_and_a_call_is_left_alone(
        database: Database) -> None:
    calls = await open_desk(database)
    talking = await reserve(database, calls[0])
    assert talking is not None
    async with database.session() as session:
        await roster.move(session, talking.id, AgentState.ON_CALL, calls[0])
        await roster.see_phones(session, ["8003"])
    assert await states(database) == {"8001": AgentState.ON_CALL, "8002": AgentState.OFFLINE,
                                      "8003": AgentState.AVAILABLE}


async def test_enlisting_again_takes_over_changes_and_keeps_states(database: Database) -> None:
    await open_desk(database)
    renamed = AgentSettings(extension="8001", name="护士长", languages=("yue",))
    async with database.session() as session:
        await roster.enlist(session, [renamed])
        agent = (await session.scalars(select(Agent).where(Agent.extension == "8001"))).one()
        assert (agent.name, agent.languages, agent.state) == ("护士长", ["yue"],
                                                             AgentState.AVAILABLE)


async def test_the_longest_idle_of_those_who_have_the_skill_is_chosen(database: Database) -> None:
    calls = await open_desk(database)
    async with database.session() as session:
        await session.execute(update(Agent).where(Agent.extension.in_(("8002", "8003")))
                              .values(skills=["骨科"]))
        found = [await roster.reserve(session, call, "zh", skill="骨科") for call in calls[:3]]
    assert [one and one.extension for one in found] == ["8002", "8003", None]


async def test_who_is_reserved_for_a_call_stays_it(database: Database) -> None:
    first, second, *_ = await open_desk(database)
    found = [await reserve(database, first), await reserve(database, second),
             await reserve(database, first)]
    assert [one and one.extension for one in found] == ["8001", "8002", "8001"]
    async with database.session() as session:
        nobody_else = await roster.reserve(session, uuid.uuid4(), "zh",
                                           only=found[0].id if found[0] else None)
    assert nobody_else is None                       # busy with the other call
