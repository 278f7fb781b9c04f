"""Keeps what patients say. An answer and all that follows from it is one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts.register import Deadlines, raise_alert
from followup.campaigns.models import Campaign, Task
from followup.database.base import now
from followup.patients.models import Patient
from followup.responses.models import (
    Answer,
    Finding,
    GivenBy,
    Response,
    ResponseState,
    Severity,
)


@dataclass(frozen=True)
class Found:
    """A rule that fired: its id, how bad, and a text per language."""

    rule: str
    severity: Severity
    text: Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """One answer as it was given; ``value`` is a FHIR value[x], e.g. ``{"valueDecimal": 38.5}``."""

    link_id: str
    value: Mapping[str, Any]
    heard: str
    given_by: GivenBy
    confidence: float = 1.0
    found: Found | None = None


async def open_response(session: AsyncSession, task: Task) -> Response:
    """The task's response, made at its first call and kept over all later ones."""
    campaign = await session.get_one(Campaign, task.campaign_id)
    patient = await session.get_one(Patient, task.patient_id)
    await session.execute(
        insert(Response).values(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                                questionnaire_id=campaign.questionnaire_id,
                                state=ResponseState.IN_PROGRESS, language=patient.language)
        .on_conflict_do_nothing(index_elements=["task_id"]))
    return (await session.scalars(select(Response).where(Response.task_id == task.id))).one()


async def current_answers(session: AsyncSession, response_id: uuid.UUID) -> list[Answer]:
    """The answers that hold, in the order they were given."""
    return list(await session.scalars(
        select(Answer).where(Answer.response_id == response_id, Answer.superseded_at.is_(None))
        .order_by(Answer.given_at)))


async def record_answer(session: AsyncSession, response_id: uuid.UUID,
                        attempt_id: uuid.UUID | None, given: Given,
                        deadlines: Deadlines) -> Answer:
    """Keep an answer, its finding and the alert it asks for; a former answer is superseded."""
    moment = now()
    # lock the response: two channels answering at once take turns
    response = await session.get_one(Response, response_id, with_for_update=True)
    await session.execute(
        update(Answer).where(Answer.response_id == response_id, Answer.link_id == given.link_id,
                             Answer.superseded_at.is_(None)).values(superseded_at=moment))
    answer = Answer(id=uuid.uuid4(), response_id=response_id, attempt_id=attempt_id,
                    link_id=given.link_id, value=dict(given.value), heard=given.heard,
                    confidence=given.confidence, given_by=given.given_by, given_at=moment)
    session.add(answer)
    if given.found:
        await session.flush()
        session.add(Finding(response_id=response_id, answer_id=answer.id, link_id=given.link_id,
                            rule=given.found.rule, severity=given.found.severity,
                            text=dict(given.found.text)))
        await raise_alert(session, response, given.link_id, given.found.rule,
                          given.found.severity, dict(given.found.text), deadlines, moment)
    await session.flush()
    return answer


async def complete(session: AsyncSession, response_id: uuid.UUID) -> None:
    """Note that every question has been dealt with."""
    await session.execute(
        update(Response).where(Response.id == response_id,
                               Response.state == ResponseState.IN_PROGRESS)
        .values(state=ResponseState.COMPLETED, completed_at=now()))


async def set_language(session: AsyncSession, response_id: uuid.UUID, language: str) -> None:
    """The patient chose to go on in another language."""
    await session.execute(update(Response).where(Response.id == response_id)
                          .values(language=language))


def deadlines(critical_min: int, abnormal_min: int) -> Deadlines:
    """How long the staff has, by severity."""
    return {Severity.CRITICAL: timedelta(minutes=critical_min),
            Severity.ABNORMAL: timedelta(minutes=abnormal_min)}
