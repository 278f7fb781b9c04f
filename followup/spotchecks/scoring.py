"""Score cards: what is looked at, how much it weighs, and what a filled-in card comes to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from followup.errors import InvalidInput

MOST_CRITERIA = 30
TITLE_LENGTH = 80
_KEY = re.compile(r"[a-z0-9-]{1,40}")


class Verdict(StrEnum):
    """What a check comes to."""

    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a card. A fatal one has no points: it is a fault, or it is none."""

    key: str
    title: Mapping[str, str]             # {"zh": …, "en": …}
    weight: int = 1
    maximum: int = 5
    fatal: bool = False

    def kept(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"key": self.key, "title": dict(self.title), "weight": self.weight,
                "maximum": self.maximum, "fatal": self.fatal}


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its criteria, and the points of 100 from which on a check is passed."""

    criteria: tuple[Criterion, ...]
    pass_mark: int = 80

    @classmethod
    def read(cls, criteria: object, pass_mark: object) -> Card:
        """A card from JSON or from a form; InvalidInput names the line that does not fit."""
        lines = criteria if isinstance(criteria, list) else []
        if not 1 <= len(lines) <= MOST_CRITERIA:
            raise _wrong("criteria", f"1 to {MOST_CRITERIA} lines")
        read = tuple(_criterion(line, f"criteria.{place}")
                     for place, line in enumerate(lines, start=1))
        if len({each.key for each in read}) < len(read):
            raise _wrong("criteria", "each key once")
        if all(each.fatal for each in read):
            raise _wrong("criteria", "at least one line that gives points")
        return cls(read, _whole(pass_mark, "pass_mark", 1, 100))


@dataclass(frozen=True, slots=True)
class Result:
    """Points of 100, rounded to a tenth; the keys of the fatal faults that were found."""

    points: float
    verdict: Verdict
    fatal: tuple[str, ...] = ()


Marks = Mapping[str, int | None]         # key -> points; None: does not apply; fatal: 1 is a fault


def read_marks(card: Card, given: Mapping[str, object]) -> dict[str, int | None]:
    """The marks of a filled-in card; InvalidInput names a criterion left out or out of bounds."""
    marks: dict[str, int | None] = {}
    for each in card.criteria:
        value = given.get(each.key)
        if value == "na" and not each.fatal:
            marks[each.key] = None
        else:
            most = 1 if each.fatal else each.maximum
            marks[each.key] = _whole(value, each.key, 0, most)
    if all(marks[each.key] is None for each in card.criteria if not each.fatal):
        raise _wrong("marks", "points for at least one line")
    return marks


def result(card: Card, marks: Marks) -> Result:
    """What a filled-in card comes to; one fatal fault makes all of it nothing."""
    fatal = tuple(each.key for each in card.criteria if each.fatal and marks.get(each.key))
    if fatal:
        return Result(0.0, Verdict.FAILED, fatal)
    counted = [(each, given) for each in card.criteria
               if not each.fatal and (given := marks.get(each.key)) is not None]
    weight = sum(each.weight for each, _ in counted)
    share = sum(each.weight * given / each.maximum for each, given in counted)
    points = round(100 * share / weight, 1) if weight else 0.0
    return Result(points, verdict(card, points))


def verdict(card: Card, points: float) -> Verdict:
    """What so many points of 100 come to."""
    return Verdict.PASSED if points >= card.pass_mark else Verdict.FAILED


def _criterion(line: object, field: str) -> Criterion:
    found = line if isinstance(line, Mapping) else {}
    key, title = found.get("key"), found.get("title")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise _wrong(f"{field}.key", "lower-case letters, digits and -")
    texts = title if isinstance(title, Mapping) else {}
    named = {language: str(texts.get(language, "")).strip() for language in ("zh", "en")}
    if not all(0 < len(text) <= TITLE_LENGTH for text in named.values()):
        raise _wrong(f"{field}.title", f"1 to {TITLE_LENGTH} characters in Chinese and in English")
    return Criterion(key, named, _whole(found.get("weight", 1), f"{field}.weight", 1, 100),
                     _whole(found.get("maximum", 5), f"{field}.maximum", 1, 100),
                     found.get("fatal") is True)


def _whole(value: object, field: str, least: int, most: int) -> int:
    text = str(value).strip() if value is not None and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise _wrong(field, f"a whole number from {least} to {most}")
    return int(text)


def _wrong(field: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{field}: expected {expected}", field=field, expected=expected)
