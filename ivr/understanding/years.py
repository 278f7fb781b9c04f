"""Years of birth as people say them: every way to say one, and reading it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from ivr.understanding.numbers import english_whole

FIRST, LAST = 1900, 2039
_CN_DIGITS = "零一二三四五六七八九"
_CASUAL = {"en": ("in", "born", "i was", "was born", "i was born in", "it's", "the year", "year"),
           "zh": ("我是", "他是", "她是", "是", "出生的", "出生", "生的", "生人", "生", "的")}


def years(language: str) -> tuple[str, ...]:
    """Every way to say a year, in normal form."""
    return tuple(_said(language))


def read_year(said: str, language: str) -> int | None:
    """The year in ``said`` (normal form): 1957, or 57 where the century was left out."""
    known = _said(language)
    if said in known:
        return known[said]
    glue = " " if language == "en" else ""
    for words in sorted(_CASUAL["en" if language == "en" else "zh"], key=len, reverse=True):
        said = said.removeprefix(f"{words}{glue}").removesuffix(f"{glue}{words}")
    return known.get(said)


@lru_cache
def _said(language: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for year in range(FIRST, LAST + 1):
        for way in _english(year) if language == "en" else _chinese(year):
            found[way] = year
        found[str(year)] = year
    for short in range(100) if language != "en" else ():
        found[f"{_digits(f'{short:02d}')}年"] = short
    return found


def _chinese(year: int) -> Iterator[str]:
    for digits in (_digits(str(year)), _digits(str(year)).replace("一", "幺")):
        yield from (f"{digits}年", digits)


def _digits(number: str) -> str:
    return "".join(_CN_DIGITS[int(digit)] for digit in number)


def _english(year: int) -> Iterator[str]:
    century, rest = divmod(year, 100)
    if 2000 <= year < 2010:
        yield from ("two thousand",) if not rest else (
            f"two thousand {english_whole(rest)}", f"two thousand and {english_whole(rest)}")
    elif not rest:
        yield f"{english_whole(century)} hundred"
    elif rest < 10:
        yield f"{english_whole(century)} oh {english_whole(rest)}"
    else:
        yield f"{english_whole(century)} {english_whole(rest)}"
