"""Several answers to one question are kept side by side, and go out as FHIR."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select, update

from bench.sample import fill
from followup.campaigns.models import Task
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import publish
from followup.questionnaires.shape import response_faults
from followup.responses.exchange import exported, responses
from followup.responses.models import Answer, Finding, GivenBy, Response, Severity
from followup.responses.store import (
    Found,
    Given,
    close_answers,
    complete,
    current_answers,
    deadlines,
    known,
    open_response,
    record_answer,
)
from tests.followup.questionnaires.build import choice, item, questionnaire

DEADLINES = deadlines(critical_min=10, abnormal_min=120)
FEVER = Found("fever", Severity.ABNORMAL, {"zh": "发热", "en": "Fever"})
ASKED = questionnaire(
    item("about", "group", item=[
        choice("symptoms", "abc", repeats=True, item=[item("since", "date")]),
        item("pressure", "integer", repeats=True), item("never", "integer", enableWhen=[
            {"question": "pressure", "operator": ">", "answerInteger": 200}])]),
    item("thanks", "display"), item("voice", "text"))


def code(letter: str) -> dict[str, Any]:
    return {"valueCoding": {"code": letter, "display": f"选{letter}"}}


def given(link_id: str, value: dict[str, Any], position: int = 0, *, open_: bool = False,
          found: Found | None = None) -> Given:
    return Given(link_id, value, "1", GivenBy.KEY, found=found, position=position, open=open_)


@pytest.fixture
async def response(database: Database) -> uuid.UUID:
    await fill(database, 1)
    async with database.session() as session:
        row = await publish(session, load_questionnaire(ASKED))
        task = (await session.scalars(select(Task))).one()
        opened = await open_response(session, task)
        opened.questionnaire_id = row.id
        return opened.id


async def keep(database: Database, response: uuid.UUID, *answers: Given) -> None:
    for one in answers:
        async with database.session() as session:
            await record_answer(session, response, None, one, DEADLINES)


async def told(database: Database, response: uuid.UUID) -> tuple[dict[str, Any], set[str]]:
    async with database.session() as session:
        answers, more = known(await current_answers(session, response))
        return answers, set(more)


async def test_answers_stand_side_by_side_until_there_is_nothing_to_add(
        database: Database, response: uuid.UUID) -> None:
    await keep(database, response, given("symptoms", code("a"), open_=True),
               given("symptoms", code("b"), 1, open_=True))
    assert await told(database, response) == (
        {"symptoms": {"answer": [code("a"), code("b")]}}, {"symptoms"})
    async with database.session() as session:
        await close_answers(session, response, "symptoms")
    assert await told(database, response) == (
        {"symptoms": {"answer": [code("a"), code("b")]}}, set())


async def test_an_answer_told_twice_as_a_reply_was_lost_is_kept_once(
        database: Database, response: uuid.UUID) -> None:
    second = given("pressure", {"valueInteger": 140}, 1, open_=True)
    await keep(database, response, given("pressure", {"valueInteger": 130}, open_=True),
               second, second)
    assert (await told(database, response))[0] == {
        "pressure": {"answer": [{"valueInteger": 130}, {"valueInteger": 140}]}}


async def test_a_correction_supersedes_the_whole_and_nothing_is_deleted(
        database: Database, response: uuid.UUID) -> None:
    await keep(database, response, given("symptoms", code("a"), open_=True, found=FEVER),
               given("symptoms", code("b"), 1), given("symptoms", code("c")))
    assert await told(database, response) == ({"symptoms": code("c")}, set())
    async with database.session() as session:
        assert len(list(await session.scalars(select(Answer)))) == 3
        assert len(list(await session.scalars(select(Finding)))) == 1


async def test_a_response_goes_out_as_fhir(database: Database, response: uuid.UUID) -> None:
    await keep(database, response,
               given("symptoms", code("a"), open_=True), given("symptoms", code("b"), 1),
               given("since", {"valueDate": "2026-03-01"}),
               given("pressure", {"valueInteger": 130}), given("never", {"valueInteger": 1}),
               given("voice", {"valueAttachment": {"contentType": "audio/wav", "url": "m.wav"}}))
    async with database.session() as session:
        await session.execute(update(Patient).values(mrn="M1"))
        out = await exported(session, await session.get_one(Response, response))
    assert response_faults(out) == []
    assert (out["status"], out["questionnaire"]) == ("in-progress", "urn:test:some|1")
    assert out["subject"]["identifier"]["value"] == out["source"]["identifier"]["value"] == "M1"
    about, voice = out["item"]
    assert voice["answer"][0]["valueAttachment"]["url"] == "m.wav"
    assert [each["linkId"] for each in about["item"]] == ["symptoms", "pressure"]
    first, second = about["item"][0]["answer"]
    assert (first["valueCoding"]["code"], second["valueCoding"]["code"]) == ("a", "b")
    assert first["item"][0]["answer"][0]["valueDate"] == "2026-03-01"
    how = {each["url"].rpartition(":")[2]: each for each in first["extension"]}
    assert how["heard"]["valueString"] == "1"
    assert how["given-by"]["valueCode"] == "key"
    assert how["confidence"]["valueDecimal"] == 1.0


async def test_a_complete_response_says_so_and_is_found_by_campaign_or_patient(
        database: Database, response: uuid.UUID) -> None:
    async with database.session() as session:
        await complete(session, response)
        await session.execute(update(Patient).values(mrn="M1"))
    async with database.session() as session:
        out = await exported(session, await session.get_one(Response, response))
        assert list(await responses(session, mrn="M1")) == [response]
        assert list(await responses(session, campaign="no such")) == []
    assert response_faults(out) == []
    assert out["status"] == "completed"
    assert "item" not in out
