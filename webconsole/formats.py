"""How values look on a page; registered as Jinja2 filters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from followup.calls.models import CopyFormat
from followup.log import mask_phone
from followup.responses.models import Answer
from recordings.copies import TYPES

__all__ = ["age", "by_question", "clock", "copy_type", "exact", "iso", "mask_name", "mask_phone",
           "moment", "seconds", "span", "tenths"]

EMPTY = "–"


def moment(value: datetime | None, zone: ZoneInfo, today: date) -> str:
    """``14:05`` today, ``11-23 14:05`` this year, else with the year; in ``zone``."""
    if value is None:
        return EMPTY
    local = value.astimezone(zone)
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"


def by_question(answers: Iterable[Answer]) -> list[Answer]:
    """Questions in the order they were answered, several answers to one of them together."""
    found = sorted(answers, key=lambda answer: answer.given_at)
    order = list(dict.fromkeys(answer.link_id for answer in found))
    return sorted(found, key=lambda answer: (order.index(answer.link_id), answer.position))


def exact(value: datetime | None, zone: ZoneInfo) -> str:
    """For tables that leave the house: day and minute in ``zone``; empty where there is none."""
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if value else ""


def iso(value: datetime | None) -> str:
    """For ``<time datetime>`` and scripts: UTC, ISO 8601."""
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""


def clock(milliseconds: int | None) -> str:
    """A length or place in a recording: ``3:07``."""
    return EMPTY if milliseconds is None else seconds(milliseconds / 1000)


def copy_type(form: str) -> str:
    """What a browser is told of a recording's copy, to see whether it plays such."""
    return TYPES[CopyFormat(form)]


def seconds(value: float | None) -> str:
    """Seconds as ``3:07``, or ``1:02:07`` from an hour on; less than nothing is nothing."""
    if value is None:
        return EMPTY
    whole = max(0, int(value))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def tenths(milliseconds: int) -> str:
    """The same to the tenth of a second where there are tenths: ``3:07.5``."""
    told, tenth = clock(milliseconds), milliseconds % 1000 // 100
    return f"{told}.{tenth}" if tenth else told


def span(start: datetime | None, end: datetime | None) -> str:
    """From one moment to another, as ``seconds`` shows it."""
    return seconds((end - start).total_seconds()) if start and end else EMPTY


def age(born: date | None, today: date) -> int | None:
    """Full years."""
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def mask_name(name: str) -> str:
    """For those who may not see patients: the first character alone."""
    return f"{name[:1]}**"
