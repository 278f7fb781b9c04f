"""What is told about a case, by a form, a system or a list, checked field by field. Pure."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from followup.cases.models import Channel
from followup.cases.setup import Setup
from followup.cases.setup_models import TUNABLE, CaseField, FieldType, Use
from followup.cases.states import CaseKind
from followup.errors import InvalidInput

DESCRIPTION, NAME, CONTACT, EXTERNAL_ID, MRN = 5000, 60, 100, 100, 40
DEPARTMENTS, PEOPLE = 10, 20
FIELDS = ("kind", "channel", "category", "severity", "patient", "departments", "people",
          "reporter", "contact", "happened_on", "description", "external_id")
OWN = "fields"                        # the hospital's own, by id or name
OWN_TEXT, OWN_LONG = 200, 2000
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_NUMERAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")
_LISTED = re.compile(r"[;；、,，\n]")
E = TypeVar("E", bound=StrEnum)


class Wrong(StrEnum):
    """What may be wrong with a field; each has a word in the console's catalogues."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    NO_DATE = "no_date"
    FUTURE = "future"
    NO_TEXT = "no_text"
    NO_NUMBER = "no_number"
    NO_TIME = "no_time"
    TOO_SHORT = "too_short"
    TAKEN = "taken"
    SAME = "same"                    # as it is already
    NO_ORDER = "no_order"            # of moments, or of lengths of time


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that does not fit, and what was expected of it (English, for machines)."""

    field: str
    wrong: Wrong
    expected: str


class NotTaken(InvalidInput):
    """The case was not taken: some fields do not fit."""

    id = "case-not-taken"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        first = self.faults[0]
        super().__init__(f"{first.field}: expected {first.expected}", field=first.field,
                         expected=first.expected)


@dataclass(frozen=True, slots=True)
class Told:
    """A case as it was told, checked. ``patient``: an id or a record number, not looked up yet."""

    kind: CaseKind
    channel: Channel
    description: str
    category: uuid.UUID | None = None
    severity: uuid.UUID | None = None
    patient: str = ""
    departments: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    reporter: str = ""
    contact: str = ""
    happened_on: date | None = None
    external_id: str | None = None
    own: Mapping[str, str] = field(default_factory=dict)      # by the field's id


def check(raw: Mapping[str, Any], setup: Setup, today: date, *, numbered: bool = False,
          kept: Collection[uuid.UUID | None] = (),
          kept_own: Mapping[str, str] | None = None) -> Told:
    """The case that ``raw`` tells of; NotTaken names every field that does not fit.

    ``numbered``: an external id is needed. ``kept``: ids of category and severity that the case
    has already, and may keep though they are offered no more; ``kept_own``: the same of the
    hospital's own fields.
    """
    reader = _Reader(raw, {str(each): each for each in kept if each})
    for name in raw:
        if name not in (*FIELDS, OWN):
            reader.fault(name, Wrong.UNKNOWN,
                         f"no such field; one of {', '.join((*FIELDS, OWN))}")
    kind = reader.one_of("kind", CaseKind)
    told: dict[str, Any] = {
        "kind": kind, "channel": reader.one_of("channel", Channel),
        "description": reader.text("description", DESCRIPTION, needed=True),
        "patient": reader.text("patient", MRN),
        "reporter": reader.text("reporter", NAME), "contact": reader.text("contact", CONTACT),
        "external_id": reader.text("external_id", EXTERNAL_ID, needed=numbered) or None,
        "departments": reader.names("departments", DEPARTMENTS),
        "people": reader.names("people", PEOPLE),
        "happened_on": reader.day("happened_on", today),
        "category": reader.category(setup),
        "severity": reader.severity(setup, needed=kind is not CaseKind.PRAISE),
        "own": reader.own(setup.own_fields(kind), kept_own or {}),
    }
    if kind:
        reader.need([name for name in TUNABLE if not told[name]
                     and setup.use(name, kind) is Use.NEEDED])
    if kind is CaseKind.PRAISE:
        told["severity"] = None                    # nothing is grave about praise
    if reader.faults:
        raise NotTaken(reader.faults)
    return Told(**told)


class _Reader:
    def __init__(self, raw: Mapping[str, Any], kept: Mapping[str, uuid.UUID]) -> None:
        self._raw, self._kept = raw, kept
        self.faults: list[Fault] = []

    def fault(self, field: str, wrong: Wrong, expected: str) -> None:
        self.faults.append(Fault(field, wrong, expected))

    def text(self, field: str, limit: int, *, needed: bool = False) -> str:
        value = self._raw.get(field)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.fault(field, Wrong.NO_TEXT, f"a text of at most {limit} characters")
            return ""
        value = clean(value)
        if needed and not value:
            self.fault(field, Wrong.MISSING, f"a text of 1 to {limit} characters")
        elif len(value) > limit:
            self.fault(field, Wrong.TOO_LONG, f"at most {limit} characters")
        return value

    def need(self, missing: Iterable[str]) -> None:
        """What this hospital's form asks for, and nothing was said of."""
        wrong = {fault.field for fault in self.faults}
        for name in missing:
            if name not in wrong:
                self.fault(name, Wrong.MISSING, "something: this hospital asks for it")

    def own(self, fields: Iterable[CaseField], kept: Mapping[str, str]) -> dict[str, str]:
        """The hospital's own fields, each by its id; empty where nothing was said."""
        told = self._raw.get(OWN) or {}
        if not isinstance(told, Mapping):
            self.fault(OWN, Wrong.NO_TEXT, "an object of the hospital's own fields")
            return {}
        left, found = dict(told), {}
        for each in fields:
            names = (str(each.id), each.name_zh, each.name_en)
            value = next((left.pop(name) for name in names if name in left), "")
            found[str(each.id)] = self._own_value(each, value, kept.get(str(each.id), ""))
        for name in left:
            self.fault(str(name)[:NAME], Wrong.UNKNOWN, "a field of this hospital's forms")
        return found

    def _own_value(self, of: CaseField, told: Any, kept: str) -> str:
        value = clean(str(told) if isinstance(told, int | float) else told
                      if isinstance(told, str) else "")
        if value and value == kept:
            return value
        limit = OWN_LONG if of.type is FieldType.LONG else OWN_TEXT
        if told is not None and not isinstance(told, str | int | float):
            self.fault(of.key, Wrong.NO_TEXT, "a text")
        elif not value:
            if of.needed:
                self.fault(of.key, Wrong.MISSING, f"a text of 1 to {limit} characters")
        elif len(value) > limit:
            self.fault(of.key, Wrong.TOO_LONG, f"at most {limit} characters")
        elif of.type is FieldType.NUMBER and not _NUMERAL.fullmatch(value):
            self.fault(of.key, Wrong.NO_NUMBER, "a number such as 12 or 12.5")
        elif of.type is FieldType.CHOICE and value not in of.choices:
            self.fault(of.key, Wrong.UNKNOWN, f"one of {', '.join(of.choices)}")
        elif of.type is FieldType.DAY:
            day = _day(value)
            if day is None:
                self.fault(of.key, Wrong.NO_DATE, "a day such as 2026-11-20")
            return day.isoformat() if day else value
        return value

    def one_of(self, field: str, choices: type[E]) -> E | None:
        told = self._raw.get(field)
        try:
            return choices(told.strip().lower() if isinstance(told, str) else "")
        except ValueError:
            self.fault(field, Wrong.UNKNOWN if told else Wrong.MISSING,
                       f"one of {', '.join(choices)}")
            return None

    def names(self, field: str, most: int) -> tuple[str, ...]:
        told = self._raw.get(field) or ()
        parts = _LISTED.split(told) if isinstance(told, str) else told
        if not isinstance(parts, list | tuple) or not all(isinstance(p, str) for p in parts):
            self.fault(field, Wrong.NO_TEXT, f"a list of at most {most} names")
            return ()
        names = tuple(dict.fromkeys(name for part in parts
                                    if (name := " ".join(clean(part).split()))))
        if len(names) > most:
            self.fault(field, Wrong.TOO_MANY, f"at most {most} names")
        elif any(len(name) > NAME for name in names):
            self.fault(field, Wrong.TOO_LONG, f"names of at most {NAME} characters")
        return names

    def day(self, field: str, today: date) -> date | None:
        told = self.text(field, 20)
        if not told:
            return None
        day = _day(told)
        if day is None:
            self.fault(field, Wrong.NO_DATE, "a day such as 2026-11-20")
            return None
        if day > today:
            self.fault(field, Wrong.FUTURE, "a day not after today")
        return day

    def category(self, setup: Setup) -> uuid.UUID | None:
        told = self.text("category", 200)
        if not told or told in self._kept:
            return self._kept.get(told)
        found = setup.find_category(told)
        if len(found) == 1:
            return found[0].id
        self.fault("category", Wrong.AMBIGUOUS if found else Wrong.UNKNOWN,
                   "a category's name, or its path such as 服务态度 / 护士")
        return None

    def severity(self, setup: Setup, *, needed: bool) -> uuid.UUID | None:
        told = self.text("severity", 100)
        offered = ", ".join(severity.name_en or severity.name_zh for severity in setup.severities
                            if severity.active)
        if not told:
            if needed:
                self.fault("severity", Wrong.MISSING, f"one of {offered}")
            return None
        if told in self._kept:
            return self._kept[told]
        found = setup.find_severity(told)
        if found is None:
            self.fault("severity", Wrong.UNKNOWN, f"one of {offered}")
        return found.id if found else None


def _day(told: str) -> date | None:
    """A day as people write it; None when it is none."""
    try:
        parts = _DAY.fullmatch(told)
        return date(*map(int, parts.groups())) if parts else date.fromisoformat(told)
    except ValueError:
        return None


def clean(text: str) -> str:
    """Without control characters but line ends, and without blanks around."""
    return "".join(c for c in text.replace("\r\n", "\n")
                   if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
