"""Parts of the day, and the hours that belong to them.

An hour that does not belong to the part it is named with is no time: "one o'clock tonight" may be
a slip, or a mishearing, and is asked again. So is the dead of night, when nobody is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.understanding.lexicon import cut, longest_of

FIRST_HOUR = 6               # nobody means an earlier one


@dataclass(frozen=True)
class DayPart:
    """Hours ``first`` to ``last`` of the 24 may be named with it; ``usual``: where none is."""

    first: int
    last: int
    usual: int | None = None

    def hour(self, named: int) -> int | None:
        """The hour of the day that ``named`` (3, or 15) is with this part; None when it is none."""
        found = [hour for hour in range(self.first, self.last + 1)
                 if hour == named or (named <= 12 and hour % 12 == named % 12)]
        return found[0] if len(found) == 1 else None


_NIGHT = DayPart(1, 0)       # no hour of it
_EARLY, _MORNING, _FORENOON = DayPart(6, 11), DayPart(6, 11, 9), DayPart(6, 12, 10)
_NOON, _AFTERNOON = DayPart(11, 14, 12), DayPart(12, 20, 15)
_DUSK, _LATE, _EVENING = DayPart(16, 20, 18), DayPart(17, 23), DayPart(17, 23, 19)
_OF = {
    "zh": {_EARLY: ("早", "今早"),
           _MORNING: ("早上", "早晨", "清早", "清晨", "大清早", "一早", "一大早", "明早"),
           _FORENOON: ("上午", "头午"), _NOON: ("中午", "正午", "晌午", "大中午", "午饭时间"),
           _AFTERNOON: ("下午", "午后", "后晌", "过了中午"), _DUSK: ("傍晚", "黄昏", "擦黑"),
           _LATE: ("晚", "今儿晚"),
           _EVENING: ("晚上", "今晚", "明晚", "晚间", "夜里", "夜间", "晚饭后", "吃完晚饭"),
           _NIGHT: ("凌晨", "半夜", "深夜", "午夜", "大半夜", "后半夜", "半夜里")},
    "yue": {_EARLY: ("早", "今早", "今朝"),
            _MORNING: ("朝早", "聽朝", "听朝", "朝頭早", "早上", "一早", "明早", "早晨"),
            _FORENOON: ("上晝", "上昼", "上午"), _NOON: ("中午", "正午"),
            DayPart(12, 17, 13): ("晏晝", "晏昼"), _AFTERNOON: ("下晝", "下昼", "下午"),
            _DUSK: ("傍晚", "挨晚", "黃昏", "黄昏"), _LATE: ("晚",),
            _EVENING: ("夜晚", "今晚", "聽晚", "听晚", "晚上", "晚黑", "晚頭", "明晚", "夜晚黑"),
            _NIGHT: ("凌晨", "半夜", "深夜", "半夜三更", "三更半夜")},
    "en": {_EARLY: ("am", "a m"), _FORENOON: ("morning", "forenoon"),
           DayPart(12, 12, 12): ("noon", "midday", "twelve noon"),
           DayPart(11, 14, 12): ("lunchtime", "lunch time"),
           DayPart(12, 18, 15): ("afternoon",), DayPart(12, 23): ("pm", "p m"),
           _EVENING: ("tonight", "evening", "night"),
           _NIGHT: ("midnight", "middle of the night")}}
PARTS: Mapping[str, Mapping[str, DayPart]] = {
    language: {word: part for part, words in parts.items() for word in words}
    for language, parts in _OF.items()}
_KNOWN = {language: (dict.fromkeys(parts, "part"), longest_of(parts, language == "en"))
          for language, parts in PARTS.items()}


def named(said: str, language: str) -> list[DayPart]:
    """The parts of the day in ``said`` (normal form), each once."""
    written = language if language in PARTS else "zh"
    known, longest = _KNOWN[written]
    return list(dict.fromkeys(PARTS[written][word] for word, kind in cut(
        said, known, by_word=written == "en", longest=longest) if kind))
