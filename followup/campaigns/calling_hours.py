"""When a patient may be called. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class CallingHours:
    """A daily window in a time zone; ``start`` is inside, ``end`` is not."""

    start: time
    end: time
    zone: ZoneInfo

    def allow(self, moment: datetime) -> bool:
        """Whether a call may be placed at ``moment`` (aware)."""
        local = moment.astimezone(self.zone).time()
        return self.start <= local < self.end

    def next_allowed(self, moment: datetime) -> datetime:
        """``moment`` itself when inside the window, else the next opening; in UTC."""
        if self.allow(moment):
            return moment.astimezone(UTC)
        local = moment.astimezone(self.zone)
        day = local.date() if local.time() < self.start else local.date() + timedelta(days=1)
        return datetime.combine(day, self.start, self.zone).astimezone(UTC)
