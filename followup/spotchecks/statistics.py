"""Shares with their intervals, and how far two inspectors agree beyond chance. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``total``, and the Wilson score interval of what is behind it."""

    hits: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself; 0 of none."""
        return self.hits / self.total if self.total else 0.0


def wilson(hits: int, total: int, z: float = Z_95) -> Share:
    """The share with its interval; of nothing everything is possible."""
    if not 0 <= hits <= total:
        raise ValueError("expected 0 <= hits <= total")
    if not total:
        return Share(0, 0, 0.0, 1.0)
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    # at the ends the interval reaches them exactly, whatever rounding makes of it
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == total else min(1.0, middle + half)
    return Share(hits, total, low, high)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of ``pairs`` of judgements the share that agrees, and Cohen's kappa; None where it is not
    defined: no pairs, or chance alone would agree always."""

    pairs: int
    observed: float
    kappa: float | None


def agreement(pairs: Iterable[tuple[Hashable, Hashable]]) -> Agreement:
    """Of two judgements each, in the same order of judges."""
    seen = list(pairs)
    number = len(seen)
    if not number:
        return Agreement(0, 0.0, None)
    same = sum(one == other for one, other in seen)
    firsts, seconds = (Counter(pair[side] for pair in seen) for side in (0, 1))
    chance = sum(firsts[each] * seconds[each] for each in firsts)
    if chance == number * number:
        return Agreement(number, 1.0, None)
    kappa = (number * same - chance) / (number * number - chance)
    return Agreement(number, same / number, kappa)
