"""The words by which a patient is found. Pure.

A search is the beginning of a key: of a name from any character or word on, of its pinyin
from any syllable on, of its initials, of a record number with or without the letters before it.
So 王秀英 is found by 王秀, 秀英, wangxiu, xiuying and wxy; every search is one range of an index.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

LONGEST = 60                 # of a key, and of what is typed
LAST = "\U0010ffff"          # sorts after everything a key may go on with
DIGITS_FROM = 4              # fewer last digits of a number find too many
_VARIANTS = 4                # readings of one name; more are very rare names
# readings of surnames that differ from the usual ones of their characters
_SURNAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "查": "zha", "盖": "ge", "区": "ou",
    "朴": "piao", "任": "ren", "翟": "zhai", "乐": "yue", "缪": "miao", "冼": "xian", "种": "chong",
    "覃": "qin", "召": "shao", "秘": "bi", "员": "yun", "繁": "po", "黑": "he", "华": "hua",
    "尉": "yu", "万": "wan", "谌": "chen", "洗": "xian", "折": "she", "牟": "mou", "撒": "sa"}
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def fold(text: str) -> str:
    """As keys and what is typed are compared: no case, width, accents, spaces or signs."""
    plain = unicodedata.normalize("NFKD", text.replace("ü", "v").replace("Ü", "v"))
    return "".join(c for c in plain.casefold() if c.isalnum())[:LONGEST]


def search_keys(name: str, mrn: str) -> list[str]:
    """Every key of a patient, sorted, each once."""
    keys = {*_of_name(name), *_of_number(mrn)}
    return sorted(key[:LONGEST] for key in keys if key)


def last_digits(typed: str) -> str | None:
    """The digits of what may be the end of a telephone number, last first; else None."""
    bare = re.sub(r"[ ()+.\-]", "", unicodedata.normalize("NFKC", typed))
    return bare[::-1] if bare.isascii() and bare.isdigit() and len(bare) >= DIGITS_FROM else None


def _of_name(name: str) -> Iterator[str]:
    parts = [part for part in _parts(name) if part]
    yield from _ends(parts)
    for sounds in _readings(parts):
        yield from _ends(sounds)
        initials = "".join(sound[0] for sound in sounds)
        yield from (initials[start:] for start in range(max(1, len(initials) - 1)))


def _parts(name: str) -> Iterator[str]:
    """Chinese characters one by one, other words whole."""
    for word in re.split(r"[\s·•.,'’\-]+", name):
        for part in re.split(f"({_HAN.pattern})", word):
            yield fold(part)


def _ends(parts: Sequence[str]) -> Iterator[str]:
    return ("".join(parts[start:]) for start in range(len(parts)))


def _readings(parts: Sequence[str]) -> Iterable[Sequence[str]]:
    """The ways to say it: one, but for surnames of two readings and for ü, typed v or u."""
    if not any(_HAN.match(part) for part in parts):
        return [parts] if len(parts) > 1 else []
    choices = [_sounds(part, first=place == 0) for place, part in enumerate(parts)]
    return itertools.islice(itertools.product(*choices), _VARIANTS)


@lru_cache(maxsize=20_000)
def _sounds(part: str, *, first: bool) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin  # a large dictionary: who stores no name starts without it

    sounds = [fold(sound) or part for sound in lazy_pinyin(part)] if _HAN.match(part) else [part]
    if first and part in _SURNAMES:
        sounds.insert(0, _SURNAMES[part])
    with_u = [sound.replace("v", "u") for sound in sounds if sound in ("lv", "nv", "lve", "nve")]
    return tuple(dict.fromkeys((*sounds, *with_u)))


def _of_number(mrn: str) -> Iterator[str]:
    whole = fold(mrn)
    yield whole
    yield whole.lstrip("abcdefghijklmnopqrstuvwxyz")
