"""When a case must be accepted and closed, and how it stands. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """How a case stands to its next deadline."""

    NONE = "none"            # no deadline, or nothing more to do
    IN_TIME = "in_time"
    SOON = "soon"            # most of the time has gone: the owner is reminded
    LATE = "late"            # past it: the case is escalated


# of the time to a deadline, after which its owner is reminded
REMIND_AFTER = 0.75


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a severity leaves."""

    accept: timedelta
    close: timedelta


@dataclass(frozen=True, slots=True)
class Times:
    """What a case has of deadlines and of steps taken. ``begun``: registered, or reopened."""

    begun: datetime
    accept_due: datetime | None
    close_due: datetime | None
    accepted: datetime | None = None
    closed: datetime | None = None


def due(limits: Limits | None, begun: datetime) -> tuple[datetime | None, datetime | None]:
    """The deadlines to accept and to close a case that began at ``begun``."""
    return (begun + limits.accept, begun + limits.close) if limits else (None, None)


def next_due(times: Times) -> datetime | None:
    """The deadline that counts now: to accept, then to close; None when nothing is due."""
    if times.closed:
        return None
    return times.close_due if times.accepted else times.accept_due


def standing(times: Times, moment: datetime) -> Standing:
    """How the case stands at ``moment``."""
    deadline = next_due(times)
    if deadline is None:
        return Standing.NONE
    if moment >= deadline:
        return Standing.LATE
    soon = times.begun + (deadline - times.begun) * REMIND_AFTER
    return Standing.SOON if moment >= soon else Standing.IN_TIME


def kept(times: Times, moment: datetime) -> bool | None:
    """Were the deadlines kept? None while that is open, or when there are none."""
    if times.accept_due is None or times.close_due is None:
        return None
    if (times.accepted or times.closed or moment) > times.accept_due:
        return False
    if (times.closed or moment) > times.close_due:
        return False
    return True if times.closed else None
