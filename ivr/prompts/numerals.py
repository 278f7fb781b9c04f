"""Figures in a text that is to be read aloud: what each is, and how its language says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Protocol

from ivr.prompts.chinese import MEASURES, Chinese
from ivr.prompts.english import English


class Reader(Protocol):
    """A language's way with figures; texts are digits, with a sign and a point where they fit."""

    to: str

    def number(self, text: str, measured: bool = False) -> str:
        """A quantity; ``measured``: a measure word follows."""

    def digits(self, text: str, dialled: bool = False) -> str:
        """One by one; ``dialled``: a telephone number."""

    def year(self, text: str) -> str:
        """A year of four digits."""

    def date(self, day: date, year: bool = False) -> str:
        """A day, with its year or without."""

    def clock(self, hour: int, minute: int) -> str:
        """A time of day."""

    def degrees(self, text: str) -> str:
        """A temperature."""

    def percent(self, text: str) -> str:
        """A share of a hundred."""


READERS: Mapping[str, Reader] = {"zh": Chinese("zh"), "yue": Chinese("yue"), "en": English()}

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_FIGURES = re.compile(rf"""
    (?<![\d.]) (?P<date> (?:19|20)\d\d-\d\d-\d\d ) (?!\d)
  | (?<![\d:]) (?P<hour> [01]?\d | 2[0-3] ) [:：] (?P<minute> [0-5]\d ) (?![\d:])
  | (?P<lead> (?: 拨打|撥打|拨|撥|致电|致電|打|热线|熱線|电话|電話|号码|號碼|\bcall|\bdial|\bphone )
      [是为為:：\s]{{0,2}} ) (?P<dialled> \d{{3,5}} ) (?! \d | \s?(?:{MEASURES}) | \stimes )
  | (?<!\d) (?P<phone> \d{{3,4}} [-\s] \d{{4}} [-\s]? \d{{3,4}} ) (?!\d)
  | (?P<sign> (?<![A-Za-z0-9]) [-\u2212] )? (?P<low> {_NUMBER} )
    (?: \s? [-\u2013\u2014~\uff5e] \s? (?P<high> {_NUMBER} ) )?
    (?: \s? (?P<unit> ℃ | °\s?C | % | \uff05 ) )?
    (?P<measure> (?= \s?(?:{MEASURES}) ) )?
""", re.VERBOSE | re.IGNORECASE)


def read_figures(text: str, language: str) -> str:
    """``text`` with its dates, times, telephone numbers and numbers in words."""
    reader = READERS[language]
    return _FIGURES.sub(lambda found: _words(found, reader), text)


def _words(found: re.Match[str], reader: Reader) -> str:
    if day := found["date"]:
        try:
            return reader.date(date.fromisoformat(day), year=True)
        except ValueError:                       # 2026-02-30 is no date
            return " ".join(reader.number(part) for part in day.split("-"))
    if found["hour"]:
        return reader.clock(int(found["hour"]), int(found["minute"]))
    if found["dialled"]:
        return found["lead"] + reader.digits(found["dialled"], dialled=True)
    if found["phone"]:
        return ", ".join(reader.digits(part, dialled=True)
                         for part in re.split(r"[-\s]", found["phone"]))
    return _quantity(found, reader)


def _quantity(found: re.Match[str], reader: Reader) -> str:
    text, end = found.string, found.end()
    numbers = [part.replace(",", "") for part in (found["low"], found["high"]) if part]
    if found["sign"]:
        numbers[0] = "-" + numbers[0]
    if text[end:end + 1] == "年" and all(re.fullmatch(r"\d{4}", part) for part in numbers):
        return reader.to.join(reader.year(part) for part in numbers)
    unit = found["unit"]
    if unit in ("%", "\uff05"):
        return reader.to.join(reader.percent(part) for part in numbers)
    if unit:                                     # the unit is said once, after the last
        first = [reader.number(part) for part in numbers[:-1]]
        return reader.to.join([*first, reader.degrees(numbers[-1])])
    measured = found["measure"] is not None and text[found.start() - 1:found.start()] != "第"
    return reader.to.join(reader.number(part, measured) for part in numbers)
