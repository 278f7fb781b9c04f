"""A patient at a glance: how the follow-ups have gone, what is open, what comes next."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts.models import Alert, AlertState
from followup.calls.models import Attempt, Recording, RecordingState
from followup.campaigns.models import OPEN_TASKS, Campaign, Task, TaskState
from followup.cases.models import Case
from followup.cases.states import CaseState
from followup.messages.consent import opt_outs
from followup.messages.models import MessageOptOut
from followup.responses.models import Response, ResponseState
from followup.views.reach import within

OPEN_SHOWN = 10
_WAITING = (*OPEN_TASKS, TaskState.NEEDS_PERSON)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one patient; ``last_answered``: the last call that was answered."""

    calls: int
    answered: int
    last_answered: datetime | None
    completed: int               # questionnaires
    refused_recordings: int
    open_alerts: Sequence[Alert]
    open_cases: Sequence[Case]
    no_messages: Mapping[str, MessageOptOut]     # numbers whose owners want none


@dataclass(frozen=True, slots=True)
class Next:
    """A task that is not at its end: when it is due, by which campaign, what holds it."""

    task: Task
    campaign: Campaign


async def summary(session: AsyncSession, patient_id: uuid.UUID) -> Summary:
    """The patient's counts, and what is open."""
    calls, answered, last = (await session.execute(within(select(
        func.count(Attempt.id), func.count(Attempt.answered_at), func.max(Attempt.answered_at))
        .where(Attempt.patient_id == patient_id), Attempt))).one()
    completed = await session.scalar(within(select(func.count(Response.id)).where(
        Response.patient_id == patient_id, Response.state == ResponseState.COMPLETED), Response))
    refused = await session.scalar(within(select(func.count(Recording.id)).where(
        Recording.attempt_id.in_(select(Attempt.id).where(Attempt.patient_id == patient_id)),
        Recording.state == RecordingState.REFUSED), Recording))
    alerts = await session.scalars(within(
        select(Alert).where(Alert.patient_id == patient_id, Alert.state != AlertState.CLOSED)
        .order_by(Alert.deadline, Alert.id).limit(OPEN_SHOWN), Alert))
    cases = await session.scalars(within(
        select(Case).where(Case.patient_id == patient_id, Case.state != CaseState.CLOSED)
        .order_by(Case.created_at.desc(), Case.id).limit(OPEN_SHOWN), Case))
    return Summary(calls, answered, last, completed or 0, refused or 0, alerts.all(), cases.all(),
                   await opt_outs(session, patient_id))


async def next_tasks(session: AsyncSession, patient_id: uuid.UUID) -> list[Next]:
    """What is still to be done for the patient, the soonest first."""
    return [Next(*row) for row in await session.execute(within(
        select(Task, Campaign).join(Campaign, Campaign.id == Task.campaign_id)
        .where(Task.patient_id == patient_id, Task.state.in_(_WAITING))
        .order_by(Task.due_at, Task.id).limit(OPEN_SHOWN), Task))]
