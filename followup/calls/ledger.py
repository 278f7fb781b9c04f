"""The ledger of attempts: every step of every dial, in PostgreSQL before the next is taken.

All moves are idempotent and one-way, so that the dialer, the FastAGI workers and the reconciler
may write what each of them saw, in any order, after any crash.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, or_, select, update
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
from followup.database.statements import Statement, Where
from followup.patients.models import Patient, PatientContact

__all__ = ["NUMBER_CHECK", "advance", "attempt_id_of", "claim", "dialled_in", "end", "live",
           "note_outcome"]

CHANNEL_PREFIX = "aftercall-"
NUMBER_CHECK = "number check"        # settled by us: the trunk may not call that number
_ORDER = list(AttemptState)
_ATTEMPT = cast("Table", Attempt.__table__)
_THIS = _ATTEMPT.c.id == bindparam("attempt")
_ADVANCE = {state: Statement(
    update(_ATTEMPT).where(_THIS, or_(*(_ATTEMPT.c.state == earlier
                                        for earlier in _ORDER[:_ORDER.index(state)])))
    .values({"state": state, column: bindparam("moment")}).returning(_ATTEMPT.c.id))
    for state, column in ((AttemptState.SENT, "sent_at"), (AttemptState.RINGING, "ringing_at"),
                          (AttemptState.ANSWERED, "answered_at"))}
_CAME_TO = update(_ATTEMPT).where(_THIS).values(
    outcome=bindparam("came_to"), hangup_point=bindparam("point"),
    call_back_at=bindparam("call_back"), answered_by=bindparam("who"))
_NOTE = Statement(_CAME_TO)
_NOTE_UNLESS = Statement(_CAME_TO.where(
    _ATTEMPT.c.outcome.is_distinct_from(bindparam("but"))))


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


async def advance(where: Where, attempt_id: uuid.UUID, state: AttemptState,
                  moment: datetime | None = None) -> bool:
    """Note that an attempt has come as far as ``state``; False when it was there already."""
    return bool(await _ADVANCE[state].run(where, attempt=attempt_id, moment=moment or now()))


async def note_outcome(where: Where, attempt_id: uuid.UUID, outcome: Disposition,
                       hangup_point: str | None = None,
                       call_back_at: datetime | None = None,
                       answered_by: AnsweredBy | None = None,
                       unless: Disposition | None = None) -> None:
    """Keep what the conversation came to; the attempt itself ends with its channel.

    ``unless``: not over this outcome.
    """
    noted = {"attempt": attempt_id, "came_to": outcome, "point": hangup_point,
             "call_back": call_back_at, "who": answered_by}
    if unless is None:
        await _NOTE.run(where, **noted)
    else:
        await _NOTE_UNLESS.run(where, **noted, but=unless)


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
