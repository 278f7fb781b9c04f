"""Published questionnaires at the console: linkIds of any text in forms, scores beside answers."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, select, update

from followup.alerts.models import Alert
from followup.calls.models import Attempt
from followup.database.engine import Database
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import publish
from followup.responses.models import Answer, Finding, GivenBy, Response
from tests.followup.questionnaires.build import rule
from tests.followup.questionnaires.published import FREQUENCY, PHQ9, phq9
from tests.followup.spotchecks.ward import open_checks
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_spot_checks import item, post, text


@pytest.fixture
async def ward(database: Database, users: None, hospital: Hospital) -> Hospital:
    await open_checks(database, hospital)
    return hospital


async def answer_phq9(database: Database, alert_id: object, count: int) -> Response:
    """The response of an alert, which now answers the first ``count`` questions of PHQ-9."""
    async with database.session() as session:
        row = await publish(session, load_questionnaire(phq9()))
        alert = (await session.scalars(select(Alert).where(Alert.id == alert_id))).one()
        response = await session.get_one(Response, alert.response_id)
        attempt = (await session.scalars(select(Attempt.id).where(
            Attempt.task_id == response.task_id).limit(1))).one()
        await session.execute(delete(Finding).where(Finding.response_id == response.id))
        await session.execute(delete(Answer).where(Answer.response_id == response.id))
        await session.execute(update(Response).where(Response.id == response.id).values(
            questionnaire_id=row.id))
        session.add_all(Answer(
            response_id=response.id, attempt_id=attempt, link_id=link_id, heard="3",
            given_by=GivenBy.KEY, value={"valueCoding": {"code": FREQUENCY[2][0]}})
            for link_id in PHQ9[:count])
        return response


@pytest.mark.parametrize(("count", "zh"), [(9, None), (4, "不完整：缺 5 题的回答")])
async def test_a_score_is_shown_with_the_answers_it_adds_up(
        client: Client, database: Database, hospital: Hospital, users: None, sign_in: SignIn,
        count: int, zh: str | None) -> None:
    response = await answer_phq9(database, hospital.alerts[0], count)
    await sign_in("agent")
    for path in (f"/alerts/{hospital.alerts[0]}", f"/patients/{response.patient_id}"):
        page = await text(client, path)
        told = re.search(r"<strong>PHQ-9 total score：(\d+)</strong>(.*?)</p>", page, re.DOTALL)
        assert told, path
        assert int(told[1]) == 2 * count
        assert (zh in told[2]) if zh else "不完整" not in told[2]


async def test_a_form_takes_answers_to_linkids_of_any_text(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    raw = phq9()
    raw["item"][-1]["extension"].append(rule("abnormal", ">=", valueInteger=18))
    async with database.session() as session:
        other = (await publish(session, load_questionnaire(raw))).id
    await sign_in("auditor")
    assert (await post(client, item(ward, "call-again"), how="hand",
                       questionnaire=str(other)))[0] == 303
    await sign_in("agent")
    path = item(ward, "answers")
    fields = [f"answer-~2F{link_id[1:]}" for link_id in PHQ9]
    page = await text(client, path)
    assert all(f'name="{field}"' in page for field in fields)
    status, page = await post(client, path, **{fields[0]: "9", fields[1]: "2"})
    assert (status, Forms(page, path).faulty()) == (422, {fields[0]})
    assert (await post(client, path, **dict.fromkeys(fields, "3")))[0] == 303
    async with database.session() as session:
        kept = (await session.scalars(select(Answer).where(Answer.link_id.in_(PHQ9)))).all()
    assert {answer.link_id: answer.value["valueCoding"]["code"] for answer in kept} == \
        dict.fromkeys(PHQ9, FREQUENCY[2][0])
    async with database.session() as session:
        found = (await session.scalars(select(Finding).where(Finding.link_id.in_(PHQ9)))).all()
    assert [(each.link_id, each.severity) for each in found] == [(PHQ9[-1], "abnormal")]
