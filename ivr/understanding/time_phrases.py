"""What may be said to name a time to call back, for recognisers.

Every hour with every part of the day is listened for: those that do not belong together are heard
as what they are, no time, and not as the next best that is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ivr.understanding.grammar import Grammar
from ivr.understanding.lexicon import lexicon
from ivr.understanding.numbers import chinese_whole, english_whole
from ivr.understanding.times import when

_TOMORROW = {"zh": "明天", "yue": "聽日", "en": "tomorrow"}
_DAY_AFTER = {"zh": "后天", "yue": "後日", "en": "day after tomorrow"}
_ALONE = {"zh": ("早上", "上午", "中午", "下午", "傍晚", "晚上", "明早", "今晚", "明晚"),
          "yue": ("朝早", "上晝", "中午", "晏晝", "下晝", "夜晚", "聽朝", "今晚", "聽晚"),
          "en": ("morning", "afternoon", "evening")}
_WITH_HOURS = {"zh": ("", "早上", "上午", "下午", "晚上"),
               "yue": ("", "朝早", "上晝", "下晝", "夜晚")}
_MORE = {"zh": ("中午十二点", "中午十二点半", "中午一点", "今晚七点", "今晚八点", "傍晚六点",
                "半小时后", "半个小时以后", "一个半小时以后", "一刻钟以后", "二十分钟后"),
         "yue": ("中午十二點", "中午十二點半", "晏晝一點", "晏晝兩點", "晏晝三點", "今晚七點",
                 "今晚八點", "半個鐘後", "半個鐘頭後", "個半鐘後"),
         "en": ("at noon", "noon", "tonight", "tomorrow night", "tonight at seven",
                "tonight at eight", "in an hour", "in half an hour", "in an hour and a half")}


@lru_cache
def when_grammar(language: str) -> Grammar:
    """What may be said to name a time."""
    words = lexicon(language)
    said = tuple(dict.fromkeys(_english() if words.by_word else _chinese(words.language)))
    found = tuple(phrase for phrase in said if when(language, phrase))
    none = dict.fromkeys(phrase for phrase in (*words.decoys, *said) if phrase not in found)
    return Grammar(language, found, tuple(sorted(none)), unhurried=True, around=words.around)


def _days(language: str) -> Iterator[str]:
    yield _TOMORROW[language]
    yield _DAY_AFTER[language]
    yield from _MORE[language]


def _chinese(language: str) -> Iterator[str]:
    yield from _days(language)
    point, hour_long = ("點", "個鐘頭") if language == "yue" else ("点", "个小时")
    tomorrow = _TOMORROW[language]
    for part in _ALONE[language]:
        yield from (part,) if part[0] in "明今聽" else (part, f"{tomorrow}{part}")
    for hour in range(1, 13):
        spoken = ("兩" if language == "yue" else "两") if hour == 2 else chinese_whole(hour)
        for day in ("", tomorrow):
            for part in _WITH_HOURS[language]:
                yield f"{day}{part}{spoken}{point}"
                yield f"{day}{part}{spoken}{point}半"
        yield f"{spoken}{hour_long}{'後' if language == 'yue' else '以后'}"
        if language == "zh":
            yield f"{spoken}小时后"


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
        yield f"quarter past {spoken}"
        yield f"quarter to {spoken}"
        yield f"in {spoken} hours"
