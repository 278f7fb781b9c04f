"""Alerts that somebody must act on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.errors import NotFound
from followup.patients.models import Encounter
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Response, Severity

LIMIT = 200
CLOSED_SHOWN = 20


async def open_alerts(session: AsyncSession) -> Sequence[Row[Any]]:
    """Alerts not closed, as (Alert with patient, Encounter): critical first, then by deadline."""
    return (await session.execute(
        _with_stay().where(Alert.state != AlertState.CLOSED)
        .order_by((Alert.severity != Severity.CRITICAL), Alert.deadline, Alert.id)
        .limit(LIMIT))).all()


async def closed_alerts(session: AsyncSession) -> Sequence[Row[Any]]:
    """The latest closed ones, as (Alert with patient, Encounter)."""
    return (await session.execute(
        _with_stay().where(Alert.state == AlertState.CLOSED)
        .order_by(Alert.closed_at.desc(), Alert.id.desc()).limit(CLOSED_SHOWN))).all()


async def find_alert(session: AsyncSession,
                     alert_id: uuid.UUID) -> tuple[Alert, Encounter, Response, QuestionnaireRow]:
    """One alert with patient, the stay it is about, and the response with its answers."""
    row = (await session.execute(
        select(Alert, Encounter, Response, QuestionnaireRow)
        .join(Response, Response.id == Alert.response_id)
        .join(Task, Task.id == Response.task_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Response.questionnaire_id)
        .where(Alert.id == alert_id)
        .options(joinedload(Alert.patient, innerjoin=True),
                 selectinload(Response.answers.and_(Answer.superseded_at.is_(None))),
                 selectinload(Response.findings)))).one_or_none()
    if row is None:
        raise NotFound("there is no such alert")
    return row[0], row[1], row[2], row[3]


def _with_stay() -> Any:
    return (select(Alert, Encounter)
            .join(Response, Response.id == Alert.response_id)
            .join(Task, Task.id == Response.task_id)
            .join(Encounter, Encounter.id == Task.encounter_id)
            .options(joinedload(Alert.patient, innerjoin=True)))
