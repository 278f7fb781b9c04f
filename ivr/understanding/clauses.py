"""What somebody means who says several things in one breath.

Words that are plainly one answer, or one wish, are that. Else the later clause takes back the one
before ("yes, no, wait, no"), or sets a reserve to it ("no, but it itches"): then it is taken with
uncertainty, so that it is read back. Clauses that merely contradict each other are no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date

from followup.questionnaires.definition import Item, ItemType
from ivr.understanding import numbers, pressure, reading
from ivr.understanding.lexicon import LONGEST, Lexicon, cut, lexicon, normal, without
from ivr.understanding.meaning import Answered, Meaning, Unclear, Wished
from ivr.understanding.partly import weighed
from ivr.understanding.polarity import Polarity, polarity

MOST_DECIMALS = 1            # of a number told beside a no
Read = Callable[[str], Meaning]


def understand(item: Item, language: str, text: str, *, today: date | None = None) -> Meaning:
    """What ``text`` means as an answer to ``item``; never raises."""
    words, said = lexicon(language), normal(text[:LONGEST])

    def read(text: str) -> Meaning:
        return weighed(item, words, text, reading.understand(item, language, text, today=today))

    meant = read(said)
    if isinstance(meant, Wished) or (isinstance(meant, Answered) and meant.certain):
        return meant
    return (_corrected(item, words, said, read) or _reserved(item, words, said, read)
            or _measured(item, words, said) or pressure.understood(item, words, said) or meant)


def _corrected(item: Item, words: Lexicon, said: str, read: Read) -> Answered | None:
    """The answer after the last words that take something back: with or without one before."""
    for before, mark, after in _parted(item, words, said, words.corrections):
        meant = read(after)
        if not isinstance(meant, Answered):
            continue
        if _denied(words, before, after) if mark in words.negators \
                else _may_be_taken_back(words, before, read(before)):
            return replace(meant, certain=False, beyond="")
    return None


def _may_be_taken_back(words: Lexicon, said: str, meant: Meaning) -> bool:
    """An answer, or what was nearly one, or nothing: not a wish, nor words of no meaning here."""
    return _is_empty(words, said) or isinstance(meant, Answered) or (
        isinstance(meant, Unclear) and meant.why != "nothing")


def _denied(words: Lexicon, before: str, after: str) -> bool:
    """Whether 不 in 有，不，没有 is a clause of its own: else it belongs to what follows."""
    said = _is_empty(words, before) or polarity(before, words, words.yes, words.no) == Polarity(
        True, plain=True)
    return said and polarity(after, words, words.yes, words.no) == Polarity(False, plain=True)


def _measured(item: Item, words: Lexicon, said: str) -> Answered | None:
    """A no, and a number: 没有，三十六度五. Not where a rule looks: that may be the finding."""
    if item.type is not ItemType.BOOLEAN or item.rules:
        return None
    found, rest = numbers.read(said, words.language, MOST_DECIMALS)
    no = polarity(rest, words, words.yes, words.no) == Polarity(False, plain=True)
    if len(found) != 1 or not no:
        return None
    return Answered({"valueBoolean": False}, certain=False,
                    beyond=without(said, words.yes | words.no, words.by_word))


def _reserved(item: Item, words: Lexicon, said: str, read: Read) -> Answered | None:
    """The answer before a "but", unless what follows is another answer.

    Not where a rule looks: what follows may be the very finding.
    """
    if item.rules or item.identity or item.repeats or not item.type.has_options:
        return None
    for before, _, after in _parted(item, words, said, words.reservations):
        meant, reserve = read(before), read(after)
        if isinstance(meant, Answered) and meant.certain and not (
                isinstance(reserve, Answered) and reserve.certain
                and reserve.value != meant.value):
            held = weighed(item, words, said, replace(meant, certain=False))
            return held if isinstance(held, Answered) else None
    return None


def _parted(item: Item, words: Lexicon, said: str,
            marks: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """``said`` before and after each of ``marks``, from the last one on; within no other word."""
    if not any(mark in said for mark in marks):
        return
    names = (name for option in item.options for name in reading.names(option, words.language))
    known = {**dict.fromkeys((*words.wishes, *words.yes, *words.no, *names), ""),
             **dict.fromkeys(marks, "mark")}
    pieces = list(cut(said, known, words.by_word))
    glue = " " if words.by_word else ""
    for place in range(len(pieces) - 1, -1, -1):
        word, kind = pieces[place]
        if kind:
            before, after = pieces[:place], pieces[place + 1:]
            yield (glue.join(each for each, _ in before), word,
                   glue.join(each for each, _ in after))


def _is_empty(words: Lexicon, said: str) -> bool:
    return not without(said, words.fillers | words.hums | words.corrections, words.by_word)
