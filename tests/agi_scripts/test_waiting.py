"""Who is next when several patients wait for an agent."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from agi_scripts.house import House
from agi_scripts.waiting import Place, place_of, spare_agents, waiting
from bench.sample import fill
from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert
from followup.calls.models import Attempt, AttemptState, Escalation
from followup.campaigns.models import Campaign, Task
from followup.database.base import now
from followup.database.engine import Database
from followup.responses.models import Response, Severity
from tests.agi_scripts.ward import open_ward

MOMENT = now()


def ago(seconds: float) -> datetime:
    return MOMENT - timedelta(seconds=seconds)


async def waits(database: Database, campaign_id: uuid.UUID, seconds: float,
                severity: Severity) -> uuid.UUID:
    """Another patient who has waited for so long; the escalation's id."""
    async with database.session() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        task = await session.scalar(select(Task).where(
            Task.id.not_in(select(Attempt.task_id))).limit(1))
        assert task is not None
        response = Response(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                            questionnaire_id=campaign.questionnaire_id, language="zh")
        attempt = Attempt(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id, seq=1,
                          node="n", phone="+8613800138000", state=AttemptState.ANSWERED)
        session.add_all([response, attempt])
        await session.flush()
        alert = Alert(id=uuid.uuid4(), response_id=response.id, patient_id=task.patient_id,
                      severity=severity, reasons=[], deadline=now())
        session.add(alert)
        await session.flush()
        escalation = Escalation(id=uuid.uuid4(), attempt_id=attempt.id, alert_id=alert.id,
                                requested_at=ago(seconds))
        session.add(escalation)
        return escalation.id


async def at(database: Database, escalation: uuid.UUID, *, critical: bool = False) -> Place:
    async with database.session() as session:
        return await place_of(session, escalation, MOMENT, critical=critical, left_s=10,
                              wrap_up_s=0)


async def test_a_critical_finding_goes_before_those_who_have_waited_longer(
        database: Database) -> None:
    campaign = await fill(database, 4)
    async with database.session() as session:
        session.add(Agent(id=uuid.uuid4(), extension="8001", name="n", languages=["zh"],
                          state=AgentState.AVAILABLE))
    first = await waits(database, campaign, 15, Severity.ABNORMAL)
    second = await waits(database, campaign, 10, Severity.ABNORMAL)
    assert [(await at(database, one)).spare for one in (first, second)] == [1, 0]
    urgent = await waits(database, campaign, 1, Severity.CRITICAL)
    assert (await at(database, urgent, critical=True)).spare == 1
    assert [(await at(database, one)).spare for one in (first, second)] == [0, -1]
    async with database.session() as session:
        assert await waiting(session) == [None, None, None]


async def test_the_wait_is_worth_it_while_somebody_comes_back_in_time(database: Database) -> None:
    campaign = await fill(database, 2)
    one = await waits(database, campaign, 5, Severity.ABNORMAL)
    assert await at(database, one) == Place(0, 0.0)
    async with database.session() as session:
        session.add(Agent(id=uuid.uuid4(), extension="8001", name="n", languages=["zh"],
                          state=AgentState.WRAP_UP,
                          wrap_up_until=MOMENT + timedelta(seconds=8)))
    assert await at(database, one) == Place(0, 1.0)
    other = await waits(database, campaign, 2, Severity.ABNORMAL)
    assert await at(database, other) == Place(-1, 0.0)


@pytest.mark.parametrize(("rules", "hold_s"), [
    ({}, 15), ({"hold_s": 5}, 5), ({"hold_s": 20}, 15), ({"hold_s": "long"}, 15)])
async def test_a_campaign_may_ask_for_a_shorter_hold_than_the_house(
        database: Database, rules: dict[str, Any], hold_s: int) -> None:
    async with open_ward(database, hold_max_s=15) as ward:
        async with database.session() as session:
            await session.execute(update(Campaign).values(rules=rules))
        call = await House(ward.settings, database).open_call(ward.attempt_id)
    assert call.hold_s == hold_s


@pytest.mark.parametrize(("ready", "ahead", "skill", "spare"), [
    ([], [], None, 0), ([""], [], None, 1), ([""], [None], None, 0), ([""], [None] * 3, None, -2),
    (["", "a"], [], "a", 1),                 # the other one cannot help
    (["", "a"], ["a"] * 3, None, 1),         # nor can the other one help those
    (["", "a"], ["b"] * 3, "a", 1),          # who wait for somebody else do not stand in the way
    (["a", "a"], ["a"], None, 1), (["a"], ["a", None], "a", -1), (["ab"], ["b"], "a", 0)])
def test_only_who_waits_for_the_same_agents_goes_before(
        ready: list[str], ahead: list[str | None], skill: str | None, spare: int) -> None:
    assert spare_agents(ready, ahead, skill) == spare
