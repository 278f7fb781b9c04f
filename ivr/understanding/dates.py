"""Days as people say them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from ivr.understanding.lexicon import Lexicon, cut
from ivr.understanding.numbers import chinese_number, the_first
from ivr.understanding.numbers import read as read_numbers

_CHINESE = re.compile(r"(?:(?P<year>[\d零〇一二三四五六七八九]{2,4})年)?"
                      r"(?P<month>[\d一二三四五六七八九十]{1,3})月"
                      r"(?P<day>[\d一二三四五六七八九十廿卅]{1,3})[号號日]?")
_MONTHS = {name: number for number, name in enumerate((
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december"), start=1)}
_NTH = {name: number for number, name in enumerate((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth"), start=1)} | {"thirtieth": 30}
_TENS = {"twenty": 20, "thirty": 30}


def read(said: str, words: Lexicon, today: date | None) -> set[date]:
    """The days named in ``said`` (normal form); a day without its year is the last such day."""
    found = set()
    if today is not None:
        found |= {today + timedelta(days=words.days[word])
                  for word, kind in cut(said, dict.fromkeys(words.days, "day"), words.by_word)
                  if kind}
    named = _english(said) if words.by_word else _chinese(said)
    if named is not None:
        year, month, day = named
        if day_found := _dated(year, month, day, today):
            found.add(day_found)
    return found


def _dated(year: int | None, month: int, day: int, today: date | None) -> date | None:
    try:
        if year is not None:
            return date(year + 2000 if year < 100 else year, month, day)
        if today is None:
            return None
        this_year = date(today.year, month, day)
        return this_year if this_year <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def _chinese(said: str) -> tuple[int | None, int, int] | None:
    match = _CHINESE.search(said)
    if match is None:
        return None
    numbers = [chinese_number(match[name]) if match[name] else None
               for name in ("year", "month", "day")]
    year, month, day = (None if number is None else int(number) for number in numbers)
    if month is None or day is None or the_first(match["day"]) != match["day"]:
        return None                        # 两三号 is not the twenty-third
    return year, month, day


def _english(said: str) -> tuple[int | None, int, int] | None:
    parts = said.replace("-", " ").split()
    month = next((_MONTHS[part] for part in parts if part in _MONTHS), None)
    if month is None:
        return None
    day = None
    for place, part in enumerate(parts):
        if part in _NTH:
            before = _TENS.get(parts[place - 1], 0) if place and _NTH[part] < 10 else 0
            day = before + _NTH[part]
        elif re.fullmatch(r"\d{1,2}(st|nd|rd|th)", part):
            day = int(part[:-2])
    if day is None:
        numbers, _ = read_numbers(" ".join(part for part in parts if part not in _MONTHS), "en", 0)
        days = [number for number in numbers if 1 <= number <= 31]
        day = int(days[0]) if len(days) == 1 else None
    return (None, month, day) if day else None
