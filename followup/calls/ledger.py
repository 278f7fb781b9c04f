"""The ledger of attempts: every step of every dial, in PostgreSQL before the next is taken.

All moves are idempotent and one-way, so that the dialer, the FastAGI workers and the reconciler
may write what each of them saw, in any order, after any crash.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert, AlertState
from followup.calls.models import (
    AnsweredBy,
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
)
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.campaigns.retry import NextStep, counts
from followup.database.base import now
from followup.patients.models import Patient
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.responses.models import Response

CHANNEL_PREFIX = "aftercall-"
_ORDER = list(AttemptState)


@dataclass(frozen=True)
class Caps:
    """How often one patient may be called, over all campaigns."""

    per_day: int
    per_5_min: int


def attempt_id_of(channel_id: str) -> uuid.UUID | None:
    """The attempt that a channel's Uniqueid belongs to; None when it is no call of ours."""
    try:
        return uuid.UUID(channel_id.removeprefix(CHANNEL_PREFIX)) \
            if channel_id.startswith(CHANNEL_PREFIX) else None
    except ValueError:
        return None


async def claim(session: AsyncSession, *, node: str, caps: Caps,
                moment: datetime | None = None) -> Attempt | None:
    """Take the most urgent due task and write its next attempt; None when nothing may be called.

    The caller commits before it dials. Tasks that another worker is claiming are passed over.
    """
    moment = moment or now()
    task = await session.scalar(
        select(Task).join(Task.campaign).join(Task.patient)
        .where(Task.state == TaskState.DUE, Task.due_at <= moment,
               Campaign.state == CampaignState.RUNNING, not_(Patient.do_not_call),
               _may_be_asked(),
               _dialled_since(moment - timedelta(days=1)) < caps.per_day,
               _dialled_since(moment - timedelta(minutes=5)) < caps.per_5_min,
               ~select(Attempt.id).where(Attempt.patient_id == Task.patient_id,
                                         Attempt.state != AttemptState.ENDED).exists())
        .order_by(Task.priority, Task.due_at)
        .limit(1).with_for_update(skip_locked=True, of=(Task, Patient))
        .options(joinedload(Task.patient)))
    if task is None:
        return None
    seq = await session.scalar(select(func.count()).where(Attempt.task_id == task.id))
    attempt = Attempt(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                      seq=(seq or 0) + 1, node=node, phone=task.patient.phone,
                      state=AttemptState.COMMITTED, committed_at=moment)
    session.add(attempt)
    task.state = TaskState.CALLING
    await session.flush()
    return attempt


def _may_be_asked() -> ColumnElement[bool]:
    """The questionnaire is in use, or it was begun: then it is finished, withdrawn or not."""
    withdrawn = select(QuestionnaireRow.id).where(
        QuestionnaireRow.status == QuestionnaireStatus.RETIRED)
    begun = select(Response.id).where(Response.task_id == Task.id).correlate(Task)
    return Campaign.questionnaire_id.not_in(withdrawn) | begun.exists()


def _really_dialled() -> ColumnElement[bool]:
    """No telephone rang of what never left us, or what trunk or gateway would not take."""
    return or_(Attempt.disposition.is_(None), Attempt.disposition.not_in(
        [how for how in Disposition if not counts(how)]))


def _dialled_since(since: datetime) -> ColumnElement[int]:
    return (select(func.count()).select_from(Attempt)
            .where(Attempt.patient_id == Task.patient_id, Attempt.committed_at > since,
                   _really_dialled())
            .correlate(Task).scalar_subquery())


async def advance(session: AsyncSession, attempt_id: uuid.UUID, state: AttemptState,
                  moment: datetime | None = None) -> bool:
    """Note that an attempt has come as far as ``state``; False when it was there already."""
    column = {AttemptState.SENT: "sent_at", AttemptState.RINGING: "ringing_at",
              AttemptState.ANSWERED: "answered_at"}[state]
    earlier = _ORDER[:_ORDER.index(state)]
    done = await session.execute(
        update(Attempt).where(Attempt.id == attempt_id, Attempt.state.in_(earlier))
        .values({"state": state, column: moment or now()}).returning(Attempt.id))
    return done.first() is not None


async def note_outcome(session: AsyncSession, attempt_id: uuid.UUID, outcome: Disposition,
                       hangup_point: str | None = None,
                       call_back_at: datetime | None = None,
                       answered_by: AnsweredBy | None = None) -> None:
    """Keep what the conversation came to; the attempt itself ends with its channel."""
    await session.execute(update(Attempt).where(Attempt.id == attempt_id).values(
        outcome=outcome, hangup_point=hangup_point, call_back_at=call_back_at,
        answered_by=answered_by))


async def end(session: AsyncSession, attempt_id: uuid.UUID, disposition: Disposition, *,
              step: Any, cause: int | None = None, sip_code: int | None = None,
              settled_by: str = "event", moment: datetime | None = None) -> bool:
    """Close an attempt and move its task on; False when it had ended already.

    ``step(disposition, attempts_made, call_back_at) -> NextStep`` is the retry policy.
    """
    moment = moment or now()
    attempt = await session.scalar(
        select(Attempt).where(Attempt.id == attempt_id, Attempt.state != AttemptState.ENDED)
        .with_for_update())
    if attempt is None:
        return False
    attempt.state, attempt.ended_at, attempt.disposition = AttemptState.ENDED, moment, disposition
    attempt.hangup_cause, attempt.sip_code, attempt.settled_by = cause, sip_code, settled_by
    task = await session.get_one(Task, attempt.task_id, with_for_update=True)
    task.attempts_made += counts(disposition)
    task.disposition = disposition
    if task.state is TaskState.CALLING:
        following: NextStep = step(disposition, task.attempts_made, attempt.call_back_at)
        task.state = following.state
        task.due_at = following.due_at or task.due_at
    await _let_go_of_agents(session, attempt_id, moment)
    return True


async def _let_go_of_agents(session: AsyncSession, attempt_id: uuid.UUID,
                            moment: datetime) -> None:
    """Whatever a crash left reserved for this call is free again, its alert open again."""
    await session.execute(
        update(Alert).where(Alert.state == AlertState.IN_CALL, Alert.id.in_(
            select(Escalation.alert_id).where(Escalation.attempt_id == attempt_id)))
        .values(state=AlertState.OPEN))
    await session.execute(
        update(Escalation).where(Escalation.attempt_id == attempt_id, Escalation.ended_at.is_(None),
                                 Escalation.bridged_at.is_(None))
        .values(state=EscalationState.ABANDONED, ended_at=moment))
    await session.execute(
        update(Escalation).where(Escalation.attempt_id == attempt_id, Escalation.ended_at.is_(None))
        .values(ended_at=moment))
    await session.execute(
        update(Agent).where(Agent.attempt_id == attempt_id, Agent.state.in_(
            (AgentState.RESERVED, AgentState.ON_CALL)))
        .values(state=AgentState.WRAP_UP, state_since=moment, wrap_up_until=moment,
                attempt_id=None))


async def live(session: AsyncSession, node: str | None = None) -> list[Attempt]:
    """Attempts that have not ended, oldest first."""
    query = select(Attempt).where(Attempt.state != AttemptState.ENDED).order_by(
        Attempt.committed_at)
    if node is not None:
        query = query.where(Attempt.node == node)
    return list(await session.scalars(query))


async def dialled_in(session: AsyncSession, span: timedelta) -> int:
    """How many attempts were made in the last ``span``: the hospital's own fraud cap."""
    return await session.scalar(select(func.count()).select_from(Attempt).where(
        Attempt.committed_at > now() - span, _really_dialled())) or 0
