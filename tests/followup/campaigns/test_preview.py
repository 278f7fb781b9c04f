"""Which patient an agent is shown next, and what becomes of it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bench.sample import fill
from followup.agents.models import Agent, AgentState
from followup.campaigns import preview
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict
from followup.people.models import AuditEvent


async def desk(database: Database, tasks: int, *skills: tuple[str, ...]) -> list[Agent]:
    """A preview campaign, and an agent for each set of skills."""
    campaign_id = await fill(database, tasks)
    found = [Agent(id=uuid.uuid4(), extension=f"80{number:02}", name="n", languages=["zh"],
                   skills=list(own), state=AgentState.AVAILABLE)
             for number, own in enumerate(skills)]
    async with database.session() as session:
        await session.execute(update(Campaign).where(Campaign.id == campaign_id)
                              .values(mode=CampaignMode.PREVIEW))
        session.add_all(found)
    return found


async def next_of(database: Database, agent: Agent, after: float = 0) -> uuid.UUID | None:
    async with database.session() as session:
        offer = await preview.offer_next(session, agent, now() + timedelta(seconds=after))
    return offer.task.id if offer else None


async def test_no_two_agents_are_shown_the_same_patient_and_each_keeps_theirs(
        database: Database) -> None:
    first, second, third = await desk(database, 2, (), (), ())
    shown = [await next_of(database, one) for one in (first, second, third)]
    assert None not in shown[:2] and shown[0] != shown[1] and shown[2] is None
    assert await next_of(database, first) == shown[0]


async def test_what_is_looked_at_for_too_long_goes_to_somebody_else(database: Database) -> None:
    first, second = await desk(database, 1, (), ())
    task_id = await next_of(database, first)
    assert await next_of(database, second, after=599) is None
    assert await next_of(database, second, after=601) == task_id
    async with database.session() as session:
        with pytest.raises(Conflict):
            await preview.accept(session, first.id, task_id or uuid.uuid4(), now(), actor="user:a")


async def test_what_is_skipped_comes_back_in_an_hour(database: Database) -> None:
    first, = await desk(database, 2, ())
    task_id = await next_of(database, first)
    assert task_id is not None
    async with database.session() as session:
        await preview.skip(session, first.id, task_id, now(), actor="user:a")
    other = await next_of(database, first)
    assert other not in (None, task_id)
    async with database.session() as session:
        due = await session.scalar(select(Task.due_at).where(Task.id == task_id))
        actions = list(await session.scalars(select(AuditEvent.action)))
    assert due is not None and timedelta(minutes=59) < due - now() < timedelta(minutes=61)
    assert actions == ["skip-preview"]


async def test_only_who_has_the_skill_is_shown_a_patient(database: Database) -> None:
    without, having = await desk(database, 1, ("内科",), ("骨科", "内科"))
    async with database.session() as session:
        await session.execute(update(Campaign).values(rules={"skill": "骨科"}))
    assert await next_of(database, without) is None
    assert await next_of(database, having) is not None


async def test_a_campaign_that_is_paused_shows_nobody(database: Database) -> None:
    agent, = await desk(database, 1, ())
    assert await next_of(database, agent) is not None
    async with database.session() as session:
        await session.execute(update(Campaign).values(state=CampaignState.PAUSED))
    assert await next_of(database, agent) is None
