"""What holds for every call where its campaign says nothing; made from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Self
from zoneinfo import ZoneInfo

from followup.campaigns.calling_hours import CallingHours, Days
from followup.campaigns.permission import Caps
from followup.campaigns.rules import CampaignRules
from followup.settings import DialerSettings


@dataclass(frozen=True)
class House:
    """As it stands, it is open around the clock."""

    caps: Caps = field(default_factory=Caps)
    start: time = time.min
    end: time = time.max
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    max_attempts: int = 3

    @classmethod
    def of(cls, dialer: DialerSettings) -> Self:
        """The house that the settings describe."""
        return cls(Caps(dialer.max_per_day, dialer.max_per_5_min), dialer.window_start,
                   dialer.window_end, ZoneInfo(dialer.timezone), dialer.max_attempts)

    def hours(self, rules: CampaignRules, zones: Sequence[ZoneInfo],
              holidays: Mapping[date, bool]) -> CallingHours:
        """The hours of a campaign for somebody in ``zones``; none of them known: in ours."""
        start, end = (rules.window.start, rules.window.end) if rules.window else \
            (self.start, self.end)
        exceptions = {day: working for day, working in holidays.items()
                      if working or not rules.on_holidays}
        return CallingHours(start, end, tuple(zones) or (self.zone,),
                            Days(rules.weekdays, exceptions))
