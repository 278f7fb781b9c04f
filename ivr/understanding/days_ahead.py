"""Days to come as people name them: tomorrow, Friday, next Monday, in three days.

Which date a day of the week is depends on the day it is said on: that is for who has a calendar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.understanding.lexicon import cut, longest_of
from ivr.understanding.numbers import chinese_number, either
from ivr.understanding.numbers import read as read_numbers

FARTHEST = 13                # days: the Sunday of next week, from a Monday
_N = r"[\d一二兩两三四五六七八九十]{1,3}"
WEEK = r"(?:星期|礼拜|禮拜|周|週)"
_WEEKDAY_ZH = re.compile(r"(?P<which>(?<![早晚])上+|下+|这|這|本|今|呢)?[个個]?"
                         rf"{WEEK}(?P<day>[一二三四五六日天])")
_COUNT_ZH = re.compile(rf"(?<![\d一二兩两三四五六七八九十]){_N}[天日][以之]?[后後]")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_EN = re.compile(rf"\b(?:on )?(?:(?P<which>last|this coming|this|coming|next) )?"
                         rf"(?P<day>{'|'.join(WEEKDAYS)})\b(?P<next> (?:of )?next week)?")
_COUNT_EN = re.compile(r"\bin (?P<n>a|[a-z0-9]+) days?(?: time)?\b")
_NAMED = {
    "zh": {0: ("今天", "今日", "今儿", "今晚", "今早", "今晨"),
           1: ("明天", "明日", "明儿", "明早", "明晚"), 2: ("后天", "後天", "后儿"),
           3: ("大后天", "大後天", "大后儿")},
    "yue": {0: ("今日", "今天", "今晚", "今朝", "今早"),
            1: ("聽日", "听日", "聽朝", "听朝", "聽晚", "听晚", "明天", "明日", "明晚", "明早"),
            2: ("後日", "后日", "后天", "後天"), 3: ("大後日", "大后日", "大后天", "大後天")},
    "en": {0: ("today", "tonight", "this morning", "this afternoon", "this evening"),
           1: ("tomorrow",), 2: ("day after tomorrow",)}}
_DAYS = {language: {word: str(days) for days, words in named.items() for word in words}
         for language, named in _NAMED.items()}
_LONGEST = {language: longest_of(known, language == "en") for language, known in _DAYS.items()}


@dataclass(frozen=True)
class Day:
    """``days`` from today; or a day of the week (Monday is 0): of this week (``week`` 0), of the
    next (1), or the next one to come (None). One that is over or too far has ``days`` -1."""

    days: int | None = None
    weekday: int | None = None
    week: int | None = None


NONE = Day(days=-1)


def read(said: str, language: str) -> tuple[set[Day], str]:
    """The days named in ``said`` (normal form), and the text without those that hold numbers."""
    english = language == "en"
    found: set[Day] = set()
    for pattern, meant in ((_WEEKDAY_EN, _of_week_en), (_COUNT_EN, _counted_en)) if english else (
            (_WEEKDAY_ZH, _of_week), (_COUNT_ZH, _counted)):
        found |= {meant(match) for match in pattern.finditer(said)}
        said = " ".join(pattern.sub(" ", said).split()) if english else pattern.sub("", said)
    written = language if language in _DAYS else "zh"
    found |= {Day(days=int(days))
              for _, days in cut(said, _DAYS[written], english, _LONGEST[written]) if days}
    return found, said


def _of_week(match: re.Match[str]) -> Day:
    which = match["which"] or ""
    weekday = "一二三四五六日".find(match["day"].replace("天", "日"))
    if which in ("", "下"):
        return Day(weekday=weekday, week=1 if which else None)
    return NONE if which[0] in "上下" else Day(weekday=weekday, week=0)


def _of_week_en(match: re.Match[str]) -> Day:
    weekday, which = WEEKDAYS.index(match["day"]), match["which"] or ""
    if match["next"] or which == "next":
        return Day(weekday=weekday, week=1)
    return NONE if which == "last" else Day(weekday=weekday, week=0 if which == "this" else None)


def _counted(match: re.Match[str]) -> Day:
    number = re.split("[天日]", match[0])[0]
    return _in_days(None if either(number) else chinese_number(number))


def _counted_en(match: re.Match[str]) -> Day:
    numbers, rest = ([1], "") if match["n"] == "a" else read_numbers(match["n"], "en", 0)
    return _in_days(numbers[0] if len(numbers) == 1 and not rest else None)


def _in_days(count: object) -> Day:
    days = int(str(count)) if str(count).isdecimal() else 0
    return Day(days=days) if 1 <= days <= FARTHEST else NONE
