"""Blood pressure in one breath: 一百四十 over 九十, 高压一百四低压九十, "one forty over ninety".

Which of the two is asked for, the question's own words tell. That one is read back; the lower one
waits for its question where that comes next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from followup.questionnaires.definition import Item
from followup.questionnaires.values import fhir_value, within
from ivr.understanding import numbers
from ivr.understanding.lexicon import Lexicon, lexicon, normal, without
from ivr.understanding.meaning import Answered

HIGH = ("高压", "收缩压", "上压", "高壓", "上壓", "收縮壓", "systolic", "upper", "top", "high")
LOW = ("低压", "舒张压", "下压", "低壓", "下壓", "舒張壓", "diastolic", "lower", "bottom", "low")
LABELS = (*HIGH, *LOW, "血压", "血壓", "blood pressure", "blood", "pressure", "over", "比",
          "number")
_RUN = re.compile(r"[零〇一幺二两兩三四五六七八九十百\d]+")
MANY = 1000                  # no one number of a blood pressure
SYSTOLIC, DIASTOLIC = range(60, 261), range(40, 161)


def asks_for(item: Item, language: str) -> str:
    """"high", "low", or "" where the question is of neither, or of both."""
    if not item.type.is_number or item.birth_year:
        return ""
    for texts in (item.prompt, item.text):
        said = normal(texts.get(language) or texts.get("zh" if language == "yue" else "", ""))
        high, low = (any(word in said for word in words) for words in (HIGH, LOW))
        if high is not low:
            return "high" if high else "low"
    return ""


def understood(item: Item, words: Lexicon, said: str) -> Answered | None:
    """The number that is asked for, where both were told; to be read back."""
    asked = asks_for(item, words.language)
    pairs = set(_pairs(said, words)) if asked else set()
    if len(pairs) != 1:
        return None
    [(high, low)] = pairs
    plain = int(_number(high if asked == "high" else low, words))
    if not within(item, plain):
        return None
    return Answered(fhir_value(plain), certain=False, beyond=low if asked == "high" else "")


def _pairs(said: str, words: Lexicon) -> Iterator[tuple[str, str]]:
    """The ways to read two numbers of a blood pressure in ``said``."""
    bare = without(said, {*LABELS, *words.fillers, *words.hums}, words.by_word)
    if words.by_word:
        found, rest = numbers.read(bare, "en", 0)
        if not rest and len(found) == 2 and "or" not in said.split():
            yield from _sensible(str(found[0]), str(found[1]), words)
        return
    if _RUN.sub("", bare):
        return
    runs = _RUN.findall(said)
    if len(runs) == 2:
        first_low = min((said.find(word) for word in LOW if word in said), default=len(said))
        swapped = first_low < said.find(runs[0])             # 低压九十，高压一百四
        first, second = reversed(runs) if swapped else runs
        yield from _sensible(first, second, words)
    elif len(runs) == 1 and (numbers.chinese_number(runs[0]) or MANY) >= MANY:
        for place in range(1, len(runs[0])):
            high, low = runs[0][:place], runs[0][place:]
            if ("百" in high) <= ("十" in low or "百" in low):         # 一百三五 is one number
                yield from _sensible(high, low, words)


def _sensible(high: str, low: str, words: Lexicon) -> Iterator[tuple[str, str]]:
    above, below = _number(high, words), _number(low, words)
    if above in SYSTOLIC and below in DIASTOLIC and above > below:
        yield high, low


def _number(said: str, words: Lexicon) -> int:
    found, rest = numbers.read(said, words.language, 0)
    return int(found[0]) if len(found) == 1 and not rest else -1


def is_next(item: Item, following: Item, language: str) -> bool:
    """Whether ``following`` asks for the lower of the two after the higher."""
    return (asks_for(item, language), asks_for(following, language)) == ("high", "low")


def labels(item: Item, language: str) -> tuple[str, ...]:
    """What recognisers are told of, beside the numbers."""
    by_word = lexicon(language).by_word
    return tuple(word for word in LABELS if word.isascii() is by_word) \
        if asks_for(item, language) else ()
