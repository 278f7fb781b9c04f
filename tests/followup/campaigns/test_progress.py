"""Campaigns are started, paused, resumed and cancelled, once and for all to see."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update

from bench.sample import fill
from followup.calls import ledger
from followup.calls.models import Attempt, Disposition
from followup.campaigns import progress
from followup.campaigns.following import step_of
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput
from followup.people import audit
from followup.people.models import AuditEvent

HOUSE = House()
Move = Callable[..., Awaitable[Campaign]]


async def do(database: Database, move: Move, campaign: uuid.UUID) -> CampaignState:
    async with database.session() as session:
        return (await move(session, campaign, actor="head-nurse")).state


async def claim(database: Database) -> Attempt | None:
    async with database.session() as session:
        return await ledger.claim(session, node="node1", house=HOUSE)


async def end(database: Database, attempt: Attempt, how: Disposition) -> None:
    async with database.session() as session:
        step = await step_of(session, attempt.id, how, HOUSE)
        await ledger.end(session, attempt.id, how, step=step)


async def states(database: Database) -> list[TaskState]:
    async with database.session() as session:
        return sorted(await session.scalars(select(Task.state)))


async def history(database: Database) -> list[tuple[str, str, str]]:
    async with database.session() as session:
        events = await session.scalars(select(AuditEvent).order_by(AuditEvent.id).where(
            AuditEvent.action == audit.MOVE_CAMPAIGN))
        return [(each.actor, each.detail["before"], each.detail["after"]) for each in events]


async def test_each_move_is_done_once_however_often_asked_and_the_audit_tells_who(
        database: Database) -> None:
    campaign = await fill(database, 1)
    for move, state in ((progress.pause, CampaignState.PAUSED),
                        (progress.resume, CampaignState.RUNNING),
                        (progress.start, CampaignState.RUNNING),
                        (progress.cancel, CampaignState.CANCELLED)):
        assert [await do(database, move, campaign) for _ in range(3)] == [state] * 3
    assert await history(database) == [
        ("head-nurse", "running", "paused"), ("head-nurse", "paused", "running"),
        ("head-nurse", "running", "cancelled")]


async def test_what_was_cancelled_does_not_start_again_nor_a_draft_resume(
        database: Database) -> None:
    campaign = await fill(database, 1)
    await do(database, progress.cancel, campaign)
    for move in (progress.start, progress.resume, progress.pause):
        with pytest.raises(Conflict):
            await do(database, move, campaign)
    draft = await fill(database, 1)
    async with database.session() as session:
        await session.execute(update(Campaign).where(Campaign.id == draft)
                              .values(state=CampaignState.DRAFT))
    with pytest.raises(Conflict):
        await do(database, progress.resume, draft)
    assert await do(database, progress.start, draft) is CampaignState.RUNNING


async def test_a_paused_campaign_places_nothing_and_its_call_goes_on_to_its_end(
        database: Database) -> None:
    campaign = await fill(database, 2)
    in_flight = await claim(database)
    assert in_flight is not None
    await do(database, progress.pause, campaign)
    assert await claim(database) is None
    await end(database, in_flight, Disposition.COMPLETED)
    assert await states(database) == [TaskState.DONE, TaskState.DUE]
    await do(database, progress.resume, campaign)
    assert await claim(database) is not None


async def test_a_pause_waits_for_a_claim_under_way_and_none_is_made_meanwhile(
        database: Database) -> None:
    campaign = await fill(database, 3)
    async with database.session() as claiming:
        assert await ledger.claim(claiming, node="node1", house=HOUSE) is not None
        pausing = asyncio.create_task(do(database, progress.pause, campaign))
        done, _ = await asyncio.wait({pausing}, timeout=0.3)
        assert not done
    assert await pausing is CampaignState.PAUSED
    async with database.session() as session:
        await progress.move(session, campaign, CampaignState.RUNNING)
        assert await claim(database) is None             # not seen to run before it is committed
    assert await claim(database) is not None


@pytest.mark.parametrize("how", [Disposition.BUSY, Disposition.COMPLETED])
async def test_a_cancelled_campaigns_last_call_is_not_followed_by_another(
        database: Database, how: Disposition) -> None:
    campaign = await fill(database, 2)
    in_flight = await claim(database)
    assert in_flight is not None
    await do(database, progress.cancel, campaign)
    assert await states(database) == [TaskState.CALLING, TaskState.CANCELLED]
    await end(database, in_flight, how)
    assert TaskState.DUE not in await states(database)
    assert (TaskState.DONE in await states(database)) is (how is Disposition.COMPLETED)


async def test_a_call_that_ends_while_its_campaign_is_cancelled_leaves_nothing_due(
        database: Database) -> None:
    campaign = await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    async with database.session() as ending:
        step = await step_of(ending, attempt.id, Disposition.BUSY, HOUSE)
        cancelling = asyncio.create_task(do(database, progress.cancel, campaign))
        await asyncio.wait({cancelling}, timeout=0.3)
        await ledger.end(ending, attempt.id, Disposition.BUSY, step=step)
    await cancelling
    assert await states(database) == [TaskState.CANCELLED]


async def test_rules_are_set_checked_and_told_to_the_audit(database: Database) -> None:
    campaign = await fill(database, 1)
    for _ in range(2):
        async with database.session() as session:
            await progress.set_rules(session, campaign, {"max_attempts": 4}, actor="head-nurse")
    with pytest.raises(InvalidInput, match="max_attempts"):
        async with database.session() as session:
            await progress.set_rules(session, campaign, {"max_attempts": 99}, actor="head-nurse")
    async with database.session() as session:
        assert (await session.get_one(Campaign, campaign)).rules == {"max_attempts": 4}
        events = (await session.scalars(
            select(AuditEvent).where(AuditEvent.action == audit.SET_RULES))).all()
    assert [(each.actor, each.detail) for each in events] == [
        ("head-nurse", {"before": {}, "after": {"max_attempts": 4}})]
