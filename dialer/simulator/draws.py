"""The chances of one day, drawn ahead: every policy meets the same ones.

The n-th call placed on a day rings, answers and talks alike under every policy.
"""

from __future__ import annotations

import math

import numpy as np

from dialer.simulator.scenario import Scenario

CHUNK = 1024


class Draws:
    """What would become of the n-th call of the day; grows as calls are placed."""

    def __init__(self, scenario: Scenario, seed: int, day: int) -> None:
        self._scenario = scenario
        self._rng = np.random.default_rng([seed, day])
        self.phase = float(self._rng.uniform(0, 2 * math.pi))
        self._sigma = math.sqrt(math.log1p(scenario.handle_cv ** 2))
        self._mu = math.log(scenario.handle_mean_s) - self._sigma ** 2 / 2
        self.answer: list[float] = []       # answered when below the chance of the moment
        self.ring: list[float] = []         # seconds of ringing, if answered
        self.busy: list[bool] = []          # ends early, if not answered
        self.handle: list[float] = []
        self.abnormal: list[int] = []       # item at which a person is needed; 0: never
        self.items: list[list[float]] = []  # seconds of each item
        self.grow()

    def grow(self) -> None:
        """Draw the next calls."""
        s, rng = self._scenario, self._rng
        self.answer += rng.random(CHUNK).tolist()
        ring = rng.gamma(s.ring_shape, s.ring_mean_s / s.ring_shape, CHUNK)
        self.ring += np.clip(ring, min(1.0, s.ring_cut_s), s.ring_cut_s).tolist()
        self.busy += (rng.random(CHUNK) < s.fail_share).tolist()
        self.handle += np.exp(rng.normal(self._mu, self._sigma, CHUNK)).tolist()
        if s.mode == "ivr_first":
            item = rng.integers(1, s.items + 1, CHUNK)
            self.abnormal += np.where(rng.random(CHUNK) < s.escalation_share, item, 0).tolist()
            # an item's time varies by half: prompts are cut short, answers asked again
            self.items += rng.gamma(4.0, s.ivr_mean_s / s.items / 4.0, (CHUNK, s.items)).tolist()

    def chance(self, now: float) -> float:
        """The probability that a call placed now is answered."""
        s = self._scenario
        if not s.drift:
            return s.answer_probability
        return s.answer_probability * (1 + s.drift * math.sin(
            4 * math.pi * now / s.day_s + self.phase))
