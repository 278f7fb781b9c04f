"""How long something takes, learned as it happens, on top of what is usually so."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Durations:
    """A histogram of seconds that begins as ``usual`` and follows what it sees.

    With nothing seen it is its ``usual`` (a parent's, or fixed shares of the bins), which is worth
    ``weight`` observations. Old observations fade with ``half_life`` newer ones.
    """

    def __init__(self, edges: Floats, usual: Floats | Durations, weight: float,
                 half_life: float = 2000.0) -> None:
        self.edges = edges                     # seconds, ascending; one more than there are bins
        self._usual = usual
        self._weight = weight
        self._fade = 0.5 ** (1 / half_life)
        self._gain = 1.0                       # worth of the next observation
        self._counts: Floats = np.zeros(len(edges) - 1)

    @classmethod
    def lognormal(cls, mean: float, cv: float, *, longest: float = 7200.0,
                  weight: float = 10.0) -> Self:
        """Usual: a lognormal, as talk times are."""
        sigma = math.sqrt(math.log1p(cv * cv))
        mu = math.log(mean) - sigma * sigma / 2
        edges = np.concatenate([[0.0], np.geomspace(1.0, longest, 90)])
        below = np.array([0.5 * (1 + math.erf((math.log(max(edge, 1e-9)) - mu)
                                              / sigma / math.sqrt(2))) for edge in edges])
        return cls(edges, _shares(below), weight)

    @classmethod
    def within(cls, longest: float, peak: float, *, weight: float = 20.0) -> Self:
        """Usual: a broad hump about ``peak`` that ends at ``longest``, in bins of a second."""
        edges = np.arange(math.ceil(longest) + 2, dtype=np.float64)
        inside = np.minimum(edges, longest) / peak
        return cls(edges, _shares(1 - (1 + inside) * np.exp(-inside)), weight)

    def child(self, weight: float = 30.0) -> Durations:
        """A narrower group that is like this one until it has shown otherwise."""
        return Durations(self.edges, self, weight)

    def see(self, seconds: float) -> None:
        """One more has taken so long; the groups that this one belongs to learn it too."""
        place = int(np.searchsorted(self.edges, seconds, side="right")) - 1
        self._counts[min(max(place, 0), len(self._counts) - 1)] += self._gain
        self._gain /= self._fade
        if self._gain > 1e6:                   # keep the numbers small; only ratios count
            self._counts /= self._gain
            self._gain = 1.0
        if isinstance(self._usual, Durations):
            self._usual.see(seconds)

    @property
    def shares(self) -> Floats:
        """The share of each bin; sums to 1."""
        usual = self._usual.shares if isinstance(self._usual, Durations) else self._usual
        mass = self._counts / self._gain + self._weight * usual
        return np.asarray(mass / mass.sum())

    def below(self, seconds: Floats) -> Floats:
        """The share that takes at most so long, for each."""
        known = np.concatenate([[0.0], np.cumsum(self.shares)])
        return np.asarray(np.interp(seconds, self.edges, known))

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and variance."""
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        mean = float(self.shares @ middles)
        return mean, max(0.0, float(self.shares @ middles ** 2) - mean * mean)


def _shares(below: Floats) -> Floats:
    shares = np.diff(below)
    return np.asarray(shares / shares.sum())
