"""Yes and no."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from ivr.understanding.lexicon import LONGEST, Lexicon, cut, lexicon, normal


@dataclass(frozen=True)
class Polarity:
    """Yes or no; None: neither, or both. ``plain``: nothing else was said, but ``beside`` a yes."""

    truth: bool | None = None
    plain: bool = False
    beside: str = ""


def polarity(said: str, words: Lexicon, yes: Collection[str], no: Collection[str]) -> Polarity:
    """What ``said`` (normal form) comes to, with these words for yes and for no."""
    if said in yes or said in no:
        return Polarity(said in yes, plain=True)
    known = {**dict.fromkeys(words.fillers, "filler"),
             **dict.fromkeys(words.with_yes, "with yes"),
             **dict.fromkeys(words.with_no, "with no"),
             **dict.fromkeys(words.negators, "negator"),
             **dict.fromkeys(no, "no"), **dict.fromkeys(yes, "yes")}
    pieces = list(cut(said, known, words.by_word))
    if any(kind == "no" for _, kind in pieces):          # 嗯，没有 begins with no yes
        pieces = [piece for piece in pieces if piece[0] not in words.hums]
    kinds = {kind for _, kind in pieces if kind != "filler"}
    if kinds in ({"yes"}, {"yes", "with yes"}):
        return Polarity(True, plain=True)
    if kinds in ({"no"}, {"no", "with no"}):
        if any(word in ("不是", "唔係") and has_negation(after, words)
               for (word, _), (after, _) in pairwise(pieces)):
            return Polarity()                            # 不是没发烧
        return _told_no(words, [word for word, kind in pieces if kind == "no"])
    # other words beside a yes may say anything; beside a no they may turn it round
    if "yes" in kinds and kinds <= {"yes", "with yes", "with no", ""} and not any(
            has_negation(word, words) for word, kind in pieces if kind in ("", "with no")):
        glue = " " if words.by_word else ""
        return Polarity(True, beside=glue.join(word for word, kind in pieces if kind != "yes"))
    return Polarity()


def _told_no(words: Lexicon, said: list[str]) -> Polarity:
    """Several noes: 不是没有 are two that undo each other; 没有，不喘 hardly, and is read back."""
    negative = dict.fromkeys(word for word in said if has_negation(word, words))
    if words.by_word or len(negative) < 2:
        return Polarity(False, plain=True)
    first, *others = negative
    undone = first.startswith(("不", "唔")) or any(word in words.no for word in others)
    return Polarity() if undone else Polarity(False)


def has_negation(stretch: str, words: Lexicon) -> bool:
    """Whether a word of negation is in it."""
    parts = stretch.split() if words.by_word else [stretch]
    return any(negator in parts if words.by_word else negator in stretch
               for negator in words.negators)


def confirmation(language: str, text: str, *, plain: bool = False) -> bool | None:
    """Yes, no, or neither, to what was read back; ``plain``: and nothing else was said.

    "Yes, wait …" and "yes, but …" are neither.
    """
    words = lexicon(language)
    found = polarity(normal(text[:LONGEST]), words, words.yes | words.right,
                     words.no | words.wrong)
    if any(mark in found.beside
           for mark in (words.corrections | words.reservations) - words.fillers):
        return None
    return found.truth if found.plain or not plain else None


def nothing_more(language: str, text: str) -> bool:
    """Whether it says that there is no further answer."""
    words = lexicon(language)
    said = normal(text[:LONGEST])
    return said in words.done or polarity(said, words, words.yes, words.no) == Polarity(
        False, plain=True)
