"""In which time zones a patient may be."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from followup.errors import InvalidInput


def checked_timezone(name: str) -> str:
    """``name`` if it is a time zone of the IANA; InvalidInput otherwise."""
    if _zone(name) is None:
        raise InvalidInput("there is no such time zone", field="timezone",
                           expected="a time zone such as Asia/Shanghai")
    return name


@lru_cache(maxsize=65_536)
def zones_of(number: str, timezone: str | None = None) -> tuple[ZoneInfo, ...]:
    """The patient's own zone if it is known, else all those that an E.164 number may be in.

    Empty when nothing is known of either.
    """
    if timezone is not None and (known := _zone(timezone)) is not None:
        return (known,)
    try:
        names = time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for name in names if name != UNKNOWN_TIMEZONE
                 and (zone := _zone(name)) is not None)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
