"""Patients are called again by the dialer or by hand, once, and both answers stand side by side."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from followup.agents.models import Agent
from followup.alerts.models import Alert
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.preview import offer_next
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput
from followup.patients.models import Patient
from followup.people.models import AuditEvent, Role
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.responses.models import Answer, Severity
from followup.spotchecks import rechecks
from followup.spotchecks.models import CallAgainBy
from followup.spotchecks.moments import compared
from followup.spotchecks.typed import field_of, questions, read_answers
from followup.views.spotchecks import find_check, waiting_for_hand
from tests.followup.spotchecks.ward import actor, check_of, open_ward, plan_of, publish_other
from tests.webconsole.hospital import Hospital

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())
DEADLINES = {Severity.CRITICAL: timedelta(minutes=10), Severity.ABNORMAL: timedelta(minutes=120)}


@pytest.fixture
async def hospital(database: Database, tmp_path: Path) -> Hospital:
    return await open_ward(database, tmp_path)


async def again(database: Database, hospital: Hospital, how: CallAgainBy) -> uuid.UUID:
    async with database.session() as session:
        await plan_of(session)
        check = await check_of(session, hospital.escalated)
        await rechecks.call_again(session, check.id, how, await actor(session, Role.AUDITOR))
        return check.id


async def test_the_dialer_gets_an_ordinary_task(database: Database, hospital: Hospital) -> None:
    check_id = await again(database, hospital, CallAgainBy.IVR)
    async with database.session() as session:
        looked = await find_check(session, check_id)
        assert looked.again_task
        campaign = await session.get_one(Campaign, looked.again_task.campaign_id)
        assert (campaign.mode, campaign.state) == (CampaignMode.IVR, CampaignState.RUNNING)
        assert campaign.name.startswith("自动复核 十一月抽检 · ")
        assert looked.again_task.state is TaskState.DUE
        assert looked.again_task.patient_id == hospital.patients[0]
        actions = set(await session.scalars(select(AuditEvent.action)))
        assert {"call-again", "move-campaign"} <= actions
        with pytest.raises(Conflict):                         # once
            await rechecks.call_again(session, check_id, CallAgainBy.HAND,
                                      await actor(session, Role.AUDITOR))


async def test_an_agent_is_offered_the_patient_and_typed_answers_are_compared(
        database: Database, hospital: Hospital) -> None:
    check_id = await again(database, hospital, CallAgainBy.HAND)
    async with database.session() as session:
        assert [line.check.id for line in await waiting_for_hand(session)] == [check_id]
        looked = await find_check(session, check_id)
        assert looked.again_task
        campaign = await session.get_one(Campaign, looked.again_task.campaign_id)
        assert (campaign.mode, campaign.state) == (CampaignMode.PREVIEW, CampaignState.RUNNING)
        nurse = (await session.scalars(select(Agent).where(Agent.extension == "801"))).one()
        offer = await offer_next(session, nurse, now())
        assert offer
        assert offer.task.id == looked.again_task.id
        alerts = len((await session.scalars(select(Alert))).all())
        agent = await actor(session, Role.AGENT)
        with pytest.raises(InvalidInput):
            await rechecks.answer_again(session, check_id, {}, DEADLINES, agent)
    async with database.session() as session:
        await rechecks.answer_again(session, check_id, {
            "answer-identity": ["1"], "answer-temperature": ["39.0"],
            "answer-wound-pain": ["8"]}, DEADLINES, agent)
    async with database.session() as session:
        looked = await find_check(session, check_id)
        assert looked.response
        assert looked.again
        rows = {each.link_id: each for each in compared(looked.response.answers,
                                                        looked.again.answers)}
        assert rows["temperature"].differs
        assert rows["temperature"].second == ({"valueDecimal": 39.0},)
        assert not rows["wound-pain"].differs
        assert rows["feeling"].second == ()
        assert not rows["identity"].differs                   # the same code, told with more words
        assert looked.again_task
        assert looked.again_task.state is TaskState.DONE
        # what is found the second time is acted on as ever
        assert len((await session.scalars(select(Alert))).all()) == alerts + 1
        assert await waiting_for_hand(session) == []
        with pytest.raises(Conflict):
            await rechecks.answer_again(
                session, check_id, {"answer-identity": ["1"]}, DEADLINES, agent)


async def test_a_second_call_may_have_a_questionnaire_of_its_own(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        other = await publish_other(session)
        await plan_of(session)
        check = await check_of(session, hospital.escalated)
        auditor, agent = await actor(session, Role.AUDITOR), await actor(session, Role.AGENT)
        with pytest.raises(InvalidInput):
            await rechecks.call_again(session, check.id, CallAgainBy.HAND, auditor, uuid.uuid4())
        await rechecks.call_again(session, check.id, CallAgainBy.HAND, auditor, other.id)
        await rechecks.answer_again(
            session, check.id, {"answer-feeling": ["1"], "answer-wound-pain": ["2"]},
            DEADLINES, agent)
    async with database.session() as session:
        looked = await find_check(session, check.id)
        assert looked.again_questionnaire
        assert looked.again_questionnaire.title == "复核问卷"
        assert looked.response
        assert looked.again
        # another question under the same name is not held against the first one's answer
        rows = compared(looked.response.answers, looked.again.answers, own={"feeling"})
        told = [(row.link_id, row.own, row.differs) for row in rows if row.second]
    assert told == [("wound-pain", False, True), ("feeling", True, False)]


def test_order_and_messages_make_no_difference() -> None:
    def answers(*values: dict[str, Any]) -> list[Answer]:
        return [Answer(link_id="x", value=value, position=place, given_at=now())
                for place, value in enumerate(values)]

    one, other = {"valueInteger": 1}, {"valueInteger": 2}
    assert not compared(answers(one, other), answers(other, one))[0].differs
    assert compared(answers(one, one), answers(other, one))[0].differs
    assert not compared(answers({"valueAttachment": {"url": "a"}}),
                        answers({"valueAttachment": {"url": "b"}}))[0].differs


async def test_who_wants_no_calls_is_not_called_again(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        await session.execute(update(Patient).values(do_not_call=True))
    with pytest.raises(Conflict):
        await again(database, hospital, CallAgainBy.HAND)
    async with database.session() as session:
        assert (await session.scalars(select(Task).join(Task.campaign).where(
            Campaign.name.contains("复核")))).all() == []


@given(st.dictionaries(st.sampled_from(list(map(field_of, questions(SAMPLE)))),
                       st.lists(st.one_of(st.text(max_size=12), st.integers(-5, 60).map(str),
                                          st.dates(date(2020, 1, 1)).map(str),
                                          st.sampled_from(["yes", "no", "1e9999", "NaN"])),
                                max_size=3)))
def test_whatever_is_typed_is_taken_or_refused_by_name(typed: dict[str, list[str]]) -> None:
    try:
        answers = read_answers(SAMPLE, typed)
    except InvalidInput as refused:
        assert refused.field == "answers" or refused.field in typed
    else:
        assert answers
        for each in answers:
            assert each.values
            assert all(len(value) == 1 and next(iter(value)).startswith("value")
                       for value in each.values)


async def test_answers_are_found_in_the_recording(database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        await plan_of(session)
        looked = await find_check(session, (await check_of(session, hospital.escalated)).id)
    assert looked.response
    places = {answer.link_id: looked.moments.get(answer.id) for answer in looked.response.answers}
    assert places["temperature"] == 18_000                   # where the question began
    assert places["wound-pain"] == 27_400
    assert places["identity"] == 1_200
