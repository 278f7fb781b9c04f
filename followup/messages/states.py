"""The states of a message, and what moves them. Pure: the clock is an argument.

A message is handed to the provider at most once: who is not sure whether it was taken never hands
it over again, but asks the provider what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class MessageState(StrEnum):
    """Where a message is."""

    QUEUED = "queued"            # to be sent, or proven not to have been taken yet
    SENDING = "sending"          # being handed over; its intent is committed
    UNSURE = "unsure"            # handed over perhaps; never again by itself
    SENT = "sent"                # the provider has it
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"          # not sent in time, or the phone was off too long
    RECEIVED = "received"        # one that came from a patient


class Fate(StrEnum):
    """What a provider says became of a message."""

    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


WITH_PROVIDER = frozenset({MessageState.SENDING, MessageState.UNSURE, MessageState.SENT})
CHECKED_FOR = timedelta(days=3)          # how long it is asked what became of a message
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=12)
_AGAIN, _LONGEST = timedelta(minutes=2), timedelta(hours=1)
_REACHED = {Fate.UNDER_WAY: MessageState.SENT, Fate.DELIVERED: MessageState.DELIVERED,
            Fate.FAILED: MessageState.FAILED, Fate.EXPIRED: MessageState.EXPIRED}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's word on one message; ``at`` is when it came about, if that is told."""

    fate: Fate
    code: str = ""
    provider_id: str = ""
    at: datetime | None = None


def after(state: MessageState, fate: Fate) -> MessageState:
    """The state once this is known. Receipts come late, twice and in any order: a delivered message
    stays delivered, and nothing goes back."""
    if state in WITH_PROVIDER:
        return _REACHED[fate]
    given_up = state in (MessageState.FAILED, MessageState.EXPIRED)
    return MessageState.DELIVERED if given_up and fate is Fate.DELIVERED else state


def wait_before_again(attempts: int) -> timedelta:
    """How long to wait after the provider has taken nothing, ``attempts`` times."""
    doubled: int = 2 ** max(0, min(attempts, 20) - 1)
    return min(_AGAIN * doubled, _LONGEST)


def next_check(handed_over: datetime, moment: datetime) -> datetime | None:
    """When to ask next what became of it: ever more rarely; None: no more."""
    age = moment - handed_over
    if age >= CHECKED_FOR:
        return None
    return moment + min(max(age, _SOONEST), _LATEST)
