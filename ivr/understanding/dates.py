"""Days as people say them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ivr.understanding.days_ahead import WEEK, WEEKDAYS
from ivr.understanding.lexicon import Lexicon, cut
from ivr.understanding.numbers import chinese_number, either
from ivr.understanding.numbers import read as read_numbers

_N = r"[\d一二两兩三四五六七八九十廿卅]{1,3}"
_YEAR = r"[\d零〇一二三四五六七八九]"
_CHINESE = (
    re.compile(rf"(?:(?P<year>{_YEAR}{{4}}|{_YEAR}{{2}})年|(?P<ago>大前年|前年|去年|今年|明年|舊年|旧年|上年))?的?"
               rf"(?P<month>{_N})月份?(?P<day>{_N})[号號日]?"),
    re.compile(rf"(?P<which>上上|上|这|這|本|今|呢|下)(?:个|個)?月(?:份|的)?(?P<day>{_N})[号號日]?"),
    re.compile(rf"(?P<alone>{_N})[号號]"),
    re.compile(rf"(?P<week>上上|上|这|這|本|今|呢|下)?(?:个|個)?{WEEK}(?P<weekday>[一二三四五六日天])"),
    re.compile(rf"(?P<count>{_N})(?:个|個)?(?P<unit>天|日|{WEEK})[之以]?前"))
_MONTHS = {name: number for number, name in enumerate((
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december"), start=1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_WEEKDAYS = {name: number for number, name in enumerate(WEEKDAYS)}
_NTH = {name: number for number, name in enumerate((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth"), start=1)} | {"thirtieth": 30}
_NTH |= {f"{tens} {name}": number + more for tens, more in (("twenty", 20), ("thirty", 30))
         for name, number in _NTH.items() if number < 10 and number + more <= 31}
_DAY = "|".join((*sorted(_NTH, key=len, reverse=True), r"\d{1,2}(?:st|nd|rd|th)?"))
_SPELT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|" \
    r"fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty)(?: \w+)?)"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ENGLISH = (
    re.compile(rf"\b(?P<month>{_MONTH})(?: the)? (?P<day>{_DAY}|{_SPELT})\b"
               r"(?: (?P<year>(?:19|20)\d\d|(?:twenty|nineteen) \w+(?: \w+)?))?"),
    re.compile(rf"\b(?:the )?(?P<day>{_DAY}|{_SPELT})(?: of)? (?P<month>{_MONTH})\b"
               r"(?: (?P<year>(?:19|20)\d\d|(?:twenty|nineteen) \w+(?: \w+)?))?"),
    re.compile(rf"\bthe (?P<day>{_DAY}) of (?P<which>last|this|next) month\b"),
    re.compile(rf"\bthe (?P<alone>{_DAY})\b"),
    re.compile(r"\b(?:on )?(?:(?P<week>last|this|next) )?"
               rf"(?P<weekday>{'|'.join(_WEEKDAYS)})\b"),
    re.compile(r"\b(?P<count>a couple of|a|\w+) (?P<unit>days?|weeks?) ago\b"))
_MONTHS_ON = {"上上": -2, "上": -1, "last": -1, "下": 1, "next": 1}
_YEARS_ON = {"大前年": -3, "前年": -2, "去年": -1, "舊年": -1, "旧年": -1, "上年": -1,
             "今年": 0, "明年": 1}


@dataclass(frozen=True)
class Day:
    """One day that was named: ``days`` it may be; ``sure``: in words that leave no doubt."""

    days: frozenset[date]
    sure: bool = True

    def nearest(self, today: date | None) -> date:
        """The one closest to today."""
        return min(self.days, key=lambda day: (abs(day - (today or day)), day))


def read(said: str, words: Lexicon, today: date | None) -> tuple[set[Day], str]:
    """The days named in ``said`` (normal form), and the text without them."""
    found: set[Day] = set()
    for pattern in _ENGLISH if words.by_word else _CHINESE:
        while match := pattern.search(said):
            day = _day(match.groupdict(), today, _english if words.by_word else _chinese)
            if day is not None:
                found.add(day)
            said = f"{said[:match.start()]} {said[match.end():]}"
    rest = list(cut(said, dict.fromkeys(words.days, "day"), words.by_word))
    if today is not None:
        found |= {Day(frozenset({today + timedelta(days=words.days[word])}))
                  for word, kind in rest if kind}
    glue = " " if words.by_word else ""
    return found, glue.join(word for word, kind in rest if not kind)


def _day(parts: Mapping[str, str | None], today: date | None,
         number: Callable[[str], int | None]) -> Day | None:
    """What a match of a pattern names; None where it is no day, or today is needed and unknown."""
    if parts.get("month"):
        return _of_month(parts, today, number)
    if today is None:
        return None
    if parts.get("count"):
        count = 2 if parts["count"] == "a couple of" else number(parts["count"] or "")
        weeks = (parts["unit"] or "")[0] not in "d天日"
        if not count:
            return None
        return Day(frozenset({today - timedelta(days=count * (7 if weeks else 1))}),
                   sure=parts["count"] != "a couple of" and not weeks)
    if parts.get("weekday"):
        return _of_week(parts, today)
    day = number(parts.get("day") or parts.get("alone") or "") or 0
    months = (-1, 0, 1) if parts.get("alone") else (_MONTHS_ON.get(parts["which"] or "", 0),)
    days = frozenset(found for on in months if (found := _in_month(today, on, day)))
    return Day(days, sure=not parts.get("alone")) if days else None


def _of_month(parts: Mapping[str, str | None], today: date | None,
              number: Callable[[str], int | None]) -> Day | None:
    month, day = (number(parts[name] or "") or 0 for name in ("month", "day"))
    years: Iterable[int]
    if parts.get("year"):
        year = _year(parts["year"] or "")
        years = (year,) if year else ()
    elif today is None:
        return None
    else:
        on = _YEARS_ON.get(parts.get("ago") or "")
        years = (today.year + on,) if on is not None else range(today.year - 1, today.year + 2)
    days = frozenset(found for year in years if (found := _date(year, month, day)))
    return Day(days) if days else None


def _of_week(parts: Mapping[str, str | None], today: date) -> Day:
    """A day of a week; two weeks may be meant, so it is never sure."""
    name, week = parts["weekday"] or "", parts.get("week") or ""
    place = _WEEKDAYS.get(name, "一二三四五六日".find(name.replace("天", "日")))
    monday = today - timedelta(days=today.weekday())
    this = monday + timedelta(days=place)
    if week in ("last", ""):               # the last such day
        return Day(frozenset({this if this < today else this - timedelta(days=7)}), sure=False)
    return Day(frozenset({this + timedelta(days=7 * _MONTHS_ON.get(week, 0))}), sure=False)


def _in_month(today: date, on: int, day: int) -> date | None:
    years, month = divmod(today.month - 1 + on, 12)
    return _date(today.year + years, month + 1, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(said: str) -> int | None:
    """2026, 二六, "twenty twenty six"."""
    if re.match("[a-z]", said):
        century, _, rest = said.partition(" ")
        numbers, _ = read_numbers(rest, "en", 0)
        return (2000 if century == "twenty" else 1900) + int(numbers[0]) if len(numbers) == 1 \
            and 0 <= numbers[0] < 100 else None
    number = chinese_number(said)
    return None if number is None else int(number) + (2000 if number < 100 else 0)


def _chinese(said: str) -> int | None:
    number = None if either(said) else chinese_number(said)      # 两三号 is not the twenty-third
    return None if number is None else int(number)


def _english(said: str) -> int | None:
    if said in _MONTHS or said in _NTH:
        return _MONTHS.get(said) or _NTH.get(said)
    if said == "a":
        return 1
    numbers, rest = read_numbers(re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", said), "en", 0)
    return int(numbers[0]) if len(numbers) == 1 and not rest else None
