"""Working time: when an amount of it has gone, and how much went. Pure: moments are arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from followup.campaigns.calling_hours import Days

_DAY = timedelta(days=1)
MONDAY_TO_FRIDAY = frozenset(range(1, 6))


@dataclass(frozen=True)
class OfficeHours:
    """From ``opens`` to ``closes`` but for ``pause``, on ``days``, by the clocks of ``zone``."""

    opens: time = time(8)
    closes: time = time(17, 30)
    pause: tuple[time, time] | None = (time(12), time(13, 30))
    days: Days = field(default_factory=lambda: Days(MONDAY_TO_FRIDAY))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def __post_init__(self) -> None:
        clock = [self.opens, *(self.pause or ()), self.closes]
        if clock != sorted(set(clock)) or not self.days.weekdays:
            raise ValueError("expected times in their order, and a day of the week")

    @property
    def a_day(self) -> timedelta:
        """The working time of a day on which no clock is changed."""
        return sum((_since_midnight(end) - _since_midnight(begin) for begin, end in self._spans()),
                   timedelta())

    def after(self, start: datetime, working: timedelta) -> datetime:
        """The first moment (UTC) at which ``working``, more than nothing, has gone since ``start``:
        what begins at night begins with the next opening."""
        left, day = working, start.astimezone(self.zone).date()
        while True:
            for begin, end in self._open(day):
                begin = max(begin, start.astimezone(UTC))
                if begin + left <= end:
                    return begin + left
                left -= max(end - begin, timedelta())
            day += _DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; none when that is earlier."""
        day, last = (moment.astimezone(self.zone).date() for moment in (start, end))
        gone = timedelta()
        while day <= last:
            for opens, closes in self._open(day):
                gone += max(min(closes, end) - max(opens, start), timedelta())
            day += _DAY
        return gone

    def _spans(self) -> list[tuple[time, time]]:
        if self.pause is None:
            return [(self.opens, self.closes)]
        return [(self.opens, self.pause[0]), (self.pause[1], self.closes)]

    def _open(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """When the office is open on a day, in UTC, so that a changed clock costs or adds time."""
        if self.days.open(day):
            for begin, end in self._spans():
                yield (datetime.combine(day, begin, self.zone).astimezone(UTC),
                       datetime.combine(day, end, self.zone).astimezone(UTC))


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)
