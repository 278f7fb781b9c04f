"""I1, I3, I5: the ledger of attempts on a real PostgreSQL, with workers side by side."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from bench.sample import fill
from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert, AlertState
from followup.calls import ledger
from followup.calls.models import Attempt, AttemptState, Disposition, Escalation
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.campaigns.permission import Caps
from followup.campaigns.retry import NextStep
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.responses.models import Severity
from followup.responses.store import open_response

CAPS = Caps(per_day=5, per_5_min=3)


async def claim(database: Database, caps: Caps = CAPS) -> Attempt | None:
    async with database.session() as session:
        return await ledger.claim(session, node="node1", house=House(caps))


def again(_: Disposition, __: int, call_back_at: datetime | None) -> NextStep:
    return NextStep(TaskState.DUE, call_back_at or now())


async def end(database: Database, attempt: Attempt, how: Disposition = Disposition.BUSY) -> bool:
    async with database.session() as session:
        return await ledger.end(session, attempt.id, how, step=again)


async def test_i1_workers_side_by_side_claim_every_task_once(database: Database) -> None:
    await fill(database, 40)

    async def worker() -> list[Attempt]:
        claimed = []
        while (attempt := await claim(database)) is not None:
            claimed.append(attempt)
        return claimed

    claimed = [one for many in await asyncio.gather(*(worker() for _ in range(8))) for one in many]
    assert len(claimed) >= 32            # a worker may find the rest locked, and stop
    assert len({one.task_id for one in claimed}) == len(claimed)
    rest = await worker()
    assert len(claimed) + len(rest) == 40


async def test_i1_a_patient_of_two_campaigns_is_on_one_call(database: Database) -> None:
    await fill(database, 1)
    async with database.session() as session:
        task = (await session.scalars(select(Task))).one()
        old = await session.get_one(Campaign, task.campaign_id)
        other = Campaign(id=uuid.uuid4(), name="other", questionnaire_id=old.questionnaire_id,
                         state=CampaignState.RUNNING)
        session.add(other)
        await session.flush()
        session.add(Task(campaign_id=other.id, patient_id=task.patient_id,
                         encounter_id=task.encounter_id))
    first = await claim(database)
    assert first is not None and await claim(database) is None
    await end(database, first, Disposition.COMPLETED)
    assert await claim(database) is not None


async def test_i1_the_database_itself_refuses_a_second_live_attempt(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            session.add(Attempt(task_id=attempt.task_id, patient_id=attempt.patient_id, seq=2,
                                node="node1", phone=attempt.phone))


@pytest.mark.parametrize("caps", [Caps(per_day=2, per_5_min=9), Caps(per_day=9, per_5_min=2)])
async def test_i5_a_patient_is_not_called_over_a_cap(database: Database, caps: Caps) -> None:
    await fill(database, 1)
    for _ in range(2):
        attempt = await claim(database, caps)
        assert attempt is not None
        await end(database, attempt)
    assert await claim(database, caps) is None


async def test_what_was_never_placed_does_not_use_up_a_cap(database: Database) -> None:
    await fill(database, 1)
    for _ in range(4):
        attempt = await claim(database, Caps(1, 1))
        assert attempt is not None
        await end(database, attempt, Disposition.NOT_PLACED)


async def test_i5_old_attempts_no_longer_count(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database, Caps(1, 1))
    assert attempt is not None
    await end(database, attempt)
    async with database.session() as session:
        await session.execute(update(Attempt).values(committed_at=now() - timedelta(hours=25)))
    assert await claim(database, Caps(1, 1)) is not None


async def test_i5_an_opt_out_and_a_pause_stop_calls(database: Database) -> None:
    campaign = await fill(database, 1)
    async with database.session() as session:
        await session.execute(update(Patient).values(do_not_call=True))
    assert await claim(database) is None
    async with database.session() as session:
        await session.execute(update(Patient).values(do_not_call=False))
        await session.execute(update(Campaign).where(Campaign.id == campaign)
                              .values(state=CampaignState.PAUSED))
    assert await claim(database) is None


async def test_the_most_urgent_goes_first(database: Database) -> None:
    await fill(database, 3)
    async with database.session() as session:
        chosen = (await session.scalars(select(Task.id).limit(1))).one()
        await session.execute(update(Task).where(Task.id == chosen).values(priority=1))
    attempt = await claim(database)
    assert attempt is not None and attempt.task_id == chosen


async def test_steps_only_go_forward(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    async with database.session() as session:
        assert await ledger.advance(session, attempt.id, AttemptState.ANSWERED)
        assert not await ledger.advance(session, attempt.id, AttemptState.RINGING)
        assert not await ledger.advance(session, attempt.id, AttemptState.ANSWERED)
    await end(database, attempt)
    async with database.session() as session:
        assert not await ledger.advance(session, attempt.id, AttemptState.ANSWERED)


async def test_an_attempt_ends_once_however_many_say_so(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    ended = await asyncio.gather(*(end(database, attempt) for _ in range(5)))
    assert sorted(ended) == [False] * 4 + [True]
    async with database.session() as session:
        task = (await session.scalars(select(Task))).one()
        assert (task.state, task.attempts_made, task.disposition) == (TaskState.DUE, 1, "busy")


async def test_a_task_that_was_cancelled_meanwhile_stays_cancelled(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    async with database.session() as session:
        await session.execute(update(Task).values(state=TaskState.CANCELLED))
    await end(database, attempt)
    async with database.session() as session:
        assert (await session.scalars(select(Task.state))).one() is TaskState.CANCELLED


async def test_the_end_frees_the_agent_and_opens_the_alert_again(database: Database) -> None:
    """A worker that died in an agent's talk must leave nobody reserved and no alert forgotten."""
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    async with database.session() as session:
        task = (await session.scalars(select(Task))).one()
        response = await open_response(session, task)
        agent = Agent(id=uuid.uuid4(), extension="8001", name="护士", languages=["zh"],
                      state=AgentState.ON_CALL, attempt_id=attempt.id)
        alert = Alert(id=uuid.uuid4(), response_id=response.id, patient_id=task.patient_id,
                      severity=Severity.CRITICAL, state=AlertState.IN_CALL, reasons=[],
                      deadline=now())
        session.add_all([agent, alert])
        await session.flush()
        session.add(Escalation(attempt_id=attempt.id, alert_id=alert.id, agent_id=agent.id,
                               bridged_at=now()))
    await end(database, attempt, Disposition.FAILED)
    async with database.session() as session:
        agent = (await session.scalars(select(Agent))).one()
        assert agent.attempt_id is None and agent.state is AgentState.WRAP_UP
        assert agent.wrap_up_until is not None and agent.wrap_up_until <= now()
        assert (await session.scalars(select(Alert.state))).one() is AlertState.OPEN
        assert (await session.scalars(select(Escalation.ended_at))).one() is not None
