"""Alerts that somebody must act on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.errors import NotFound
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Response, Severity
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within

PAGE = 50
CLOSED_SHOWN = 20
SEARCH_LENGTH = 60
_TABLE = Alert.__table__.c
COLUMNS: Columns = {             # what the list may be sorted by
    # critical first, then by deadline
    "urgency": func.concat(case((Alert.severity == Severity.CRITICAL, "0"), else_="1"),
                           func.to_char(func.timezone("UTC", _TABLE.deadline),
                                        "YYYYMMDDHH24MISSUS")),
    "deadline": _TABLE.deadline,
    "raised": _TABLE.created_at,
}
URGENT = Order("urgency")


async def open_alerts(session: AsyncSession, *, search: str = "", severity: Severity | None = None,
                      order: Order = URGENT, after: str = "") -> tuple[list[Any], str | None]:
    """A page of alerts not closed, as (Alert with patient, Encounter), and the next one's cursor.
    ``search``: part of a patient's name, or a record number's beginning."""
    query = _with_stay().where(Alert.state != AlertState.CLOSED)
    if severity is not None:
        query = query.where(Alert.severity == severity)
    if search:
        query = query.where(Alert.patient.has(or_(
            Patient.name.icontains(search, autoescape=True),
            Patient.mrn.istartswith(search, autoescape=True))))
    return await page(session, query, COLUMNS, _TABLE.id, order, after=after, size=PAGE)


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
    return within(select(Alert, Encounter)
                  .join(Response, Response.id == Alert.response_id)
                  .join(Task, Task.id == Response.task_id)
                  .join(Encounter, Encounter.id == Task.encounter_id)
                  .options(joinedload(Alert.patient, innerjoin=True)), Encounter)
