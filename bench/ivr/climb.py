"""From a number of calls that should be held up to one that is not; and two flows compared. Pure.

A machine's speed drifts by a fifth within minutes, so a flow's number means little beside one that
was found at another time. Both flows climb in turn, each time on a fresh node (A B, B A, A B, ...),
and the drift is estimated together with the ratio.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

TRIES = 2                    # at one number of calls, before it counts as not held
STEP, LEAST_STEP = 0.04, 3   # from one number to the next, and so many calls ...
LONG = 4                     # ... twice as far after so many: what was expected was far too little
FIRST = 0.9                  # of what is expected to be held, to begin with
LESS = 0.85                  # of what was well while the load grew is expected to be held, and
                             # of what pure dialplan holds by a flow that is not yet known


class Climb:
    """``number`` is to be held next. It ends at one that is not held, or at ``most``."""

    def __init__(self, first: int, most: int) -> None:
        self.number = max(1, min(first, most))
        self.held: int | None = None             # the most calls that were held
        self.broke_at: int | None = None         # None: not within ``most``
        self.over = False
        self._most, self._tries, self._steps = most, 0, 0

    def tell(self, calls: int | None) -> None:
        """``number`` was tried: so many calls were held on average; None: it was not held."""
        if calls is None:
            self._tries += 1
            if self._tries == TRIES:
                self.broke_at, self.over = self.number, True
            return
        self.held, self._tries = calls, 0
        self.over = self.number >= self._most
        step = max(LEAST_STEP, round(self.number * STEP)) << self._steps // LONG
        self.number = min(self._most, self.number + step)
        self._steps += 1


@dataclass(frozen=True)
class Point:
    """What one climb has found, and when."""

    at_s: float
    ours: bool
    held: int


def pairs(most: int) -> Iterator[bool]:
    """Whether our flow comes first in a pair: in every other one."""
    return (bool(number % 2) for number in range(most))


def ratio(points: Sequence[Point]) -> tuple[float | None, float | None]:
    """What we hold over what the other holds, and the standard error of that.

    Least squares on logarithms: a level, a steady drift of the machine, and our flow's share. With
    fewer than four climbs the drift is left out and there is no error; None where one is missing.
    """
    points = [point for point in points if point.held > 0]
    if len({point.ours for point in points}) < 2:
        return None, None
    held = np.log([point.held for point in points])
    ours = np.array([float(point.ours) for point in points])
    if len(points) < 4:
        return round(float(np.exp(held[ours == 1].mean() - held[ours == 0].mean())), 4), None
    at = np.array([point.at_s for point in points])
    design = np.column_stack([np.ones(len(points)), ours, (at - at.mean()) / max(1.0, np.ptp(at))])
    found, *_ = np.linalg.lstsq(design, held, rcond=None)
    noise = float(np.sum((held - design @ found) ** 2)) / (len(points) - design.shape[1])
    share = float(np.exp(found[1]))
    error = share * float(np.sqrt(noise * np.linalg.pinv(design.T @ design)[1, 1]))
    return round(share, 4), round(error, 4)
