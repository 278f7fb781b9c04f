"""When to call again: the moment that was named, by the patient's clock, and whether we call then.

All times are local, without a zone: whoever places the call knows where the patient is.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ivr.conversation.state import Context
from ivr.understanding import When
from ivr.understanding.days_ahead import WEEKDAYS

STEP = 5                     # minutes: nobody asks to be called at 16:07
SOON = timedelta(minutes=30)             # what "this afternoon" may still mean, late in it
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


class Standing(StrEnum):
    """Whether a call can be promised for a moment."""

    OPEN = "open"
    PAST = "past"
    OUTSIDE = "outside"      # of the hours in which we call on that day
    CLOSED = "closed"        # we do not call on that day


def moment_of(named: When, now: datetime) -> datetime | None:
    """The moment that is meant at ``now``; None where no such day can be told.

    An hour without a day is the next such hour.
    """
    if named.after_min is not None:
        return _rounded_up(now + timedelta(minutes=named.after_min))
    day = _day_of(named, now.date())
    if day is None:
        return None
    if named.minute is None:             # at this time
        found = datetime.combine(day, time(now.hour, now.minute // STEP * STEP))
    else:
        found = _still(named, datetime.combine(day, time(*divmod(named.minute, 60))), now)
    if found <= now and named.week is None and named.days is None:
        found += _DAY if named.weekday is None else _WEEK
    return found


def _day_of(named: When, today: date) -> date | None:
    if named.weekday is None:
        return today + (named.days or 0) * _DAY
    if named.week is not None:
        found = today + (named.weekday - today.weekday() + 7 * named.week) * _DAY
    else:
        found = today + (named.weekday - today.weekday()) % 7 * _DAY
    if named.days is None:
        return found
    meant = today + named.days * _DAY    # 明天星期五: if tomorrow is none, it was misheard
    return meant if meant == found or (
        named.week is None and meant.weekday() == named.weekday) else None


def _still(named: When, usual: datetime, now: datetime) -> datetime:
    """This afternoon, said at five: as long as it lasts it is no time that is over."""
    if named.until is None or usual > now:
        return usual
    over = datetime.combine(usual.date(), time()) + timedelta(minutes=named.until)
    later = _rounded_up(now + SOON)
    return later if later <= over else usual


def _rounded_up(moment: datetime) -> datetime:
    whole = moment.replace(minute=moment.minute // STEP * STEP, second=0, microsecond=0)
    return whole if whole == moment else whole + timedelta(minutes=STEP)


def standing(context: Context, at: datetime) -> Standing:
    """Whether we call at ``at``; any time will do where our hours are not known."""
    if at <= datetime.fromisoformat(context.now):
        return Standing.PAST
    if not context.hours:
        return Standing.OPEN
    hours = hours_on(context, at.date())
    if hours is None:
        return Standing.CLOSED
    start, end = hours
    return Standing.OPEN if start <= at.time() < end else Standing.OUTSIDE


def hours_on(context: Context, day: date) -> tuple[time, time] | None:
    """From when until when we call on a day; None: not at all."""
    hours = context.hours.get(day.isoformat())
    if hours is None:
        return None
    start, _, end = hours.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def next_hours(context: Context, day: date) -> tuple[time, time] | None:
    """The same of that day, else of the next on which we call; None: none is known."""
    following = (hours_on(context, day + number * _DAY) for number in range(15))
    return next(filter(None, following), None)


def name_of_day(at: datetime, now: datetime) -> str:
    """The prompt that says which day it is; "" where none can, as it is too far."""
    days = (at.date() - now.date()).days
    if 0 <= days <= 2:
        return ("on-today", "on-tomorrow", "on-day-after")[days]
    weeks = (days + now.weekday() - at.weekday()) // 7
    weekday = WEEKDAYS[at.weekday()]
    return {0: f"on-{weekday}", 1: f"on-next-{weekday}"}.get(weeks, "")
