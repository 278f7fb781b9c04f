"""A response as a FHIR R4 QuestionnaireResponse, with how each answer reached us.

Extensions of an answer: ``heard`` (the keys or words), ``confidence``, ``given-by``, ``given-at``,
and ``message`` (the sound) where a string was asked for. Of a response: ``score``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Campaign, Task
from followup.patients.models import Patient
from followup.questionnaires.definition import Item, ItemType, Questionnaire, Texts
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.library import parsed
from followup.questionnaires.models import QuestionnaireRow
from followup.questionnaires.resource import OURS
from followup.questionnaires.scores import Scored, scored
from followup.questionnaires.shape import item_names
from followup.questionnaires.values import scalar
from followup.responses.models import Answer, Response
from followup.responses.store import current_answers, known

Json = dict[str, Any]
MRN = OURS + "mrn"                   # the system of the patient's record number


async def exported(session: AsyncSession, response: Response) -> Json:
    """The response with the answers that hold, and whose questions are enabled."""
    row = await session.get_one(QuestionnaireRow, response.questionnaire_id)
    patient = await session.get_one(Patient, response.patient_id)
    task = await session.get_one(Task, response.task_id)
    answers = await current_answers(session, response.id)
    who = {"reference": f"Patient/{patient.id}",
           "identifier": {"system": MRN, "value": patient.mrn}}
    last = max((answer.given_at for answer in answers), default=response.created_at)
    questionnaire = parsed(row)
    come_to = scored(questionnaire, known(answers)[0])
    items = list(_items(questionnaire, answers, come_to, response.language))
    return {
        "resourceType": "QuestionnaireResponse", "id": str(response.id),
        **({"extension": [_score(each) for each in come_to]} if come_to else {}),
        "language": response.language, "questionnaire": f"{row.url}|{row.version}",
        "status": response.state.value, "subject": who,
        "encounter": {"reference": f"Encounter/{task.encounter_id}"},
        "authored": _moment(response.completed_at or last), "source": who,
        **({"item": items} if items else {})}


async def responses(session: AsyncSession, *, campaign: str = "",
                    mrn: str = "") -> Sequence[uuid.UUID]:
    """The ids of responses, the oldest first; of one campaign, or of one patient."""
    query = select(Response.id).order_by(Response.created_at, Response.id)
    if campaign:
        query = query.join(Task, Task.id == Response.task_id).join(Task.campaign).where(
            Campaign.name == campaign)
    if mrn:
        query = query.join(Patient, Patient.id == Response.patient_id).where(Patient.mrn == mrn)
    return (await session.scalars(query)).all()


def _items(questionnaire: Questionnaire, answers: Sequence[Answer],
           come_to: Sequence[Scored], language: str) -> Iterator[Json]:
    given: dict[str, list[Answer]] = {}
    for answer in answers:
        given.setdefault(answer.link_id, []).append(answer)
    enabled = {item.link_id for item in enabled_items(questionnaire, known(answers)[0])}
    places = {link_id: place for place, (_, link_id)
              in enumerate(item_names(questionnaire.resource))}

    def titled(link_id: str, texts: Texts) -> Json:
        text = texts.get(language) or texts.get(questionnaire.languages[0])
        return {"linkId": link_id, **({"text": text} if text else {})}

    def whole(items: Sequence[Item], above: str) -> list[Json]:
        """With the sums that were declared there, in the order of the questionnaire."""
        sums = [{**titled(each.score.link_id, each.score.text), "answer": [value]}
                for each in come_to if each.score.type and each.score.below == above
                and (value := _sum(each))]
        return sorted((*shown(items), *sums), key=lambda each: places[each["linkId"]])

    def shown(items: Sequence[Item]) -> Iterator[Json]:
        for item in items:
            if item.link_id not in enabled or item.type is ItemType.DISPLAY:
                continue
            below, head = whole(item.items, item.link_id), titled(item.link_id, item.text)
            if not item.is_question and below:
                yield {**head, "item": below}
            elif found := given.get(item.link_id):
                told = [_answer(questionnaire, item, answer)
                        for answer in sorted(found, key=lambda one: one.position)]
                if below:
                    told[0]["item"] = below
                yield {**head, "answer": told}

    yield from whole(questionnaire.items, "")


def _score(found: Scored) -> Json:
    """A score with what it is over; of the whole questionnaire there is no ``of``."""
    return {"url": OURS + "score", "extension": [
        *([{"url": "of", "valueString": found.score.link_id}] if found.score.link_id else []),
        {"url": "value", "valueDecimal": float(found.value)},
        {"url": "complete", "valueBoolean": found.complete},
        *({"url": "missing", "valueString": link_id} for link_id in found.missing)]}


def _sum(found: Scored) -> Json | None:
    """The answer of an item that is a sum; none while an answer to one of its questions is."""
    if not found.complete:
        return None
    number = float(found.value)
    if found.score.type == "integer":
        return {"valueInteger": int(number)} if number.is_integer() else None
    if found.score.type == "quantity":
        return {"valueQuantity": {"value": number, **found.score.unit}}
    return {"valueDecimal": number}


def _answer(questionnaire: Questionnaire, item: Item, answer: Answer) -> Json:
    value: Mapping[str, Any] = answer.value
    sound = item.type is ItemType.STRING and "valueAttachment" in value
    return {"extension": [
        *([{"url": OURS + "message", **value}] if sound else []),
        *([{"url": OURS + "heard", "valueString": answer.heard}] if answer.heard.strip() else []),
        {"url": OURS + "confidence", "valueDecimal": round(answer.confidence, 3)},
        {"url": OURS + "given-by", "valueCode": answer.given_by.value},
        {"url": OURS + "given-at", "valueDateTime": _moment(answer.given_at)}],
        **_as_declared(questionnaire, item, value)}


def _as_declared(questionnaire: Questionnaire, item: Item, value: Mapping[str, Any]) -> Json:
    """An answer as FHIR has it for the item's type: of a message in place of a string the name of
    its sound file, of a quantity the unit with the number."""
    if item.type is ItemType.STRING:
        return {"valueString": str(scalar(value))}
    if item.type is ItemType.QUANTITY and "valueDecimal" in value:
        unit = {"unit": item.unit_text.get(questionnaire.languages[0]) or item.unit,
                "system": item.unit_system, "code": item.unit}
        return {"valueQuantity": {"value": value["valueDecimal"],
                                  **{name: text for name, text in unit.items() if text}}}
    return dict(value)


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
