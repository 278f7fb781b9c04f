"""When to call back, as people say it.

What is not certain is no time: a day we cannot promise, an hour of no such part of the day, two
different times. It is asked again rather than read back wrongly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from ivr.understanding import dayparts, days_ahead
from ivr.understanding.dayparts import DayPart
from ivr.understanding.lexicon import cut, lexicon, longest_of, normal
from ivr.understanding.numbers import chinese_number, either
from ivr.understanding.numbers import read as read_numbers

PART_H = 3                   # a part of the day lasts so long from its usual hour on
_N = r"[\d零一二兩两三四五六七八九十廿]{1,3}"
_AFTER_ZH = re.compile(
    r"(?<![\d零一二兩两三四五六七八九十廿点點])"
    rf"(?:(?P<n>{_N})[个個]?(?P<half>半)?|(?P<some>半)[个個]?|(?P<one>[个個][半把]))"
    r"(?P<unit>小时|小時|钟头|鐘頭|[钟鐘]|分[钟鐘]|刻[钟鐘])(?P<more>半(?![小钟鐘个個]))?")
_CLOCK_ZH = re.compile(
    rf"(?P<hour>{_N})[点點](?:[钟鐘正整])?(?:[过過零踏]|搭)?(?:(?P<half>半)|(?P<quarter>[一三])刻"
    rf"|(?P<five>{_N})[个個]字|(?P<minute>{_N})(?P<sure>分)?)?")
_TWO_HOURS = re.compile(r"([一二两兩三四五六七八九])([二三四五六七八九])(?=[点點])")
# days that no prompt of ours can name
_FAR_ZH = re.compile(rf"大大|[周週]|星期|[礼禮]拜|(?:个|個|下|{_N})月|{_N}[号號]|"
                     rf"(?:{_N}|几|幾)[天日]")
_FAR_EN = re.compile(r"\b(?:days|weeks?|months?|weekend)\b")
_POINT = re.compile(r"[点點]")
# slower, later, a little: no time on the clock
_A_LITTLE = re.compile(r"(?:(?<![今明聽听])[早晚]|[慢快声聲遲迟有])一?[点點]"
                       r"(?![半钟鐘一二三四五六十零])")
# what was said before them will not do: 上午不行，下午吧
_NOT_THEN = {"zh": ("不行", "不方便", "没空", "没时间", "有事", "不在", "不可以", "不要",
                    "不好", "别打", "不是", "忙"),
             "yue": ("唔得", "唔得閒", "唔方便", "冇時間", "有嘢做", "唔喺度", "唔好", "唔係"),
             "en": ("no good", "not good", "won't do", "doesn't work", "does not work", "i can't",
                    "i'm busy", "i am busy", "is bad", "not")}
_NO_REFUSAL = ("行不行", "好不好", "可不可以", "方不方便", "不好意思", "不要紧",
               "得唔得", "好唔好", "唔好意思")
_AN_HOUR = re.compile(r"\b(?:an|one|1) hour( and a half)?\b|\bhalf an hour\b")
_IN_EN = re.compile(r"\b(?:in |after )?(?P<n>[a-z0-9 -]+?) (?P<unit>hours|minutes)\b")
_PAST_EN = re.compile(r"\b(?P<n>half|(?:a )?quarter|five|ten|twenty|twenty[ -]five) "
                      r"(?P<way>past|to) ")


@dataclass(frozen=True)
class When:
    """``after_min`` from now; or a day, or a ``minute`` of the day, or both.

    The day is so many ``days`` from today, or a ``weekday`` (Monday is 0) of this ``week`` (0), the
    next one (1), or the next to come (None); both, where both were said. ``until``: of a part of
    the day without its hour, the minute at which it is over.
    """

    after_min: int | None = None
    days: int | None = None
    minute: int | None = None
    weekday: int | None = None
    week: int | None = None
    until: int | None = None


def when(language: str, text: str) -> When | None:
    """The time named in ``text``; None when there is none, or it cannot be."""
    words = lexicon(language)
    said = _spelt(_A_LITTLE.sub("", normal(text[:100])))
    for mark in words.corrections - words.negators:          # 三点，不对，四点
        before, _, after = said.rpartition(mark)
        if before and (corrected := when(language, after)):
            return corrected
    said = _after_last(said, language)
    days, said = days_ahead.read(said, language)
    if (_FAR_EN if language == "en" else _FAR_ZH).search(_without_delays(said, language)):
        return None
    parts = dayparts.named(said, language)
    from_today = {day.days for day in days if day.days is not None}
    of_week = {day for day in days if day.weekday is not None}
    if len(parts) > 1 or len(from_today) > 1 or len(of_week) > 1 or days_ahead.NONE in days:
        return None
    part, of_week_one = next(iter(parts), None), next(iter(of_week), days_ahead.Day())
    found = _english(said, part) if language == "en" else _chinese(said, part, language)
    if found is None and (part or days) and not _numbers(said, language):
        found = _usual(part) if part else When()
    if found is None or found.after_min is not None:
        return found if not days - {days_ahead.Day(days=0)} else None
    if found.minute is None and from_today == {0}:           # today: at which hour?
        return None
    return replace(found, days=next(iter(from_today), None), weekday=of_week_one.weekday,
                   week=of_week_one.week)


def _usual(part: DayPart) -> When | None:
    """A part of the day alone."""
    if part.usual is None:
        return None
    over = min(part.last, part.usual + PART_H)
    return When(minute=60 * part.usual, until=60 * over if over > part.usual else None)


def _spelt(said: str) -> str:
    """Without what only looks like an hour: I am, a couple; 3pm is two words."""
    said = re.sub(r"(?<=\d)(?=[ap]m\b)", " ", said)
    return re.sub(r"\ba couple(?: of)?\b", "two", re.sub(r"\bi am\b", "i'm", said))


def _after_last(said: str, language: str) -> str:
    """What follows the last of the words that say what will not do."""
    known, longest = _refusals(language)
    by_word = language == "en"
    pieces = list(cut(said, known, by_word, longest))
    last = max((place for place, (_, kind) in enumerate(pieces) if kind == "mark"), default=-1)
    return (" " if by_word else "").join(word for word, _ in pieces[last + 1:])


@cache
def _refusals(language: str) -> tuple[dict[str, str], int]:
    marks = _NOT_THEN.get(language, _NOT_THEN["zh"])
    known = {**dict.fromkeys(marks, "mark"), **dict.fromkeys(_NO_REFUSAL, "none")}
    return known, longest_of(known, language == "en")


def _without_delays(said: str, language: str) -> str:
    return said if language == "en" else _AFTER_ZH.sub("", said)


def _numbers(said: str, language: str) -> bool:
    """Whether it tells an hour, be it one that cannot be."""
    said = said.replace("一大早", "").replace("一早", "")
    return bool(_POINT.search(said) or read_numbers(said, language, 0)[0])


# --- Chinese ---------------------------------------------------------------------------------

def _chinese(said: str, part: DayPart | None, language: str) -> When | None:
    if after := _AFTER_ZH.search(said):
        return _delay(after)
    said = _TWO_HOURS.sub(_earlier, said)
    clock = _CLOCK_ZH.search(said)
    hour = chinese_number(clock["hour"]) if clock else None
    if clock is None or hour is None or "差" in said:          # 差五分三点
        return None
    if clock["five"] or (language == "yue" and _is_figure(clock)):
        minute = 5 * (chinese_number(clock["five"] or clock["minute"]) or 0)    # 三點九: 3:45
    elif clock["minute"]:
        minute = chinese_number(clock["minute"].removeprefix("零")) or 0
    else:
        minute = 30 if clock["half"] else {"一": 15, "三": 45}.get(clock["quarter"] or "", 0)
    return _clock(int(hour), int(minute), part)


def _is_figure(clock: re.Match[str]) -> bool:
    """A figure of the clock's face, as Cantonese tells minutes by."""
    minute = clock["minute"] or ""
    return len(minute) == 1 and minute != "十" and not clock["sure"]


def _earlier(match: re.Match[str]) -> str:
    """三四点 is three, or a little later; 三一点 is nothing."""
    one, other = (chinese_number(digit) or 0 for digit in match.groups())
    return match[1] if other == one + 1 else match[0]


def _delay(after: re.Match[str]) -> When | None:
    """In so long: 一个半小时, 半个钟, 個半鐘, 三刻钟."""
    unit = {"分": 1, "刻": 15}.get(after["unit"][0], 60)
    if after["n"]:
        about = either(after["n"])                             # 两三个小时: two
        number = about[0] if about else chinese_number(after["n"])
        if number is None:
            return None
        halves = 2 * int(number) + (1 if after["half"] or after["more"] else 0)
    else:
        halves = {"半": 1, "个半": 3, "個半": 3}.get(after["some"] or after["one"], 2)
    minutes, rest = divmod(halves * unit, 2)
    return When(after_min=minutes) if minutes and not rest else None


# --- English ---------------------------------------------------------------------------------

def _english(said: str, part: DayPart | None) -> When | None:
    if match := _AN_HOUR.search(said):
        return When(after_min=30 if match[0].startswith("half") else 90 if match[1] else 60)
    if match := _IN_EN.search(said):
        numbers, rest = read_numbers(match["n"], "en", 0)
        if len(numbers) == 1 and not rest:
            return When(after_min=int(numbers[0] * (60 if match["unit"] == "hours" else 1)))
        return None
    said = re.sub(r"\bhalf (?!past)", "half past ", said)       # half four
    past = _PAST_EN.search(said)
    numbers, rest = read_numbers(_PAST_EN.sub(" ", said), "en", 0)
    if any(number < 0 for number in numbers) or not numbers:
        return None
    first, *others = (int(number) for number in numbers)
    hour, minute = divmod(first, 100) if first >= 100 else (first, 0)
    if past:
        minute = {"half": 30, "quarter": 15}.get(past["n"].removeprefix("a "), 0) or int(
            read_numbers(past["n"], "en", 0)[0][0])
        hour, minute = (hour, minute) if past["way"] == "past" else (hour - 1, 60 - minute)
    if others == [first + 1] and "or" in rest.split() and not past:
        others = []                                            # two or three: two
    if others:
        if past or minute or len(others) > 1 or others[0] < 10 or not {
                "or", "and", "to", "between", "till", "until"}.isdisjoint(rest.split()):
            return None                                        # two or five
        minute = others[0]                                     # three thirty
    return _clock(hour, minute, part)


def _clock(hour: int, minute: int, part: DayPart | None) -> When | None:
    """A time on the clock. Without a part of the day, one to six are in the afternoon."""
    usual = hour + 12 if 1 <= hour <= 6 else hour
    of_day = part.hour(hour) if part else usual
    if of_day is None or not dayparts.FIRST_HOUR <= of_day < 24 or not 0 <= minute < 60:
        return None
    return When(minute=of_day * 60 + minute)
