"""How alike two descriptions are, by pairs of neighbouring characters. Pure.

Pairs do for Chinese, where nothing separates words, what trigrams do for English; PostgreSQL's
pg_trgm is not in every server and drops Chinese where the locale is C.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeVar

_WORDS = re.compile(r"[^\W_]+")
ALIKE = 0.45              # from here on two texts are shown as perhaps the same matter
Key = TypeVar("Key")


def pairs(text: str) -> frozenset[str]:
    """The pairs of letters and digits in ``text``; case, width and signs do not count."""
    runs = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    return frozenset(run[at:at + 2] for run in runs for at in range(max(1, len(run) - 1)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """0 (nothing in common) to 1 (the same), by Dice; a short text within a long one counts."""
    if not one or not other:
        return 0.0
    shared = len(one & other)
    dice = 2 * shared / (len(one) + len(other))
    contained = shared / min(len(one), len(other))
    return max(dice, 0.8 * contained) if min(len(one), len(other)) >= 8 else dice


def most_alike(text: str, others: Iterable[tuple[Key, str]],
               most: int = 5) -> Sequence[tuple[Key, float]]:
    """Those of ``others`` that are alike enough, the likest first."""
    wanted = pairs(text)
    scored = [(key, likeness(wanted, pairs(other))) for key, other in others]
    return sorted(((key, score) for key, score in scored if score >= ALIKE),
                  key=lambda found: -found[1])[:most]
