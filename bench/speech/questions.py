"""Questions that the recorded words can answer: the vocabularies of the bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

from followup.questionnaires.definition import (
    Item,
    ItemType,
    Operator,
    Option,
    Questionnaire,
    Rule,
)
from followup.responses.models import Severity
from ivr.understanding.lexicon import lexicon

ALIKE = 60.0                 # of 100: words that sound so much the same make a minimal pair
KEYS = "123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Question:
    """``answers``: the value that each word means; ``keys``: what a patient presses for it.

    ``two_way``: a wrong answer is the opposite one. ``dialogue``: whether it can be asked.
    """

    vocabulary: str
    item: Item
    answers: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, str] = field(default_factory=dict)
    two_way: bool = False
    dialogue: bool = True

    def questionnaire(self, language: str) -> Questionnaire:
        """One that asks nothing else."""
        return Questionnaire("urn:aftercall:bench", "1", "bench", "active", (language,),
                             (self.item,), {})


def questions(language: str, words: Sequence[str]) -> Iterator[Question]:
    """All that can be asked with ``words``."""
    known = lexicon(language)
    yes, no = ([word for word in words if word in group] for group in (known.yes, known.no))
    if yes and no:
        yield _yes_no("yes/no, red flag", language, yes, no)
    apart, alike = _pairs(language, words)
    for pair in apart:
        yield _choice("two-way choice", language, pair)
    for pair in alike:
        yield _choice("minimal pair", language, pair)
    for name, pairs in (("two words a side, red flag", apart),
                        ("minimal pairs a side, red flag", alike)):
        for first, second in zip(pairs[::2], pairs[1::2], strict=False):
            yield _yes_no(name, language, (first[0], second[0]), (first[1], second[1]))
    if set(known.digits) <= set(words):
        item = Item("q", ItemType.INTEGER, text={language: "?"}, minimum=0, maximum=9)
        yield Question("ten digits", item,
                       {word: {"valueInteger": number}
                        for number, word in enumerate(known.digits)},
                       {word: f"{number}#" for number, word in enumerate(known.digits)})
    if len(words) > 2:
        yield _choice(f"{len(words)} words", language, words)


def _choice(name: str, language: str, words: Sequence[str]) -> Question:
    options = tuple(_option({"valueString": word}, language, word, key)
                    for word, key in zip(words, KEYS, strict=False))
    return Question(name, Item("q", ItemType.CHOICE, text={language: "?"}, options=options),
                    {option.text[language]: option.value for option in options},
                    {option.text[language]: option.keys[0] for option in options},
                    two_way=len(words) == 2, dialogue=len(words) <= 9)


def _yes_no(name: str, language: str, yes: Sequence[str], no: Sequence[str]) -> Question:
    """A yes/no question with a rule on yes; the words stand for yes and no beside the usual."""
    texts = {True: {"zh": "有"}.get(language, "yes"), False: {"zh": "没有"}.get(language, "no")}
    options = tuple(Option({"valueBoolean": truth}, {language: texts[truth]}, (key,),
                           spoken={language: tuple(said)})
                    for truth, key, said in ((True, "1", yes), (False, "2", no)))
    item = Item("q", ItemType.BOOLEAN, text={language: "?"}, required=True, options=options,
                rules=(Rule("r", Severity.ABNORMAL, Operator.EQUAL, True, {language: "r"}),))
    return Question(name, item,
                    {word: {"valueBoolean": word in yes} for word in (*yes, *no)},
                    {word: "1" if word in yes else "2" for word in (*yes, *no)}, two_way=True)


def _option(value: Mapping[str, Any], language: str, text: str, key: str) -> Option:
    return Option(value, {language: text}, (key,))


def _pairs(language: str, words: Sequence[str]) -> tuple[
        list[tuple[str, str]], list[tuple[str, str]]]:
    """Words in pairs that sound apart, and in pairs that sound alike; each word once in either."""
    likeness = {pair: fuzz.ratio(*(_sound(language, word) for word in pair))
                for pair in combinations(sorted(words), 2)}
    ranked = sorted(likeness, key=lambda pair: (likeness[pair], pair))
    alike = [pair for pair in reversed(ranked) if likeness[pair] >= ALIKE]
    return _disjoint(ranked), _disjoint(alike)


def _disjoint(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    taken: set[str] = set()
    chosen = []
    for pair in pairs:
        if not taken & set(pair):
            taken |= set(pair)
            chosen.append(pair)
    return chosen


def _sound(language: str, word: str) -> str:
    return word if language == "en" else " ".join(lazy_pinyin(word))
