"""When a case must be accepted, answered and closed, and how it stands. Pure: the clock is an
argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from followup.cases.office_hours import OfficeHours


class Standing(StrEnum):
    """How a case stands to its next deadline."""

    NONE = "none"            # no deadline, or nothing more to do
    IN_TIME = "in_time"
    SOON = "soon"            # most of the time has gone: the owner is reminded
    LATE = "late"            # past it: the case is escalated


class Clock(StrEnum):
    """Which time is counted."""

    CALENDAR = "calendar"    # round the clock
    WORKING = "working"      # the office's hours


class Step(StrEnum):
    """What has a deadline."""

    ACCEPT = "accept"
    ANSWER = "answer"
    CLOSE = "close"


# of the time to a deadline, after which its owner is reminded
REMIND_AFTER = 0.75


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a severity leaves, and by which clock; ``answer`` None: only closing counts."""

    accept: timedelta
    close: timedelta
    answer: timedelta | None = None
    clock: Clock = Clock.CALENDAR


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is ``due``, and when its owner is reminded, which is by the same clock."""

    due: datetime
    soon: datetime


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Those of a case; None: there is none for this step."""

    accept: Deadline | None = None
    answer: Deadline | None = None
    close: Deadline | None = None

    def columns(self) -> dict[str, datetime | None]:
        """As the table of cases has them."""
        return {f"{step}_{what}": getattr(self.of(step), what, None)
                for step in Step for what in ("due", "soon")}

    def of(self, step: Step) -> Deadline | None:
        """That of a step."""
        found: Deadline | None = getattr(self, step.value)
        return found


@dataclass(frozen=True, slots=True)
class Times:
    """What a case has of deadlines and of steps taken."""

    deadlines: Deadlines
    accepted: datetime | None = None
    answered: datetime | None = None
    closed: datetime | None = None


def due(limits: Limits | None, begun: datetime, hours: OfficeHours) -> Deadlines:
    """The deadlines of a case that began (was registered, or reopened) at ``begun``."""
    if limits is None:
        return Deadlines()

    def at(limit: timedelta) -> datetime:
        return hours.after(begun, limit) if limits.clock is Clock.WORKING else begun + limit

    def deadline(limit: timedelta) -> Deadline:
        return Deadline(at(limit), at(limit * REMIND_AFTER))

    return Deadlines(deadline(limits.accept), deadline(limits.answer) if limits.answer else None,
                     deadline(limits.close))


def next_step(times: Times) -> Step:
    """The step whose deadline counts while the case is open."""
    if not times.accepted:
        return Step.ACCEPT
    return Step.ANSWER if times.deadlines.answer and not times.answered else Step.CLOSE


def next_deadline(times: Times) -> Deadline | None:
    """The deadline that counts now; None when nothing is due."""
    return None if times.closed else times.deadlines.of(next_step(times))


def standing(times: Times, moment: datetime) -> Standing:
    """How the case stands at ``moment``."""
    deadline = next_deadline(times)
    if deadline is None:
        return Standing.NONE
    if moment >= deadline.due:
        return Standing.LATE
    return Standing.SOON if moment >= deadline.soon else Standing.IN_TIME


def kept(times: Times, moment: datetime) -> bool | None:
    """Were the deadlines kept? None while that is open, or when there are none."""
    wanted = times.deadlines
    if wanted.accept is None or wanted.close is None:
        return None
    end = times.closed or moment
    steps = ((wanted.accept, times.accepted), (wanted.answer, times.answered), (wanted.close, None))
    if any(deadline and (at or end) > deadline.due for deadline, at in steps):
        return False
    return True if times.closed else None
