"""When a message may be sent. Pure: the clock is an argument."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from followup.campaigns.calling_hours import CallingHours
from followup.message_settings import MessageSettings
from followup.patients.zones import zones_of


def not_before(settings: MessageSettings, number: str, timezone: str | None, house: ZoneInfo,
               moment: datetime) -> datetime:
    """``moment`` when it is by day where the number is, else the next morning there.

    Holidays are no hindrance: whoever has complained waits for an answer.
    """
    hours = CallingHours(settings.window_start, settings.window_end,
                         zones_of(number, timezone) or (house,))
    return hours.next_allowed(moment) or moment
