"""The ledger of attempts: every step of every dial, in PostgreSQL before the next is taken.

All moves are idempotent and one-way, so that the dialer, the FastAGI workers and the reconciler
may write what each of them saw, in any order, after any crash.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert, AlertState
from followup.calls.claims import claim
from followup.calls.models import (
    AnsweredBy,
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
)
from followup.campaigns.models import Task, TaskState
from followup.campaigns.retry import NextStep, counts
from followup.database.base import now
from followup.patients.models import Patient, PatientContact

__all__ = ["NUMBER_CHECK", "advance", "attempt_id_of", "claim", "dialled_in", "end", "live",
           "note_outcome"]

CHANNEL_PREFIX = "aftercall-"
NUMBER_CHECK = "number check"        # settled by us: the trunk may not call that number
_ORDER = list(AttemptState)


def attempt_id_of(channel_id: str) -> uuid.UUID | None:
    """The attempt that a channel's Uniqueid belongs to; None when it is no call of ours."""
    try:
        return uuid.UUID(channel_id.removeprefix(CHANNEL_PREFIX)) \
            if channel_id.startswith(CHANNEL_PREFIX) else None
    except ValueError:
        return None


def _really_dialled() -> ColumnElement[bool]:
    """No telephone rang of what never left us, or what trunk or gateway would not take."""
    return or_(Attempt.disposition.is_(None), Attempt.disposition.not_in(
        [how for how in Disposition if not counts(how)]))


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
                       answered_by: AnsweredBy | None = None,
                       unless: Disposition | None = None) -> None:
    """Keep what the conversation came to; the attempt itself ends with its channel.

    ``unless``: not over this outcome.
    """
    await session.execute(update(Attempt).where(
        Attempt.id == attempt_id, Attempt.outcome.is_distinct_from(unless) if unless else true(),
    ).values(
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
    if disposition is Disposition.INVALID_NUMBER and settled_by != NUMBER_CHECK:
        await _mark_invalid(session, attempt, moment)
    await _let_go_of_agents(session, attempt_id, moment)
    return True


async def _mark_invalid(session: AsyncSession, attempt: Attempt, moment: datetime) -> None:
    """The network knows no such number: no campaign need try it, until it is put right."""
    await session.execute(
        update(Patient).values(phone_invalid_at=moment)
        .where(Patient.id == attempt.patient_id, Patient.phone == attempt.phone))
    await session.execute(
        update(PatientContact).values(invalid_at=moment)
        .where(PatientContact.patient_id == attempt.patient_id,
               PatientContact.number == attempt.phone))


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
