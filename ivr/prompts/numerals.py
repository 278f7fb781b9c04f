"""Figures in a text that is to be read aloud: what each is, and how its language says it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Protocol

from ivr.prompts.chinese import MEASURES, Chinese
from ivr.prompts.english import English


class Reader(Protocol):
    """A language's way with figures; texts are digits, with a sign and a point where they fit."""

    to: str

    def number(self, text: str, measured: bool = False, counted: bool = False) -> str:
        """A quantity; ``measured``: a measure word follows; ``counted``: however long it is."""

    def ordinal(self, number: int) -> str:
        """A place in a row."""

    def fraction(self, part: int, whole: int) -> str:
        """Less than one."""

    def over(self, upper: str, lower: str) -> str:
        """Two values written with a stroke, as of blood pressure."""

    def with_unit(self, text: str, unit: str) -> str:
        """A quantity and what it is of."""

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

_ABBREVIATIONS = Path(__file__).with_name("abbreviations.toml")


@cache
def _units() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_ABBREVIATIONS.read_text("utf-8"))


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TO = r"\s? [-\u2013\u2014~\uff5e] \s?"
_HALF = r"\s? (?P<{}> [ap](?:m|\.m\.) ) (?![A-Za-z])"
_CLOCK = (r"(?P<hour{0}> 24 (?= [:：]00) | [01]?\d | 2[0-3] ) [:：] (?P<minute{0}> [0-5]\d )"
          r" (?![\d:]) (?: " + _HALF.format("half{0}") + " )?")
_WRITTEN = "|".join(sorted(map(re.escape, _units()["en"]), key=len, reverse=True))
_FIGURES = re.compile(rf"""
    (?<![\d.]) (?P<year> (?:19|20)\d\d ) (?P<stroke> [-/.] ) (?P<month> \d\d? ) (?P=stroke)
      (?P<day> \d\d? ) (?! \d | [-/.]\d )
  | (?<![\d:]) {_CLOCK.format("")} (?: {_TO} {_CLOCK.format("2")} )?
  | (?<![\d.:]) (?P<oclock> 1[0-2] | [1-9] ) {_HALF.format("part")}
  | (?P<lead> (?: 拨打|撥打|拨|撥|致电|致電|打|热线|熱線|电话|電話|号码|號碼|\bcall|\bdial|\bphone )
      [是为為:：\s]{{0,2}} ) (?P<dialled> \d{{3,5}} ) (?! \d | \s?(?:{MEASURES}) | \stimes )
  | (?<!\d) (?P<hotline> \d{{3,5}} ) (?= \s? (?: 热线|熱線|急救|hotline ) )
  | (?<!\d) (?P<phone> \d{{3,4}} [-\s] \d{{4}} [-\s]? \d{{3,4}}
      | [48]00 [-\s] \d{{3}} [-\s] \d{{4}} | \d{{3}} - \d{{3}} - \d{{4}} ) (?!\d)
  | (?<![\w./]) (?P<ordinal> \d\d? ) (?:st|nd|rd|th) \b
  | (?<![\d./]) (?P<upper> \d{{1,3}} ) / (?P<lower> \d{{1,3}} ) (?! [\d/] | \.\d )
      (?: \s? (?P<of> (?-i: mmHg) ) )?
  | (?P<sign> (?<![A-Za-z0-9]) [-\u2212] )? (?P<low> {_NUMBER} )
    (?: {_TO} (?P<high> {_NUMBER} ) )?
    (?: \s? (?P<unit> ℃ | °\s?C | % | \uff05 )
      | \s? (?P<written> (?-i: {_WRITTEN} ) ) (?![A-Za-z/]) )?
    (?P<measure> (?= \s?(?:{MEASURES}) ) )?
""", re.VERBOSE | re.IGNORECASE)


def read_figures(text: str, language: str) -> str:
    """``text`` with its dates, times, telephone numbers and numbers in words."""
    reader, units = READERS[language], _units()[language]

    def said(found: re.Match[str]) -> str:
        words = _words(found, reader, units)
        if language != "en":
            return words
        before, after = text[:found.start()][-1:], text[found.end():][:1]
        return (" " if before.isalpha() else "") + words + (" " if after.isalpha() else "")

    return _FIGURES.sub(said, text)


def _words(found: re.Match[str], reader: Reader, units: Mapping[str, str]) -> str:
    if found["year"]:
        day = [found["year"], found["month"], found["day"]]
        try:
            return reader.date(date(*map(int, day)), year=True)
        except ValueError:                       # 2026-02-30 is no date
            return " ".join(reader.number(part) for part in day)
    if found["hour"]:
        times = [_clock(found, reader, which) for which in ("", "2") if found[f"hour{which}"]]
        return reader.to.join(times)
    if found["oclock"]:
        return reader.clock(_hour(int(found["oclock"]), found["part"]), 0)
    if found["dialled"]:
        return found["lead"] + reader.digits(found["dialled"], dialled=True)
    if found["hotline"]:
        return reader.digits(found["hotline"], dialled=True)
    if found["phone"]:
        return ", ".join(reader.digits(part, dialled=True)
                         for part in re.split(r"[-\s]", found["phone"]))
    if found["ordinal"]:
        return reader.ordinal(int(found["ordinal"]))
    if found["upper"]:
        return _stroke(found, reader, units)
    return _quantity(found, reader, units)


def _clock(found: re.Match[str], reader: Reader, which: str) -> str:
    hour = _hour(int(found[f"hour{which}"]), found[f"half{which}"])
    return reader.clock(hour, int(found[f"minute{which}"]))


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day; ``half`` is a.m. or p.m."""
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _stroke(found: re.Match[str], reader: Reader, units: Mapping[str, str]) -> str:
    upper, lower = int(found["upper"]), int(found["lower"])
    if 0 < upper < lower < 10 and not found["of"]:
        return reader.fraction(upper, lower)
    if upper > lower >= 20 or found["of"]:       # blood pressure
        unit = units[found["of"]] if found["of"] else ""
        return reader.over(found["upper"], reader.with_unit(found["lower"], unit) if unit
                           else reader.number(found["lower"]))
    return "/".join(reader.number(found[part]) for part in ("upper", "lower"))


def _quantity(found: re.Match[str], reader: Reader, units: Mapping[str, str]) -> str:
    text, end = found.string, found.end()
    given = [part for part in (found["low"], found["high"]) if part]
    numbers = [part.replace(",", "") for part in given]
    if found["sign"]:
        numbers[0] = "-" + numbers[0]
    if text[end:end + 1] == "年" and all(re.fullmatch(r"\d{4}", part) for part in numbers):
        return reader.to.join(reader.year(part) for part in numbers)
    unit = found["unit"]
    if unit in ("%", "\uff05"):
        return reader.to.join(reader.percent(part) for part in numbers)
    if unit or found["written"]:                 # the unit is said once, after the last
        first = [reader.number(part) for part in numbers[:-1]]
        last = reader.degrees(numbers[-1]) if unit else \
            reader.with_unit(numbers[-1], units[found["written"]])
        return reader.to.join([*first, last])
    measured = found["measure"] is not None and text[found.start() - 1:found.start()] != "第"
    return reader.to.join(reader.number(plain, measured, counted="," in part)
                          for part, plain in zip(given, numbers, strict=True))
