"""A probability that may wander: several memories at once, trusted by how well they foretold."""

from __future__ import annotations

import math
from collections.abc import Sequence

HALF_LIVES = (60.0, 250.0, 1500.0)     # in observations: a steep drift, a slow one, a steady day
FORGIVE = 0.98                         # trust fades so that a memory that was wrong can come back


class Chance:
    """Estimates how often something happens, from what is ``usual`` on.

    ``hours`` lets the same hour of earlier days be one of the memories: it wins where days are
    alike, and is left aside where they are not.
    """

    def __init__(self, usual: float, weight: float = 10.0,
                 half_lives: Sequence[float] = HALF_LIVES) -> None:
        self._fades = [0.5 ** (1 / half_life) for half_life in half_lives]
        self._yes = [usual * weight] * len(self._fades)
        self._all = [weight] * len(self._fades)
        self._hours: dict[int, tuple[float, float]] = {}
        self._trust = [0.0] * (len(self._fades) + 1)      # log; the last is the hour's
        self._weight = weight

    def see(self, happened: bool, hour: int | None = None) -> None:
        """One more case."""
        for place, guess in enumerate(self._guesses(hour)):
            told = guess if happened else 1 - guess
            self._trust[place] = FORGIVE * self._trust[place] + math.log(max(told, 1e-6))
        for place, fade in enumerate(self._fades):
            self._yes[place] = self._yes[place] * fade + happened
            self._all[place] = self._all[place] * fade + 1
        if hour is not None:
            yes, seen = self._hours.get(hour, (0.0, 0.0))
            self._hours[hour] = (yes * 0.9995 + happened, seen * 0.9995 + 1)

    def value(self, hour: int | None = None) -> float:
        """The estimate, within 0.005 and 0.995."""
        best = max(self._trust)
        trust = [math.exp(value - best) for value in self._trust]
        mean = sum(t * g for t, g in zip(trust, self._guesses(hour), strict=True)) / sum(trust)
        return min(0.995, max(0.005, mean))

    def _guesses(self, hour: int | None) -> list[float]:
        guesses = [yes / seen for yes, seen in zip(self._yes, self._all, strict=True)]
        yes, seen = self._hours.get(hour, (0.0, 0.0)) if hour is not None else (0.0, 0.0)
        guesses.append((yes + self._weight * guesses[-1]) / (seen + self._weight))
        return guesses
