"""The number of agents left over at moments ahead, exactly, from independent chances.

Each call in flight takes an agent by a moment with some chance, each agent at work is free by then
with another. The balance D of a moment is a sum of such independent steps of +1 and -1, so its
characteristic function is a product, and a product of many rows is a sum of their logarithms: one
small matrix product gives the whole distribution of D at every moment.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TINY = 1e-12


class Forecast:
    """For groups of like things (rows), how many of each there are gives P(D <= 0) at each moment.

    ``demand`` and ``supply`` hold a row a group and a column a moment: the chance that one of it
    has taken an agent, or set one free, by then. ``fresh`` is the row of a call placed now.
    """

    def __init__(self, agents: int, demand: Floats, supply: Floats, fresh: Floats) -> None:
        moments = demand.shape[1]
        size = 1 << math.ceil(math.log2(agents + max(12, agents * 3 // 2)))
        turn = np.exp(2j * np.pi * np.arange(size // 2 + 1) / size)
        rows = np.concatenate([_log_rows(demand, 1 / turn), _log_rows(supply, turn)])
        self._table = np.ascontiguousarray(np.concatenate([rows.real, rows.imag], axis=1))
        self._width = rows.shape[1]
        fresh_row = _log_rows(fresh[None, :], 1 / turn)[0]
        self._fresh = np.concatenate([fresh_row.real, fresh_row.imag])
        # P(D <= 0) is linear in the characteristic function; half of it suffices, as D is real
        values = np.arange(size)
        none_left = np.where(values <= agents, values, values - size) <= 0
        twice = np.full(len(turn), 2.0)
        twice[[0, -1]] = 1.0
        weights = np.exp(-2j * np.pi * np.outer(np.arange(len(turn)), values) / size) @ none_left
        weights = weights / size * twice
        self._real = np.zeros((moments, self._width))
        self._imag = np.zeros((moments, self._width))
        for moment in range(moments):
            span = slice(moment * len(turn), (moment + 1) * len(turn))
            self._real[moment, span] = weights.real * fresh[moment]
            self._imag[moment, span] = -weights.imag * fresh[moment]

    def state(self, counts: Floats) -> Floats:
        """The balance with so many of each row; give it to ``risk`` and ``with_one_more``."""
        return np.asarray(counts @ self._table)

    def with_one_more(self, state: Floats) -> Floats:
        """The balance with another call placed now."""
        return np.asarray(state + self._fresh)

    def risk(self, state: Floats) -> float:
        """What another call placed now would add to the lost ones: the greatest over the moments of
        its chance to have taken an agent by then when none is left over."""
        size, angle = np.exp(state[:self._width]), state[self._width:]
        return float((self._real @ (size * np.cos(angle)) + self._imag @ (size * np.sin(angle))
                      ).max())


def _log_rows(chance: Floats, step: NDArray[np.complex128]) -> NDArray[np.complex128]:
    grid = 1 - chance[:, :, None] + chance[:, :, None] * step[None, None, :]
    return np.asarray(np.log(grid + TINY).reshape(len(chance), -1))
