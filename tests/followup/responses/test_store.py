"""I2: answers, findings and alerts, in one transaction or not at all."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from bench.sample import fill
from followup.alerts import register
from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, NotFound
from followup.responses.models import Answer, Finding, GivenBy, Response, Severity
from followup.responses.store import (
    Found,
    Given,
    current_answers,
    deadlines,
    open_response,
    record_answer,
)

DEADLINES = deadlines(critical_min=10, abnormal_min=120)
FEVER = Found("fever", Severity.ABNORMAL, {"zh": "发热", "en": "Fever"})
BREATHLESS = Found("breathless", Severity.CRITICAL, {"zh": "呼吸困难", "en": "Breathless"})


@pytest.fixture
async def response(database: Database) -> uuid.UUID:
    await fill(database, 1)
    async with database.session() as session:
        task = (await session.scalars(select(Task))).one()
        return (await open_response(session, task)).id


def given(link_id: str, value: int, found: Found | None = None) -> Given:
    return Given(link_id, {"valueInteger": value}, str(value), GivenBy.KEY, found=found)


async def answer(database: Database, response: uuid.UUID, one: Given) -> None:
    async with database.session() as session:
        await record_answer(session, response, None, one, DEADLINES)


async def test_a_response_is_opened_once_for_all_calls(database: Database) -> None:
    await fill(database, 1)

    async def opened() -> uuid.UUID:
        async with database.session() as session:
            task = (await session.scalars(select(Task))).one()
            return (await open_response(session, task)).id

    assert len(set(await asyncio.gather(*(opened() for _ in range(6))))) == 1


async def test_i2_an_answer_its_finding_and_its_alert_stand_or_fall_together(
        database: Database, response: uuid.UUID) -> None:
    with pytest.raises(RuntimeError):
        async with database.session() as session:
            await record_answer(session, response, None, given("t", 39, FEVER), DEADLINES)
            raise RuntimeError("the worker dies")
    async with database.session() as session:
        for table in (Answer, Finding, Alert):
            assert not list(await session.scalars(select(table)))
    await answer(database, response, given("t", 39, FEVER))
    async with database.session() as session:
        for table in (Answer, Finding, Alert):
            assert len(list(await session.scalars(select(table)))) == 1


async def test_a_correction_supersedes_and_the_former_answer_is_kept(
        database: Database, response: uuid.UUID) -> None:
    await answer(database, response, given("pain", 3))
    await answer(database, response, given("pain", 5))
    async with database.session() as session:
        assert [one.heard for one in await current_answers(session, response)] == ["5"]
        every = list(await session.scalars(select(Answer).order_by(Answer.given_at)))
        assert [(one.heard, one.superseded_at is None) for one in every] == \
            [("3", False), ("5", True)]


async def test_answers_at_the_same_moment_leave_one_current(database: Database,
                                                            response: uuid.UUID) -> None:
    await asyncio.gather(*(answer(database, response, given("pain", n)) for n in range(8)))
    async with database.session() as session:
        assert len(await current_answers(session, response)) == 1
        assert len(list(await session.scalars(select(Answer)))) == 8


async def test_one_alert_gathers_all_reasons_and_the_gravest_rules(
        database: Database, response: uuid.UUID) -> None:
    await answer(database, response, given("t", 39, FEVER))
    async with database.session() as session:
        first = (await session.scalars(select(Alert))).one()
        assert first.severity is Severity.ABNORMAL
        assert timedelta(minutes=119) < first.deadline - now() <= timedelta(minutes=120)
    await answer(database, response, given("b", 1, BREATHLESS))
    async with database.session() as session:
        alert = (await session.scalars(select(Alert))).one()
        assert alert.severity is Severity.CRITICAL and alert.state is AlertState.OPEN
        assert [reason["rule"] for reason in alert.reasons] == ["fever", "breathless"]
        assert alert.deadline - now() <= timedelta(minutes=10)


async def test_a_graver_alert_never_becomes_lighter(database: Database,
                                                    response: uuid.UUID) -> None:
    await answer(database, response, given("b", 1, BREATHLESS))
    await answer(database, response, given("t", 39, FEVER))
    async with database.session() as session:
        alert = (await session.scalars(select(Alert))).one()
        assert alert.severity is Severity.CRITICAL
        assert alert.deadline - now() <= timedelta(minutes=10)


async def test_a_finding_after_the_alert_was_closed_opens_a_new_one(
        database: Database, response: uuid.UUID) -> None:
    await answer(database, response, given("t", 39, FEVER))
    async with database.session() as session:
        first = (await session.scalars(select(Alert))).one()
        await register.close(session, first.id, "nurse", "called back")
    await answer(database, response, given("b", 1, BREATHLESS))
    async with database.session() as session:
        states = sorted((await session.scalars(select(Alert.state))).all())
        assert states == [AlertState.CLOSED, AlertState.OPEN]
        with pytest.raises(Conflict):
            await register.close(session, first.id, "another", "")
        with pytest.raises(NotFound):
            await register.close(session, uuid.uuid4(), "another", "")


@pytest.mark.parametrize(("talk", "state"), [(timedelta(seconds=4), AlertState.OPEN),
                                             (timedelta(seconds=60), AlertState.CLOSED)])
async def test_only_a_real_talk_settles_an_alert(
        database: Database, response: uuid.UUID, talk: timedelta, state: AlertState) -> None:
    await answer(database, response, given("t", 39, FEVER))
    async with database.session() as session:
        alert = (await session.scalars(select(Alert))).one()
        await register.agent_took_over(session, alert.id)
    async with database.session() as session:
        await register.agent_is_done(session, alert.id, talk, "护士")
    async with database.session() as session:
        assert (await session.get_one(Alert, alert.id)).state is state
        assert (await session.scalars(select(Response.id))).one() == response
