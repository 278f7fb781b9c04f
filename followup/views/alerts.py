"""Alerts that somebody must act on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.errors import NotFound
from followup.patients.models import Encounter
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Response, Severity
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within
from followup.views.search import named

PAGE = 50
CLOSED_SHOWN = 20
_CLOSED = Alert.state == AlertState.CLOSED
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
CLOSED_COLUMNS: Columns = {"closed": _TABLE.closed_at}   # the same of closed ones, which are many
URGENT, LATEST = Order("urgency"), Order("closed", down=True)
STATES = ("open", "closed")                      # the first is the usual one


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alerts. ``search``: of the patient; ``state``: one of STATES; what is empty does not
    matter."""

    search: str = ""
    severity: Severity | None = None
    state: str = STATES[0]
    department: str = ""


async def list_alerts(session: AsyncSession, wanted: Filter = Filter(), *, order: Order = URGENT,
                      after: str = "", size: int | None = None) -> tuple[list[Any], str | None]:
    """A page of alerts, as (Alert with patient, Encounter), and the next one's cursor."""
    closed = wanted.state == "closed"
    query = _with_stay().where(_CLOSED if closed else Alert.state != AlertState.CLOSED)
    if wanted.severity is not None:
        query = query.where(Alert.severity == wanted.severity)
    if wanted.department:
        query = query.where(Encounter.department == wanted.department)
    if wanted.search:
        query = query.where(named(_TABLE.patient_id, wanted.search))
    return await page(session, query, CLOSED_COLUMNS if closed else COLUMNS, _TABLE.id, order,
                      after=after, size=size or PAGE)


async def closed_alerts(session: AsyncSession) -> Sequence[Row[Any]]:
    """The latest closed ones, as (Alert with patient, Encounter)."""
    return (await session.execute(
        _with_stay().where(_CLOSED)
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
