"""What published questionnaires were answered goes out as FHIR has it for each kind of question."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bench.sample import fill
from followup.campaigns.models import Task
from followup.database.engine import Database
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import publish
from followup.questionnaires.shape import response_faults
from followup.responses.exchange import exported
from followup.responses.models import GivenBy
from followup.responses.store import Given, deadlines, open_response, record_answer
from tests.followup.questionnaires.build import item, questionnaire, standard
from tests.followup.questionnaires.published import FREQUENCY, PHQ9, TOTAL, phq9

DEADLINES = deadlines(critical_min=10, abnormal_min=120)


async def sent(database: Database, asked: dict[str, Any],
               answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The response with these answers, which is sound FHIR."""
    await fill(database, 1)
    async with database.session() as session:
        row = await publish(session, load_questionnaire(asked))
        response = await open_response(session, (await session.scalars(select(Task))).one())
        response.questionnaire_id = row.id
        for link_id, value in answers.items():
            await record_answer(session, response.id, None,
                                Given(link_id, value, "1", GivenBy.KEY), DEADLINES)
        await session.refresh(response)
        out = await exported(session, response)
    assert response_faults(out) == []
    return out


def values(out: dict[str, Any]) -> dict[str, Any]:
    return {each["linkId"]: {name: value for name, value in each["answer"][0].items()
                             if name.startswith("value")} for each in out["item"]}


async def test_numbers_strings_and_quantities_go_out_by_their_types(database: Database) -> None:
    out = await sent(database, questionnaire(
        item("/1 点", "choice", answerOption=[{"valueInteger": 0}, {"valueInteger": 1}]),
        item("weight", "quantity", extension=[standard("questionnaire-unit", valueCoding={
            "system": "http://unitsofmeasure.org", "code": "kg", "display": "公斤"})]),
        item("said", "string"), item("told", "string"), item("message", "text")), {
        "/1 点": {"valueInteger": 0}, "weight": {"valueDecimal": 61.5},
        "said": {"valueAttachment": {"contentType": "audio/wav", "url": "m.wav"}},
        "told": {"valueString": "typed in"},
        "message": {"valueAttachment": {"contentType": "audio/wav", "url": "n.wav"}}})
    assert values(out) == {
        "/1 点": {"valueInteger": 0},
        "weight": {"valueQuantity": {"value": 61.5, "unit": "公斤", "code": "kg",
                                     "system": "http://unitsofmeasure.org"}},
        "said": {"valueString": "m.wav"}, "told": {"valueString": "typed in"},
        "message": {"valueAttachment": {"contentType": "audio/wav", "url": "n.wav"}}}
    said = next(each for each in out["item"] if each["linkId"] == "said")["answer"][0]
    assert [each["valueAttachment"]["url"] for each in said["extension"]
            if each["url"] == "urn:aftercall:message"] == ["m.wav"]


def answered(*weights: int) -> dict[str, dict[str, Any]]:
    return {link_id: {"valueCoding": {"code": FREQUENCY[weight][0]}}
            for link_id, weight in zip(PHQ9, weights, strict=False)}


def score(out: dict[str, Any]) -> dict[str, list[Any]]:
    [found] = [each for each in out["extension"] if each["url"] == "urn:aftercall:score"]
    told: dict[str, list[Any]] = {}
    for part in found["extension"]:
        told.setdefault(part["url"], []).append(next(
            value for name, value in part.items() if name.startswith("value")))
    return told


async def test_a_sum_goes_out_where_it_was_declared_once_it_is_complete(
        database: Database) -> None:
    out = await sent(database, phq9(), answered(3, 0, 1, 2, 0, 1, 0, 0, 1))
    assert list(values(out)) == [*PHQ9, TOTAL]
    assert values(out)[TOTAL] == {"valueInteger": 8}
    assert score(out) == {"of": [TOTAL], "value": [8.0], "complete": [True]}


async def test_a_sum_that_lacks_an_answer_is_told_as_incomplete(database: Database) -> None:
    out = await sent(database, phq9(), answered(3, 0, 1))
    assert list(values(out)) == list(PHQ9[:3])
    assert score(out) == {"of": [TOTAL], "value": [4.0], "complete": [False],
                          "missing": list(PHQ9[3:])}
