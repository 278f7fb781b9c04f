"""The words of a language, and a text cut into them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ivr.understanding.meaning import Wish

_FOLDER = Path(__file__).with_name("words")
_DROPPED = re.compile(r"[^\w.'{}]+|_")
_POINT = re.compile(r"\.(?!\d)|(?<!\d)\.")
LONGEST = 200                # characters; nobody answers a question in more


@dataclass(frozen=True)
class Lexicon:
    """Word lists of one language, as ``words/<language>.toml`` has them, in normal form."""

    language: str
    yes: frozenset[str]
    no: frozenset[str]
    right: frozenset[str]
    wrong: frozenset[str]
    negators: frozenset[str]
    fillers: frozenset[str]
    hums: frozenset[str]
    with_yes: frozenset[str]
    with_no: frozenset[str]
    corrections: frozenset[str]
    reservations: frozenset[str]
    partial: frozenset[str]
    numbered: tuple[str, ...]
    last: frozenset[str]
    done: frozenset[str]
    same: frozenset[str]
    joiners: frozenset[str]
    counts: frozenset[str]
    zero: frozenset[str]
    digits: tuple[str, ...]
    decoys: tuple[str, ...]
    seldom: frozenset[str]
    wishes: Mapping[str, Wish]
    languages: Mapping[str, str]
    greetings: frozenset[str]
    people: frozenset[str]
    it_is_me: frozenset[str]
    whoever: frozenset[str]
    introductions: frozenset[str]
    named: tuple[str, ...]
    instead: tuple[str, ...]
    days: Mapping[str, int]

    @property
    def by_word(self) -> bool:
        """Whether words are written apart."""
        return self.language == "en"

    @property
    def around(self) -> tuple[str, ...]:
        """What is said around an answer and is none."""
        return tuple(sorted(self.fillers | self.hums | self.with_yes | self.with_no
                            | self.corrections | self.reservations))


@cache
def lexicon(language: str) -> Lexicon:
    """The words of zh, yue or en; Mandarin's for a language that has none."""
    file = _FOLDER / f"{language}.toml"
    if not file.is_file():
        return lexicon("zh")
    raw = tomllib.loads(file.read_text("utf-8"))

    def words(name: str) -> frozenset[str]:
        return frozenset(normal(word) for word in raw[name])

    return Lexicon(
        language, words("yes"), words("no"), words("right"), words("wrong"), words("negators"),
        words("fillers"), words("hums"), words("with_yes"), words("with_no"),
        words("corrections"), words("reservations"), words("partial"),
        tuple(raw["numbered"]), words("last"),
        words("done"), words("same"), words("joiners"), words("counts"), words("zero"),
        tuple(raw["digits"]),
        tuple(map(normal, raw["decoys"])),
        words("seldom"),
        {normal(word): Wish(wish) for wish, said in raw["wishes"].items() for word in said},
        {normal(word): code for code, said in raw["languages"].items() for word in said},
        words("greetings"), words("people"), words("it_is_me"), words("whoever"),
        words("introductions"),         tuple(raw["named"]), tuple(raw["instead"]),
        {normal(word): int(days) for days, said in raw["days"].items() for word in said})


@lru_cache(maxsize=1 << 14)
def normal(text: str) -> str:
    """Lower case, no punctuation, single spaces; Chinese without any.

    A point stays where it is within a number.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    text = _POINT.sub(" ", _DROPPED.sub(" ", text))
    text = " ".join(text.split())
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


def longest_of(known: Iterable[str], by_word: bool) -> int:
    """How many words, or signs, the longest has."""
    return max((len(word.split()) if by_word else len(word) for word in known), default=0)


def cut(text: str, known: Mapping[str, str], by_word: bool,
        longest: int | None = None) -> Iterator[tuple[str, str]]:
    """``text`` as (word, kind) pairs, the longest known word first; the rest has kind "".

    ``longest_of`` them may be given where it has been found before.
    """
    units = text.split() if by_word else list(text.replace(" ", ""))
    glue = " " if by_word else ""
    if longest is None:
        longest = longest_of(known, by_word)
    place = 0
    strange: list[str] = []
    while place < len(units):
        for length in range(min(longest, len(units) - place), 0, -1):
            word = glue.join(units[place:place + length])
            if word in known:
                if strange:
                    yield glue.join(strange), ""
                    strange = []
                yield word, known[word]
                place += length
                break
        else:
            strange.append(units[place])
            place += 1
    if strange:
        yield glue.join(strange), ""


def without(text: str, some: Collection[str], by_word: bool) -> str:
    """``text`` without the words of ``some``."""
    glue = " " if by_word else ""
    return glue.join(word for word, kind in cut(text, dict.fromkeys(some, "some"), by_word)
                     if not kind)
