"""When to call back, as people say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ivr.understanding.grammar import Grammar
from ivr.understanding.lexicon import lexicon, normal
from ivr.understanding.numbers import (
    chinese_number,
    chinese_whole,
    english_whole,
    the_first,
)
from ivr.understanding.numbers import read as read_numbers

_N = r"[\d零一二两兩三四五六七八九十]{1,3}"
_AFTER_ZH = re.compile(rf"(?:(?P<n>{_N})|(?P<half>半))[个個]?"
                       r"(?P<unit>小时|小時|钟头|鐘頭|分钟|分鐘)")
_CLOCK_ZH = re.compile(
    r"(?P<part>早上|上午|中午|下午|晚上|傍晚|今晚|明晚|聽晚|听晚|朝早|上晝|晏晝|下晝|夜晚)?"
    rf"(?P<hour>{_N})[点點](?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>{_N})分?)?")
_LATE_ZH = ("下午", "晚上", "傍晚", "今晚", "明晚", "聽晚", "听晚", "晏晝", "下晝", "夜晚")
_AFTER = {"zh": ("后天", "後天"), "yue": ("後日", "后日", "后天"), "en": ("day after tomorrow",)}
_TOMORROW = {"zh": ("明天", "明日", "明早", "明晚"),
             "yue": ("聽日", "听日", "聽朝", "听朝", "聽晚", "听晚", "明天"), "en": ("tomorrow",)}
# slower, later, a little: no time on the clock
_A_LITTLE = re.compile(r"(?:(?<![今明聽听])[早晚]|[慢快声聲遲迟有])一[点點]"
                       r"(?![半钟鐘一二三四五六十零])")
_HOUR_EN = re.compile(r"\b(?:in |after )?(?:an|one|1) hour\b|\bhalf an hour\b")
_IN_EN = re.compile(r"\bin (?P<n>[a-z0-9 ]+?) (?P<unit>hours|minutes)\b")
_PAST_EN = re.compile(r"\b(?P<n>quarter|half|five|ten|twenty(?: five)?)(?: minutes)? "
                      r"(?P<way>past|after|to|before) (?P<hour>.+)")
# the hour of a part of the day that is named alone
_USUAL = {"明早": 9, "聽朝": 9, "今晚": 19, "明晚": 19, "聽晚": 19, "tonight": 19,
          "早上": 9, "上午": 10, "中午": 12, "下午": 15, "晚上": 19,
          "朝早": 9, "上晝": 10, "晏晝": 13, "下晝": 15, "夜晚": 19,
          "morning": 10, "noon": 12, "afternoon": 15, "evening": 19}
_NAMED_PARTS = {"zh": ("早上", "上午", "中午", "下午", "晚上"), "yue": ("朝早", "下晝", "夜晚"),
                "en": ("morning", "afternoon", "evening")}
_PARTS_EN = {"tonight": 12, "morning": 0, "afternoon": 12, "evening": 12, "pm": 12, "am": 0}


@dataclass(frozen=True)
class When:
    """``after_min`` from now; or ``days`` from today, or a ``minute`` of the day, or both."""

    after_min: int | None = None
    days: int | None = None
    minute: int | None = None


def when(language: str, text: str) -> When | None:
    """The time named in ``text``; None when there is none, or it cannot be."""
    said = _A_LITTLE.sub("", normal(text[:100]))
    words = lexicon(language)
    for mark in words.corrections - words.negators:          # 三点，不对，四点
        before, _, after = said.rpartition(mark)
        if before and (corrected := when(language, after)):
            return corrected
    found = _english(said) if language == "en" else _chinese(said)
    days = next((number for number, words in ((2, _AFTER), (1, _TOMORROW))
                 if any(word in said for word in words.get(language, ()))), None)
    if found is None and not read_numbers(said, language, 0)[0]:
        found = next((When(minute=60 * hour) for part, hour in _USUAL.items() if part in said),
                     None)
    if found is None:
        return When(days=days) if days else None
    return When(minute=found.minute, days=days) if found.minute is not None else found


def _chinese(said: str) -> When | None:
    if after := _AFTER_ZH.search(said):
        hours = after["unit"] not in ("分钟", "分鐘")
        number = chinese_number(the_first(after["n"])) if after["n"] else None
        if after["half"]:
            return When(after_min=30) if hours else None
        return When(after_min=int(number) * (60 if hours else 1)) if number else None
    clock = _CLOCK_ZH.search(said)
    hour = chinese_number(the_first(clock["hour"])) if clock else None
    if clock is None or hour is None:
        return None
    minute = chinese_number(clock["minute"]) if clock["minute"] else None
    minutes = 30 if clock["half"] else {"一": 15, "三": 45}.get(clock["quarter"] or "", 0)
    return _clock(int(hour), int(minute) if minute else minutes, late=clock["part"] in _LATE_ZH)


def _english(said: str) -> When | None:
    if match := _HOUR_EN.search(said):
        return When(after_min=30 if match[0].startswith("half") else 60)
    if match := _IN_EN.search(said):
        numbers, rest = read_numbers(match["n"], "en", 0)
        if len(numbers) == 1 and not rest:
            return When(after_min=int(numbers[0]) * (60 if match["unit"] == "hours" else 1))
        return None
    late = any(_PARTS_EN.get(word) == 12 for word in said.split())
    if match := _PAST_EN.search(said):
        return _past(match, late)
    numbers, _ = read_numbers(said.partition(" or ")[0], "en", 0)        # two or three
    if not numbers or len(numbers) > 2 or any(number < 0 for number in numbers):
        return None
    hour, minutes = divmod(int(numbers[0]), 100) if numbers[0] >= 100 else (
        int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else 0)        # three thirty
    return _clock(hour, minutes, late)


def _past(match: re.Match[str], late: bool) -> When | None:
    """A quarter past nine, ten to three."""
    hours, _ = read_numbers(match["hour"], "en", 0)
    at = _clock(int(hours[0]), 0, late) if len(hours) == 1 and hours[0] >= 0 else None
    if at is None or at.minute is None:
        return None
    minutes = {"quarter": 15, "half": 30}.get(match["n"]) \
        or int(read_numbers(match["n"], "en", 0)[0][0])
    later = match["way"] in ("past", "after")
    return When(minute=(at.minute + (minutes if later else -minutes)) % (24 * 60))


def _clock(hour: int, minute: int, late: bool) -> When | None:
    """A time on the clock. Without a part of the day, one to six are in the afternoon."""
    if hour < 12 and (late or 1 <= hour <= 6):
        hour += 12
    return When(minute=hour * 60 + minute) if hour < 24 and minute < 60 else None


@lru_cache
def when_grammar(language: str) -> Grammar:
    """What may be said to name a time."""
    words = lexicon(language)
    found = dict.fromkeys(phrase for phrase in _phrases(language) if when(language, phrase))
    return Grammar(language, tuple(found), tuple(sorted(set(words.decoys) - set(found))),
                   unhurried=True, around=words.around)


def _phrases(language: str) -> Iterator[str]:
    tomorrow = _TOMORROW.get(language, _TOMORROW["zh"])[0]
    yield tomorrow
    yield _AFTER.get(language, _AFTER["zh"])[0]
    for part in _NAMED_PARTS.get(language, _NAMED_PARTS["zh"]):
        yield from (f"{tomorrow} {part}", f"this {part}") if language == "en" else (
            f"{tomorrow}{part}", part)
    for hour in range(1, 13):
        if language == "en":
            spoken = english_whole(hour)
            for part in ("", " in the morning", " in the afternoon", " in the evening"):
                yield f"{spoken} o'clock{part}"
                yield f"half past {spoken}{part}"
                yield f"{tomorrow} at {spoken}{part}"
            yield f"in {spoken} hours"
            continue
        spoken = "两" if hour == 2 else chinese_whole(hour)
        for day in ("", tomorrow):
            for part in ("", "上午", "下午", "晚上"):
                yield f"{day}{part}{spoken}点"
                yield f"{day}{part}{spoken}点半"
        yield f"{spoken}个小时以后"
        yield f"{spoken}小时后"
    yield from ("in an hour", "in half an hour") if language == "en" else (
        "半小时后", "半个小时以后")
