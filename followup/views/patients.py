"""Patients: the list, and all that is known of one."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Date, func, literal, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from followup.agents.models import Agent
from followup.alerts.models import Alert, AlertState
from followup.calls.models import Attempt, Escalation, Recording
from followup.campaigns.models import Campaign, Task
from followup.errors import InvalidInput, NotFound
from followup.patients.models import Encounter, Patient
from followup.people.scope import current_scope
from followup.responses.models import Answer, Finding, Response
from followup.views.reach import seen, within

PAGE = 30
SEARCH_LENGTH = 60
_LONG_AGO = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list: a patient, the last stay, the last follow-up task."""

    patient: Patient
    stay: Encounter | None
    task: Task | None
    alert: Alert | None          # the most pressing one that is not closed


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the cursor of the page after them."""

    lines: list[Listed]
    after: str | None


@dataclass(slots=True)
class FollowUp:
    """One task with all that came of it."""

    task: Task
    campaign: Campaign
    attempts: list[Attempt]
    recordings: dict[uuid.UUID, Recording]                     # by attempt
    escalations: dict[uuid.UUID, list[tuple[Escalation, str | None]]]   # by attempt, agent's name
    response: Response | None = None
    findings: dict[uuid.UUID, Finding] = field(default_factory=dict)    # by answer


async def departments(session: AsyncSession) -> Sequence[str]:
    """Every department that has discharged somebody."""
    return (await session.scalars(within(
        select(Encounter.department).distinct().order_by(Encounter.department), Encounter))).all()


async def list_patients(session: AsyncSession, *, search: str = "", department: str = "",
                        after: str = "") -> Page:
    """Patients, the latest discharged first; ``search`` is part of a name or a record number's
    beginning, ``after`` a cursor of an earlier page."""
    stay = within(select(Encounter).where(Encounter.patient_id == Patient.id)
                  .order_by(Encounter.discharged_on.desc(), Encounter.id).limit(1), Encounter)
    if department:
        stay = stay.where(Encounter.department == department)
    latest = stay.lateral()
    of_stay = aliased(Encounter, latest)
    task = aliased(Task, within(select(Task).where(Task.patient_id == Patient.id).order_by(
        Task.created_at.desc(), Task.id).limit(1), Task).lateral())
    alert = aliased(Alert, within(select(Alert).where(
        Alert.patient_id == Patient.id, Alert.state != AlertState.CLOSED).order_by(
        Alert.deadline, Alert.id).limit(1), Alert).lateral())
    discharged = func.coalesce(of_stay.discharged_on, literal(_LONG_AGO, Date))
    query = (select(Patient, of_stay, task, alert).select_from(Patient)
             .join(of_stay, true(), isouter=not (department or current_scope().limited))
             .outerjoin(task, true()).outerjoin(alert, true())
             .order_by(discharged.desc(), Patient.id.desc()).limit(PAGE + 1))
    if search := search.strip()[:SEARCH_LENGTH]:
        query = query.where(or_(Patient.name.icontains(search, autoescape=True),
                                Patient.mrn.istartswith(search, autoescape=True)))
    if after:
        day, last = _parse_cursor(after)
        query = query.where(tuple_(discharged, Patient.id) < tuple_(
            literal(day, Date), literal(last)))
    found = [Listed(*row) for row in (await session.execute(query)).all()]
    cursor = None
    if len(found) > PAGE:
        end = found[PAGE - 1]
        cursor = _cursor(end.stay.discharged_on if end.stay else _LONG_AGO, end.patient.id)
    return Page(found[:PAGE], cursor)


def _cursor(day: date, last: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([day.isoformat(), last.hex]).encode()).decode()


def _parse_cursor(cursor: str) -> tuple[date, uuid.UUID]:
    try:
        day, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return date.fromisoformat(day), uuid.UUID(last)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidInput("after: expected a cursor of an earlier page", field="after",
                           expected="a cursor") from error


async def find_patient(session: AsyncSession, patient_id: uuid.UUID) -> Patient:
    """A patient with the stays that are seen; NotFound when there is none."""
    scope = current_scope()
    stays = selectinload(Patient.encounters.and_(seen(Encounter, scope)) if scope.limited
                         else Patient.encounters)
    patient = await session.scalar(within(
        select(Patient).where(Patient.id == patient_id).options(
            stays, selectinload(Patient.contacts)), Patient))
    if patient is None:
        raise NotFound("there is no such patient")
    return patient


async def alerts_of(session: AsyncSession, patient_id: uuid.UUID) -> Sequence[Alert]:
    """The patient's alerts: those not closed first, by deadline, then the latest closed."""
    return (await session.scalars(within(
        select(Alert).where(Alert.patient_id == patient_id)
        .order_by((Alert.state == AlertState.CLOSED), Alert.deadline.desc()).limit(20),
        Alert))).all()


async def follow_ups(session: AsyncSession, patient_id: uuid.UUID,
                     limit: int = 20) -> list[FollowUp]:
    """The patient's tasks, the latest first, each with attempts, answers, findings, recordings."""
    rows: Sequence[Any] = (await session.execute(within(
        select(Task, Campaign).join(Campaign, Campaign.id == Task.campaign_id)
        .where(Task.patient_id == patient_id)
        .order_by(Task.created_at.desc(), Task.id).limit(limit), Task))).all()
    found = {task.id: FollowUp(task, campaign, [], {}, {}) for task, campaign in rows}
    of_attempt: dict[uuid.UUID, FollowUp] = {}
    for attempt in await session.scalars(select(Attempt).where(
            Attempt.task_id.in_(found)).order_by(Attempt.seq.desc())):
        found[attempt.task_id].attempts.append(attempt)
        of_attempt[attempt.id] = found[attempt.task_id]
    for recording in await session.scalars(
            select(Recording).where(Recording.attempt_id.in_(of_attempt))
            .options(selectinload(Recording.marks))):
        of_attempt[recording.attempt_id].recordings[recording.attempt_id] = recording
    for escalation, name in await session.execute(
            select(Escalation, Agent.name).outerjoin(Agent, Agent.id == Escalation.agent_id)
            .where(Escalation.attempt_id.in_(of_attempt)).order_by(Escalation.requested_at)):
        of_attempt[escalation.attempt_id].escalations.setdefault(
            escalation.attempt_id, []).append((escalation, name))
    for response in await session.scalars(
            select(Response).where(Response.task_id.in_(found)).options(
                selectinload(Response.answers.and_(Answer.superseded_at.is_(None))),
                selectinload(Response.findings))):
        follow_up = found[response.task_id]
        follow_up.response = response
        follow_up.findings = {finding.answer_id: finding for finding in response.findings}
    return list(found.values())
