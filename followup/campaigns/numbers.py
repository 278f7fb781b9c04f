"""Which of a patient's numbers is called next. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from followup.calls.models import Disposition

NOBODY = frozenset({Disposition.NO_ANSWER, Disposition.BUSY, Disposition.REJECTED,
                    Disposition.VOICEMAIL})
IN_VAIN = 2          # calls to a number that reach nobody: then it is the next number's turn


class NumberOrder(StrEnum):
    """Which numbers a campaign calls."""

    IN_TURN = "in_turn"          # the first; the next when it is invalid or reaches nobody
    OWN_ONLY = "own_only"        # as in_turn, but no relative's
    FIRST_ONLY = "first_only"


@dataclass(frozen=True)
class Number:
    """One of a patient's numbers (E.164). ``contact_id`` is None for the one in the record."""

    number: str
    contact_id: uuid.UUID | None = None
    own: bool = True
    invalid: bool = False


@dataclass(frozen=True)
class Try:
    """An earlier attempt of the same task; ``how`` it ended."""

    number: str
    how: Disposition | None


def choose(numbers: Sequence[Number], tries: Sequence[Try],
           order: NumberOrder = NumberOrder.IN_TURN) -> Number | None:
    """The number whose turn it is; ``numbers`` stand in the patient's order. None: none is left.

    When all have been called twice in vain, the first is called again.
    """
    if order is NumberOrder.FIRST_ONLY:
        numbers = numbers[:1]
    invalid = {each.number for each in tries if each.how is Disposition.INVALID_NUMBER}
    left = [each for each in numbers if not each.invalid and each.number not in invalid
            and (each.own or order is not NumberOrder.OWN_ONLY)]

    def rounds(number: Number) -> int:
        return sum(each.number == number.number and each.how in NOBODY for each in tries) // IN_VAIN

    return min(left, key=rounds, default=None)       # of equals the first
