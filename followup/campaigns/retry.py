"""What becomes of a task when one of its attempts has ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from followup.calls.models import Disposition
from followup.campaigns.calling_hours import CallingHours
from followup.campaigns.models import TaskState


class Again(Enum):
    """Whether and how an outcome leads to another attempt."""

    NEVER = "never"
    LADDER = "ladder"        # counted; waits longer each time, gives up at the limit
    SOON = "soon"            # not the patient's doing: not counted as one of their attempts
    PERSON = "person"        # a human decides


POLICY = {
    Disposition.COMPLETED: Again.NEVER,
    Disposition.ESCALATED: Again.NEVER,
    Disposition.CALLBACK_ALERT: Again.NEVER,      # the alert's call-back takes over
    Disposition.WRONG_PERSON: Again.PERSON,       # the number must be put right first
    Disposition.INVALID_NUMBER: Again.PERSON,
    Disposition.REFUSED: Again.NEVER,
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

# Waits before the second, third, … attempt; the last one holds for all that follow.
LADDER = {
    Disposition.BUSY: (timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=3)),
    Disposition.PARTIAL: (timedelta(minutes=30), timedelta(hours=3)),
    Disposition.CALL_BACK: (timedelta(hours=2), timedelta(hours=4)),
    # the telephone is off or out of reach: another time of day, not soon again
    Disposition.VOICEMAIL: (timedelta(hours=3), timedelta(hours=5), timedelta(days=1)),
}
LADDER_ELSE = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
SOON = {Disposition.CONGESTION: timedelta(minutes=5), Disposition.NOT_PLACED: timedelta(0)}


@dataclass(frozen=True)
class NextStep:
    """The task's new state; ``due_at`` only when it is due again."""

    state: TaskState
    due_at: datetime | None = None


def next_step(disposition: Disposition, attempts_made: int, max_attempts: int,
              ended_at: datetime, hours: CallingHours,
              call_back_at: datetime | None = None) -> NextStep:
    """Decide on a task after an attempt; ``attempts_made`` includes it if it was dialled.

    ``call_back_at`` is the time that a patient named for Disposition.CALL_BACK: it is kept even
    beyond the limit of attempts, which is there for those who do not answer.
    """
    if disposition is Disposition.CALL_BACK and call_back_at is not None:
        return NextStep(TaskState.DUE, hours.next_allowed(max(call_back_at, ended_at)))
    match POLICY[disposition]:
        case Again.NEVER:
            return NextStep(TaskState.DONE)
        case Again.PERSON:
            return NextStep(TaskState.NEEDS_PERSON)
        case Again.SOON:
            return NextStep(TaskState.DUE, hours.next_allowed(ended_at + SOON[disposition]))
        case Again.LADDER:
            if attempts_made >= max_attempts:
                return NextStep(TaskState.GAVE_UP)
            steps = LADDER.get(disposition, LADDER_ELSE)
            wait = steps[min(max(attempts_made, 1), len(steps)) - 1]
            return NextStep(TaskState.DUE, hours.next_allowed(ended_at + wait))


def counts(disposition: Disposition) -> bool:
    """Whether the patient's phone was really dialled."""
    return POLICY[disposition] is not Again.SOON
