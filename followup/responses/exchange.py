"""A response as a FHIR R4 QuestionnaireResponse, with how each answer reached us.

Extensions of an answer: ``heard`` (the keys or words), ``confidence``, ``given-by``, ``given-at``,
and ``message`` (the sound) where a string was asked for.
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
from followup.questionnaires.definition import Item, ItemType, Questionnaire
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.library import parsed
from followup.questionnaires.models import QuestionnaireRow
from followup.questionnaires.resource import OURS
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
    items = list(_items(parsed(row), answers, response.language))
    return {
        "resourceType": "QuestionnaireResponse", "id": str(response.id),
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
           language: str) -> Iterator[Json]:
    given: dict[str, list[Answer]] = {}
    for answer in answers:
        given.setdefault(answer.link_id, []).append(answer)
    enabled = {item.link_id for item in enabled_items(questionnaire, known(answers)[0])}

    def shown(items: Sequence[Item]) -> Iterator[Json]:
        for item in items:
            if item.link_id not in enabled or item.type is ItemType.DISPLAY:
                continue
            below = list(shown(item.items))
            text = item.text.get(language) or item.text.get(questionnaire.languages[0])
            head: Json = {"linkId": item.link_id, **({"text": text} if text else {})}
            if not item.is_question and below:
                yield {**head, "item": below}
            elif found := given.get(item.link_id):
                told = [_answer(questionnaire, item, answer)
                        for answer in sorted(found, key=lambda one: one.position)]
                if below:
                    told[0]["item"] = below
                yield {**head, "answer": told}

    yield from shown(questionnaire.items)


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
