"""What may be said to name a time to call back, for recognisers.

Every hour with every part of the day is listened for: those that do not belong together are heard
as what they are, no time, and not as the next best that is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.understanding.days_ahead import WEEKDAYS
from ivr.understanding.grammar import Grammar
from ivr.understanding.lexicon import lexicon
from ivr.understanding.numbers import chinese_whole, english_whole
from ivr.understanding.times import when

FEW = 5                      # phrases, understood in half a millisecond
_TODAY = {"zh": "今天", "yue": "今日"}
_TOMORROW = {"zh": "明天", "yue": "聽日", "en": "tomorrow"}
_DAY_AFTER = {"zh": "后天", "yue": "後日", "en": "day after tomorrow"}
_ALONE = {"zh": ("早上", "上午", "中午", "下午", "傍晚", "晚上", "明早", "今晚", "明晚"),
          "yue": ("朝早", "上晝", "中午", "晏晝", "下晝", "夜晚", "聽朝", "今晚", "聽晚"),
          "en": ("morning", "afternoon", "evening")}
_WITH_HOURS = {"zh": ("", "早上", "上午", "下午", "晚上"),
               "yue": ("", "朝早", "上晝", "下晝", "夜晚")}
_OF_WEEK = {"zh": tuple(f"{week}{day}" for week in ("星期", "周", "下周", "下星期")
                        for day in "一二三四五六日"),
            "yue": tuple(f"{week}{day}" for week in ("星期", "禮拜", "下星期", "下個禮拜")
                         for day in "一二三四五六日"),
            "en": WEEKDAYS}
_USUAL = {"zh": {"上午": range(8, 12), "下午": range(1, 6), "晚上": (7,)},
          "yue": {"上晝": range(8, 12), "下晝": range(1, 6), "夜晚": (7,)}}
_MORE = {"zh": ("中午十二点", "中午十二点半", "中午一点", "今晚七点", "今晚八点", "傍晚六点",
                "半小时后", "半个小时以后", "一个半小时以后", "一刻钟以后", "二十分钟后",
                "大后天"),
         "yue": ("中午十二點", "中午十二點半", "晏晝一點", "晏晝兩點", "晏晝三點", "今晚七點",
                 "今晚八點", "半個鐘後", "半個鐘頭後", "個半鐘後", "大後日"),
         "en": ("at noon", "noon", "tonight", "tomorrow night", "tonight at seven",
                "tonight at eight", "in an hour", "in half an hour", "in an hour and a half",
                "in three days")}

_making: dict[str, Iterator[Grammar | None]] = {}


def when_grammar(language: str) -> Grammar:
    """What may be said to name a time. Made once for a language and kept."""
    while (found := make_some_times(language)) is None:
        pass
    return found


def make_some_times(language: str) -> Grammar | None:
    """Make a few of its phrases; the grammar once all are there, which takes some 20 ms in all.
    Who asks for it at the same time goes on where others were."""
    if language not in _making:
        _making[language] = _phrases(language)
    return next(_making[language])


def _phrases(language: str) -> Iterator[Grammar | None]:
    """None after each few phrases, in the end the grammar, as often as it is asked for."""
    words = lexicon(language)
    found: dict[str, None] = {}
    none = dict.fromkeys(words.decoys)
    for number, phrase in enumerate(_english() if words.by_word else _chinese(words.language)):
        (found if when(language, phrase) else none)[phrase] = None
        if number % FEW == 0:
            yield None
    grammar = Grammar(language, tuple(found), tuple(sorted(none.keys() - found.keys())),
                      unhurried=True, around=words.around)
    while True:
        yield grammar


def _days(language: str) -> Iterator[str]:
    yield _TOMORROW[language]
    yield _DAY_AFTER[language]
    yield from _MORE[language]


def _chinese(language: str) -> Iterator[str]:
    yield from _days(language)
    point, hour_long = ("點", "個鐘頭") if language == "yue" else ("点", "个小时")
    today, tomorrow = _TODAY[language], _TOMORROW[language]
    for part in _ALONE[language]:
        yield from (part,) if part[0] in "明今聽" else (
            part, f"{today}{part}", f"{tomorrow}{part}")
    for hour in range(1, 13):
        spoken = _hour(hour, language)
        for day in ("", tomorrow):
            for part in _WITH_HOURS[language]:
                yield f"{day}{part}{spoken}{point}"
                yield f"{day}{part}{spoken}{point}半"
        yield f"{spoken}{hour_long}{'後' if language == 'yue' else '以后'}"
        if language == "zh":
            yield f"{spoken}小时后"
    for day in (today, _DAY_AFTER[language], *_OF_WEEK[language]):
        if day != today:
            yield day
        for part, hours in _USUAL[language].items():
            yield f"{day}{part}"
            for hour in hours:
                yield f"{day}{part}{_hour(hour, language)}{point}"


def _hour(hour: int, language: str) -> str:
    return ("兩" if language == "yue" else "两") if hour == 2 else chinese_whole(hour)


def _english() -> Iterator[str]:
    yield from _days("en")
    for part in _ALONE["en"]:
        yield from (f"tomorrow {part}", f"this {part}")
    for hour in range(1, 13):
        spoken = english_whole(hour)
        for part in ("", " in the morning", " in the afternoon", " in the evening"):
            yield f"{spoken} o'clock{part}"
            yield f"half past {spoken}{part}"
            yield f"tomorrow at {spoken}{part}"
        yield f"today at {spoken}"
        yield f"quarter past {spoken}"
        yield f"quarter to {spoken}"
        yield f"in {spoken} hours"
    for day in _OF_WEEK["en"]:
        yield from (day, f"on {day}", f"this {day}", f"next {day}")
        for part in _ALONE["en"]:
            yield f"{day} {part}"
        for hour in range(1, 13):
            yield f"{day} at {english_whole(hour)}"
