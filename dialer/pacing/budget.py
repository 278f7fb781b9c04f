"""How dear a lost call is at this moment, so that the day ends on its budget."""

from __future__ import annotations

import math

from dialer.pacing.picture import Picture

FIRST = 1.65           # the price to begin with, in budgets; learned from then on
FIRST_IVR = 1.1        # the same where people can be kept waiting
SOFT, SOFT_IVR = 30.0, 400.0           # needs by whose budget a day may end off its own
LEARN, LEARN_FIRST = 0.0004, 0.003     # step of the learning, a need: in the long run, at first
BEND = 0.7             # losses grow about so much faster than the price: its inverse
MOST = 3.0
AIM = 0.98             # of the budget: a day that ends a call above it should not break it


class Budget:
    """The price: the most a call may add to the lost ones, by the chance that it needs someone.

    It is learned over days, as the same price costs more losses with one hospital's patients than
    with another's; within a day it rises or falls with what is left to spend for the needs that are
    still to come.
    """

    def __init__(self, first: float = FIRST, soft: float = SOFT) -> None:
        self._factor = first
        self._soft = soft
        self._seen = (0, 0)
        self._ever = 0

    def price(self, picture: Picture) -> float:
        """0 when the day's budget is spent."""
        self.learn(picture.needed, picture.lost, picture.budget)
        ahead = max(0.0, picture.closes_at - picture.now)
        past = max(0.0, picture.now - picture.opened_at)
        pace = (picture.needed + 3) / (past + 180)
        left = max(1.0, pace * ahead)
        allowed = AIM * picture.budget * (picture.needed + left)
        if picture.lost + 0.9 > allowed + self._soft * picture.budget:
            return 0.0
        share = ((allowed - picture.lost) / picture.budget + self._soft) / (left + self._soft)
        return self._factor * picture.budget * math.pow(min(MOST, share), BEND)

    def learn(self, today: int, today_lost: int, budget: float) -> None:
        """What has been needed and lost so far today; fewer than before: it is another day."""
        if today < self._seen[0]:
            self._seen = (0, 0)
        needed, lost = today - self._seen[0], today_lost - self._seen[1]
        if needed < 20:
            return
        self._seen = (today, today_lost)
        self._ever += needed
        step = LEARN + LEARN_FIRST / (1 + self._ever / 300)
        self._factor *= math.exp(step * (needed - lost / (AIM * budget)))
        self._factor = min(20.0, max(0.1, self._factor))
