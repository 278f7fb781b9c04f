"""Filters of lists as they stand in addresses: what every list reads and writes alike."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from followup.errors import InvalidInput

SEARCH_LENGTH = 60
FIELD_LENGTH = 100


class Yes(StrEnum):
    """A filter that is either on or off."""

    YES = "yes"


@dataclass(frozen=True, slots=True)
class AddressFilter:
    """Each field of a list's own filter as it stands in the address; empty: any."""

    @classmethod
    def as_told(cls, query: Mapping[str, str]) -> dict[str, str]:
        """Each field as an address tells it, not checked yet."""
        return {field.name: query.get(field.name, "").strip()[:FIELD_LENGTH]
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


def as_date(field: str, text: str) -> date:
    """A day of an address; InvalidInput when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{field}: expected a day such as 2026-11-20", field=field,
                           expected="YYYY-MM-DD") from None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), zone)


def one_of(name: str, told: str, choices: type[StrEnum]) -> None:
    """InvalidInput when something is told that is none of ``choices``."""
    if told and told not in list(choices):
        raise InvalidInput(f"{name}: expected one of {', '.join(choices)}", field=name,
                           expected=", ".join(choices))


def an_id(name: str, told: str) -> None:
    """InvalidInput when it is none."""
    try:
        uuid.UUID(told)
    except ValueError:
        raise InvalidInput(f"{name}: expected an id", field=name, expected="an id") from None
