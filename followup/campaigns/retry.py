"""What becomes of a task when one of its attempts has ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from followup.calls.models import Disposition
from followup.campaigns.calling_hours import CallingHours
from followup.campaigns.models import TaskState
from followup.campaigns.rules import Retries


class Again(Enum):
    """Whether and how an outcome leads to another attempt."""

    NEVER = "never"
    LADDER = "ladder"        # counted; waits as the campaign's rules say, gives up at the limit
    SOON = "soon"            # not the patient's doing: not counted as one of their attempts
    PERSON = "person"        # a human decides


POLICY = {
    Disposition.COMPLETED: Again.NEVER,
    Disposition.ESCALATED: Again.NEVER,
    Disposition.CALLBACK_ALERT: Again.NEVER,      # the alert's call-back takes over
    Disposition.WRONG_PERSON: Again.PERSON,       # the number must be put right first
    Disposition.DEATH_REPORTED: Again.PERSON,
    Disposition.INVALID_NUMBER: Again.PERSON,
    Disposition.REFUSED: Again.NEVER,
    Disposition.ABANDONED: Again.LADDER,
    Disposition.PARTIAL: Again.LADDER,
    Disposition.CALL_BACK: Again.LADDER,
    Disposition.NO_INPUT: Again.LADDER,
    Disposition.VOICEMAIL: Again.LADDER,
    Disposition.IDENTITY_FAILED: Again.PERSON,    # the number or the record may be wrong
    Disposition.BUSY: Again.LADDER,
    Disposition.NO_ANSWER: Again.LADDER,
    Disposition.REJECTED: Again.LADDER,
    Disposition.CONGESTION: Again.SOON,
    Disposition.FAILED: Again.LADDER,
    Disposition.NOT_PLACED: Again.SOON,
    Disposition.UNKNOWN: Again.PERSON,
}

SOON = {Disposition.CONGESTION: timedelta(minutes=5), Disposition.NOT_PLACED: timedelta(0)}


class OtherNumber(Enum):
    """Whether the patient has another number than the one that turned out to be invalid."""

    NONE = "none"
    TRIED = "tried"          # in this task, in vain
    FRESH = "fresh"


@dataclass(frozen=True)
class NextStep:
    """The task's new state; ``due_at`` only when it is due again."""

    state: TaskState
    due_at: datetime | None = None


def next_step(disposition: Disposition, attempts_made: int, max_attempts: int,
              ended_at: datetime, hours: CallingHours,
              call_back_at: datetime | None = None, *, retries: Retries | None = None,
              other_number: OtherNumber = OtherNumber.NONE, jitter: float = 0.0) -> NextStep:
    """Decide on a task after an attempt; ``attempts_made`` includes it if it was dialled.

    ``call_back_at`` is the time that a patient named for Disposition.CALL_BACK: it is kept even
    beyond the limit of attempts, which is there for those who do not answer. ``jitter``, 0 to 1,
    spreads those whom a gateway refused together: they do not come back together.
    """
    if disposition is Disposition.CALL_BACK and call_back_at is not None:
        return _due(max(call_back_at, ended_at), hours)
    again = POLICY[disposition]
    if disposition is Disposition.INVALID_NUMBER and other_number is not OtherNumber.NONE:
        if other_number is OtherNumber.FRESH:          # nobody has been troubled yet
            return _due(ended_at, hours)
        again = Again.LADDER
    match again:
        case Again.NEVER:
            return NextStep(TaskState.DONE)
        case Again.PERSON:
            return NextStep(TaskState.NEEDS_PERSON)
        case Again.SOON:
            return _due(ended_at + SOON[disposition] * (1 + jitter / 5), hours)
        case Again.LADDER:
            wait = (retries or Retries()).after(disposition, attempts_made)
            if attempts_made >= max_attempts or wait is None:
                return NextStep(TaskState.GAVE_UP)
            return _due(ended_at + wait, hours)


def _due(moment: datetime, hours: CallingHours) -> NextStep:
    due_at = hours.next_allowed(moment)
    return NextStep(TaskState.DUE, due_at) if due_at else NextStep(TaskState.NEEDS_PERSON)


def counts(disposition: Disposition) -> bool:
    """Whether the patient's phone was really dialled."""
    return POLICY[disposition] is not Again.SOON
