"""When a patient may be called. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(1, 8))
HORIZON = timedelta(days=400)            # hours that do not open within it never do
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """On which days calls are placed: ``weekdays`` (Monday is 1), but for ``exceptions``.

    An exception is a holiday (False), or a day that is worked although it is none of those (True).
    """

    weekdays: frozenset[int] = EVERY_DAY
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def open(self, day: date) -> bool:
        """Whether calls are placed on ``day``."""
        return self.exceptions.get(day, day.isoweekday() in self.weekdays)


@dataclass(frozen=True)
class CallingHours:
    """A daily window; ``start`` is inside, ``end`` is not. It must be open in all ``zones``."""

    start: time
    end: time
    zones: tuple[ZoneInfo, ...]
    days: Days = field(default_factory=Days)

    def allow(self, moment: datetime) -> bool:
        """Whether a call may be placed at ``moment`` (aware)."""
        return all(self._open(moment, zone) for zone in self.zones)

    def next_allowed(self, moment: datetime) -> datetime | None:
        """``moment`` itself when inside, else the next opening; in UTC. None: there is none."""
        found = moment.astimezone(UTC)
        while found - moment <= HORIZON:
            later = found
            for zone in self.zones:
                opening = self._next_open(later, zone)
                if opening is None:
                    return None
                later = opening
            if later == found:
                return found
            found = later
        return None

    def on(self, day: date, zone: ZoneInfo) -> tuple[time, time] | None:
        """From when until when calls may be placed on ``day``, by the clock of ``zone``; None:
        they may not."""
        opening = self.next_allowed(_midnight(day, zone))
        if opening is None or opening.astimezone(zone).date() != day:
            return None
        ends = [datetime.combine(opening.astimezone(one).date(), self.end, one)
                for one in self.zones]
        end = min(ends, key=lambda one: one.astimezone(UTC)).astimezone(zone)
        return (opening.astimezone(zone).time(), end.time() if end.date() == day else time.max)

    def next_day(self, moment: datetime) -> datetime:
        """When a new day has begun in all zones; in UTC."""
        return max(_midnight(moment.astimezone(zone).date() + _DAY, zone) for zone in self.zones)

    def on_holiday(self, moment: datetime) -> bool:
        """Whether a holiday alone forbids a call at ``moment``."""
        locals_ = [moment.astimezone(zone) for zone in self.zones]
        return all(self.start <= local.time() < self.end for local in locals_) and any(
            self.days.exceptions.get(local.date()) is False for local in locals_)

    def _open(self, moment: datetime, zone: ZoneInfo) -> bool:
        local = moment.astimezone(zone)
        return self.start <= local.time() < self.end and self.days.open(local.date())

    def _next_open(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        if self._open(moment, zone):
            return moment
        today = moment.astimezone(zone).date()
        for ahead in range(HORIZON.days):
            day = today + ahead * _DAY
            if self.days.open(day):
                for opening in self._openings(day, zone):
                    if opening >= moment and self._open(opening, zone):
                        return opening
        return None

    def _openings(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """When the window may open on a day: at its start, which a change of the clock may skip
        or bring twice, and at that change itself.
        """
        start = datetime.combine(day, self.start, zone)
        found = {start.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        return sorted(found | _changes(day, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _changes(day: date, zone: ZoneInfo) -> set[datetime]:
    """The moment at which the zone's clock is changed on that day, if it is."""
    # midnight itself may be skipped
    before, after = _midnight(day, zone) - timedelta(hours=3), _midnight(day + _DAY, zone)
    old, new = before.astimezone(zone).utcoffset(), after.astimezone(zone).utcoffset()
    if old == new:
        return set()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return {datetime.fromtimestamp(high, UTC)}
