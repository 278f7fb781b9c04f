"""The states of a case and the moves between them. Pure.

A complaint goes the long way, praise a shorter one. Each move says what must be said with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from followup.errors import Conflict


class CaseKind(StrEnum):
    """What somebody came to say."""

    COMPLAINT = "complaint"
    PRAISE = "praise"


class CaseState(StrEnum):
    """How far a case is."""

    REGISTERED = "registered"
    ACCEPTED = "accepted"            # it is ours to deal with
    ASSIGNED = "assigned"            # somebody owns it
    INVESTIGATING = "investigating"
    ANSWERED = "answered"            # the person has been told
    RESOLVED = "resolved"            # what was to be done is done
    CONFIRMED = "confirmed"          # the person agrees
    CLOSED = "closed"
    REOPENED = "reopened"


class Move(StrEnum):
    """What somebody does to a case."""

    ACCEPT = "accept"
    DISMISS = "dismiss"              # no case, or told twice: closed at once, with the reason
    ASSIGN = "assign"
    INVESTIGATE = "investigate"
    ANSWER = "answer"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    CLOSE = "close"
    REOPEN = "reopen"


class MoveRefused(Conflict):
    """This step does not follow from the state in which the case is."""

    id = "case-move-refused"


_S, _M = CaseState, Move
Table = Mapping[tuple[CaseState, Move], CaseState]

_COMPLAINT: Table = {
    (_S.REGISTERED, _M.ACCEPT): _S.ACCEPTED,
    (_S.REGISTERED, _M.DISMISS): _S.CLOSED,
    (_S.ACCEPTED, _M.ASSIGN): _S.ASSIGNED,
    (_S.ACCEPTED, _M.DISMISS): _S.CLOSED,
    (_S.ASSIGNED, _M.INVESTIGATE): _S.INVESTIGATING,
    (_S.ASSIGNED, _M.ASSIGN): _S.ASSIGNED,
    (_S.INVESTIGATING, _M.ANSWER): _S.ANSWERED,
    (_S.INVESTIGATING, _M.ASSIGN): _S.ASSIGNED,
    (_S.ANSWERED, _M.RESOLVE): _S.RESOLVED,
    (_S.ANSWERED, _M.INVESTIGATE): _S.INVESTIGATING,      # the answer did not satisfy
    (_S.RESOLVED, _M.CONFIRM): _S.CONFIRMED,
    (_S.RESOLVED, _M.CLOSE): _S.CLOSED,                   # nobody there to confirm
    (_S.RESOLVED, _M.INVESTIGATE): _S.INVESTIGATING,
    (_S.CONFIRMED, _M.CLOSE): _S.CLOSED,
    (_S.CLOSED, _M.REOPEN): _S.REOPENED,
    (_S.REOPENED, _M.ASSIGN): _S.ASSIGNED,
    (_S.REOPENED, _M.INVESTIGATE): _S.INVESTIGATING,
}
_PRAISE: Table = {
    (_S.REGISTERED, _M.ACCEPT): _S.ACCEPTED,
    (_S.REGISTERED, _M.DISMISS): _S.CLOSED,
    (_S.ACCEPTED, _M.ANSWER): _S.ANSWERED,
    (_S.ACCEPTED, _M.CLOSE): _S.CLOSED,
    (_S.ANSWERED, _M.CLOSE): _S.CLOSED,
    (_S.CLOSED, _M.REOPEN): _S.REOPENED,
    (_S.REOPENED, _M.ANSWER): _S.ANSWERED,
    (_S.REOPENED, _M.CLOSE): _S.CLOSED,
}
TABLES: Mapping[CaseKind, Table] = {CaseKind.COMPLAINT: _COMPLAINT, CaseKind.PRAISE: _PRAISE}

# states in which somebody still has something to do
OPEN = frozenset(CaseState) - {CaseState.CLOSED}
# moves that say nothing without words; the words of ANSWER go to the person, others stay inside
SPOKEN = frozenset({Move.DISMISS, Move.ANSWER, Move.RESOLVE, Move.REOPEN})


def moves(kind: CaseKind, state: CaseState) -> list[Move]:
    """What may be done now, the usual next step first."""
    return [move for (at, move) in TABLES[kind] if at is state]


def advance(kind: CaseKind, state: CaseState, move: Move) -> CaseState:
    """The state after ``move``; MoveRefused when it does not follow from this one."""
    try:
        return TABLES[kind][state, move]
    except KeyError:
        raise MoveRefused(f"move: {move.value} does not follow from {state.value}",
                          state=state.value, move=move.value) from None


def needs_words(kind: CaseKind, state: CaseState, move: Move) -> bool:
    """Must this step be explained? Closing without the person's yes must."""
    unconfirmed = kind is CaseKind.COMPLAINT and move is Move.CLOSE and state is CaseState.RESOLVED
    return move in SPOKEN or unconfirmed
