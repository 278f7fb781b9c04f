"""Filters of lists as they stand in addresses: what every list reads and writes alike."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from followup.errors import InvalidInput

SEARCH_LENGTH = 60
FIELD_LENGTH = 100
_EARLIEST, _LATEST = 1000, 3000          # years; far from the ends of what a calendar counts


class Yes(StrEnum):
    """A filter that is either on or off."""

    YES = "yes"


@dataclass(frozen=True, slots=True)
class AddressFilter:
    """Each field of a list's own filter as it stands in the address; empty: any."""

    @classmethod
    def as_told(cls, query: Mapping[str, str]) -> dict[str, str]:
        """Each field as an address tells it, not checked yet."""
        return {field.name: _plain(query.get(field.name, ""))[:FIELD_LENGTH]
                for field in fields(cls)}

    def with_(self, **changes: str) -> Self:
        """Another one with some fields changed."""
        return type(self)(**{**self.given(), **changes})

    def given(self) -> dict[str, str]:
        """The fields that filter something."""
        return {field.name: value for field in fields(self)
                if (value := getattr(self, field.name))}

    def query(self, **more: str) -> str:
        """The query of an address, without the question mark."""
        return urlencode({**self.given(), **{name: value for name, value in more.items() if value}})


def _plain(told: str) -> str:
    return "".join(c for c in told if unicodedata.category(c) not in ("Cc", "Cs")).strip()


def as_date(field: str, text: str) -> date:
    """A day of an address; InvalidInput when it is none."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text and _EARLIEST <= day.year <= _LATEST:
            return day
    raise InvalidInput(f"{field}: expected a day such as 2026-11-20", field=field,
                       expected="YYYY-MM-DD")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), zone)


def one_of(name: str, told: str, choices: Iterable[str]) -> None:
    """InvalidInput when something is told that is none of ``choices``."""
    known = list(choices)
    if told and told not in known:
        raise InvalidInput(f"{name}: expected one of {', '.join(known)}", field=name,
                           expected=", ".join(known))


def an_id(name: str, told: str) -> None:
    """InvalidInput when it is none."""
    try:
        uuid.UUID(told)
    except ValueError:
        raise InvalidInput(f"{name}: expected an id", field=name, expected="an id") from None
