"""May this patient be called now; if not, when, and why not. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from followup.campaigns.calling_hours import CallingHours
from followup.campaigns.models import Held

FIVE_MINUTES, A_DAY = timedelta(minutes=5), timedelta(hours=24)
REMEMBERED = 2 * A_DAY       # how far back ``permit`` looks


@dataclass(frozen=True)
class Caps:
    """How often one patient may be called, over all campaigns."""

    per_day: int = 5         # within any 24 hours; then not before the next day
    per_5_min: int = 3


@dataclass(frozen=True)
class May:
    """A call may be placed now."""


@dataclass(frozen=True)
class PutOff:
    """No call before ``until`` (UTC, within the calling hours)."""

    until: datetime
    why: Held


@dataclass(frozen=True)
class Never:
    """There is no time at which a call may be placed: a person must look at it."""

    why: Held


Verdict = May | PutOff | Never


def permit(moment: datetime, hours: CallingHours, dialled: Iterable[datetime],
           caps: Caps) -> Verdict:
    """``dialled``: when the patient was really dialled, over all campaigns; those of the last
    REMEMBERED count.
    """
    capped = [wait for wait in _waits(hours, sorted(dialled), caps) if wait.until > moment]
    last = max(capped, key=lambda wait: wait.until, default=None)
    until = hours.next_allowed(last.until if last else moment)
    if until is None:
        return Never(Held.NO_HOURS)
    if last is not None:
        return PutOff(until, last.why)
    if until == moment:
        return May()
    return PutOff(until, Held.HOLIDAY if hours.on_holiday(moment) else Held.HOURS)


def _waits(hours: CallingHours, dialled: list[datetime], caps: Caps) -> Iterator[PutOff]:
    if len(dialled) >= caps.per_5_min:
        yield PutOff((dialled[-caps.per_5_min] + FIVE_MINUTES).astimezone(UTC), Held.CAP_5_MIN)
    if len(dialled) >= caps.per_day:
        yield PutOff((dialled[-caps.per_day] + A_DAY).astimezone(UTC), Held.CAP_24_H)
    # the calls with which a day's cap was reached: none more on that day, even if the cap lets go
    for first, last in zip(dialled, dialled[caps.per_day - 1:], strict=False):
        if last - first < A_DAY:
            yield PutOff(hours.next_day(last), Held.NEXT_DAY)
