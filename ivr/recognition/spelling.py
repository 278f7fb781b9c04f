"""A grammar's phrases in the words that a recogniser knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from followup.log import get_logger
from ivr.understanding.grammar import Grammar

log = get_logger(__name__)

LONGEST_WORD = 6             # characters of a Chinese word in a dictionary


@dataclass(frozen=True)
class Spelling:
    """``phrases`` and ``decoys`` as words with a space between; phrases lead back to their text.

    ``around``: single words that are in none of the phrases.
    """

    phrases: Mapping[str, str]
    decoys: tuple[str, ...]
    around: tuple[str, ...] = ()


def spell(grammar: Grammar, known: Callable[[str], bool]) -> Spelling:
    """The phrases all of whose words are ``known``; the others are left out with a warning.

    Never a part of a phrase: without its "not" it would say the opposite.
    """
    phrases: dict[str, str] = {}
    missing = []
    for phrase in grammar.phrases:
        if words := in_words(phrase, known):
            phrases.setdefault(words, phrase)
        elif phrase not in grammar.personal:
            missing.append(phrase)
    if missing:
        log.warning("phrases that the model has no words for", language=grammar.language,
                    count=len(missing), first=missing[:3])
    decoys = (in_words(decoy, known) for decoy in grammar.decoys)
    around = dict.fromkeys(word for said in grammar.around
                           for word in in_words(said, known).split())
    expected = {word for phrase in phrases for word in phrase.split()}
    return Spelling(phrases, tuple(decoy for decoy in decoys if decoy and decoy not in phrases),
                    tuple(word for word in around if word not in expected))


def in_words(phrase: str, known: Callable[[str], bool]) -> str:
    """``phrase`` with its words apart, "" when the recogniser lacks some of them."""
    parts = phrase.split()
    spelt = [part if part.isascii() and known(part) else _chinese(part, known) for part in parts]
    return " ".join(spelt) if all(spelt) else ""


def _chinese(text: str, known: Callable[[str], bool]) -> str:
    """Cut into words, longer ones first, going back where that leads nowhere."""
    if not text or text.isascii():
        return ""
    nowhere: set[int] = set()

    def cut(place: int) -> list[str] | None:
        if place == len(text):
            return []
        for end in range(min(len(text), place + LONGEST_WORD), place, -1):
            if end not in nowhere and known(text[place:end]):
                rest = cut(end)
                if rest is not None:
                    return [text[place:end], *rest]
        nowhere.add(place)
        return None

    return " ".join(cut(0) or ())
