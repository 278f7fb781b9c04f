"""What the rooms that there are tell in a patient's timeline."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import DateTime, Select, Time, Uuid, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.agents.models import Agent
from followup.alerts.models import Alert
from followup.calls.models import Attempt, Escalation, Recording
from followup.campaigns.models import Campaign, Task
from followup.cases.models import Case
from followup.cases.register import whole
from followup.messages.models import Message
from followup.patients.models import Encounter
from followup.people import audit
from followup.people.models import AuditEvent
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Finding, Response
from followup.spotchecks.models import SpotCheck
from followup.views.reach import within
from followup.views.timeline import Event, Window, source

CONSENTS = (audit.STOP_CALLING, audit.ALLOW_CALLING, audit.STOP_MESSAGES, audit.ALLOW_MESSAGES,
            audit.REPORT_DEATH, audit.CONFIRM_DEATH, audit.REFUTE_DEATH, audit.REPORT_WRONG_NUMBER,
            audit.NUMBER_IS_RIGHT)


@dataclass(slots=True)
class Call:
    """One attempt with what was said in it."""

    attempt: Attempt
    campaign: Campaign
    questionnaire: QuestionnaireRow
    recording: Recording | None = None
    escalations: list[tuple[Escalation, str | None]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    findings: dict[uuid.UUID, Finding] = field(default_factory=dict)         # by answer
    whole: list[Answer] = field(default_factory=list)        # of the response, of all its calls


@dataclass(slots=True)
class Typed:
    """Answers that came by no call: typed in by somebody, or by another channel."""

    questionnaire: QuestionnaireRow
    answers: list[Answer]
    findings: dict[uuid.UUID, Finding]


@source("call")
async def calls(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Attempts, with outcome, answers, findings, recording and the agents they reached."""
    query: Any = (
        select(Attempt, Campaign, QuestionnaireRow)
        .join(Task, Task.id == Attempt.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .outerjoin(Response, Response.task_id == Task.id)
        .join(QuestionnaireRow, QuestionnaireRow.id == func.coalesce(
            Response.questionnaire_id, Campaign.questionnaire_id))
        .where(Attempt.patient_id == patient_id).options(selectinload(Campaign.questionnaire)))
    rows = await session.execute(
        within(window.of(query, Attempt.committed_at, Attempt.id), Attempt))
    found = {row[0].id: Call(*row) for row in rows}
    for recording in await session.scalars(
            select(Recording).where(Recording.attempt_id.in_(found))
            .options(selectinload(Recording.marks))):
        found[recording.attempt_id].recording = recording
    for escalation, name in await session.execute(
            select(Escalation, Agent.name).outerjoin(Agent, Agent.id == Escalation.agent_id)
            .where(Escalation.attempt_id.in_(found)).order_by(Escalation.requested_at)):
        found[escalation.attempt_id].escalations.append((escalation, name))
    whole: dict[uuid.UUID, list[Answer]] = defaultdict(list)
    of_tasks = select(Response.id).where(
        Response.task_id.in_({call.attempt.task_id for call in found.values()}))
    for answer, finding in await session.execute(
            select(Answer, Finding).outerjoin(Finding, Finding.answer_id == Answer.id)
            .where(Answer.response_id.in_(of_tasks), Answer.superseded_at.is_(None))
            .order_by(Answer.given_at, Answer.position)):
        whole[answer.response_id].append(answer)
        if call := found.get(answer.attempt_id):
            call.answers.append(answer)
            call.whole = whole[answer.response_id]
            if finding:
                call.findings[answer.id] = finding
    return [Event(call.attempt.committed_at, call.attempt.id, "call", call)
            for call in found.values()]


@source("answers")
async def typed(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Responses with answers that no call has brought."""
    given: Any = func.max(Answer.given_at)
    by_response = within(
        select(Response.id, given.label("at")).join(Answer, Answer.response_id == Response.id)
        .where(Response.patient_id == patient_id, Answer.attempt_id.is_(None),
               Answer.superseded_at.is_(None)).group_by(Response.id), Response).subquery()
    query = select(by_response.c.id, by_response.c.at, QuestionnaireRow).join(
        Response, Response.id == by_response.c.id).join(
        QuestionnaireRow, QuestionnaireRow.id == Response.questionnaire_id)
    rows = (await session.execute(window.of(query, by_response.c.at, by_response.c.id))).all()
    answers: dict[uuid.UUID, list[Answer]] = defaultdict(list)
    findings: dict[uuid.UUID, dict[uuid.UUID, Finding]] = defaultdict(dict)
    for answer, finding in await session.execute(
            select(Answer, Finding).outerjoin(Finding, Finding.answer_id == Answer.id)
            .where(Answer.response_id.in_([row[0] for row in rows]), Answer.attempt_id.is_(None),
                   Answer.superseded_at.is_(None)).order_by(Answer.given_at, Answer.position)):
        answers[answer.response_id].append(answer)
        if finding:
            findings[answer.response_id][answer.id] = finding
    return [Event(at, key, "answers", Typed(row, answers[key], findings[key]))
            for key, at, row in rows]


async def _made(session: AsyncSession, window: Window, kind: str,
                model: type[Alert | Case | Message], query: Select[Any]) -> list[Event]:
    """Rows that stand where they were made."""
    return [Event(row.created_at, row.id, kind, row) for row in
            await session.scalars(window.of(query, model.created_at, model.id))]


@source("alert")
async def alerts(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Alerts, when they were raised."""
    query = within(select(Alert).where(Alert.patient_id == patient_id), Alert)
    return await _made(session, window, "alert", Alert, query)


@source("case")
async def cases(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Complaints and praise, when they were registered."""
    query = within(select(Case).where(Case.patient_id == patient_id).options(*whole()), Case)
    return await _made(session, window, "case", Case, query)


@source("message")
async def messages(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Messages to and from the patient, when they were written."""
    query = within(select(Message).where(Message.patient_id == patient_id), Message)
    return await _made(session, window, "message", Message, query)


@source("check")
async def checks(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Spot checks of the patient's calls, when they were scored."""
    query = within(
        select(SpotCheck).join(Attempt, Attempt.id == SpotCheck.attempt_id)
        .where(Attempt.patient_id == patient_id, SpotCheck.checked_at.is_not(None)), SpotCheck)
    return [Event(check.checked_at, check.id, "check", check) for check in
            await session.scalars(window.of(query, SpotCheck.checked_at, SpotCheck.id))
            if check.checked_at]


@source("consent")
async def consents(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """What the patient has agreed to or withdrawn, out of the audit trail."""
    # rows of the trail have numbers: as an id of their own kind
    key = cast(func.lpad(func.to_hex(AuditEvent.id), 32, "0"), Uuid)
    query = select(AuditEvent, key).where(
        AuditEvent.subject == f"patient:{patient_id}", AuditEvent.action.in_(CONSENTS))
    return [Event(event.at, number, "consent", event) for event, number in
            await session.execute(window.of(query, AuditEvent.at, key))]


@source("stay")
async def stays(session: AsyncSession, patient_id: uuid.UUID, window: Window) -> list[Event]:
    """Stays, at the end of the day of discharge."""
    noon = Encounter.discharged_on + cast(literal("12:00"), Time)
    at = func.timezone("UTC", noon, type_=DateTime(timezone=True))
    query = within(select(Encounter).where(Encounter.patient_id == patient_id), Encounter)
    found: Sequence[Encounter] = (await session.scalars(
        window.of(query, at, Encounter.id))).all()
    return [Event(datetime.combine(stay.discharged_on, time(12), UTC), stay.id, "stay", stay)
            for stay in found]
