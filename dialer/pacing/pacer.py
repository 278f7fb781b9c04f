"""The pacing itself: learns as calls go by, and says how many calls to place now."""

from __future__ import annotations

from dialer.pacing.budget import FIRST_IVR, SOFT_IVR, Budget
from dialer.pacing.curves import Curves, Terms
from dialer.pacing.knowledge import Knowledge, hour_of
from dialer.pacing.picture import Picture

REFRESH_S = 120.0        # chances are computed anew from what was learned


class Pacer:
    """One for a campaign; told what happens, asked what to do. Pure: no clock of its own.

    A call is placed while what it adds to the expected lost ones is worth its price. When the
    budget is spent, only calls with an idle agent to spare are placed: never below 1:1.
    """

    on_events = True

    def __init__(self, terms: Terms, knowledge: Knowledge | None = None,
                 path: tuple[str, ...] = ()) -> None:
        self._terms = terms
        self._knowledge = knowledge or Knowledge()
        self._path = path
        self._budget = Budget(FIRST_IVR, SOFT_IVR) if terms.items else Budget()
        self.tick_s = 3.0 if terms.items else 2.0
        self._curves: Curves | None = None
        self._key: tuple[int, int] = (-1, -1)
        self.spent = False               # the day's budget, when last asked

    def place(self, picture: Picture) -> int:
        """How many calls to place now; never more than there are free lines."""
        free = picture.lines_free
        if free == 0:
            return 0
        price = self._budget.price(picture)
        self.spent = price <= 0.0
        if self.spent:
            return picture.safe
        return max(picture.safe, self._fresh(picture).most(picture, price, free))

    def _fresh(self, picture: Picture) -> Curves:
        key = (int(picture.now / REFRESH_S), picture.agents)
        if self._curves is None or key != self._key:
            self._key = key
            hour = hour_of(picture.now)
            self._curves = Curves(self._knowledge.group(*self._path),
                                  self._knowledge.group(*self._path, hour), self._terms,
                                  picture.agents, hour)
        return self._curves

    def outlook(self, picture: Picture) -> tuple[float, float]:
        """How many of the calls in flight are expected to need someone, and how many agents at work
        to be free, by the end of what is looked at."""
        return self._fresh(picture).outlook(picture)

    def remember(self, needed: int, lost: int, budget: float) -> None:
        """A day as it stood at some moment before this pacer was made, oldest first."""
        self._budget.learn(needed, lost, budget)

    def rang(self, now: float, seconds: float, answered: bool) -> None:
        """A call has stopped ringing."""
        self._knowledge.rang(self._path, now, seconds, answered)

    def talked(self, now: float, seconds: float) -> None:
        """An agent has become free after so long, wrap-up included."""
        self._knowledge.talked(self._path, now, seconds)

    def asked(self, now: float, item: int, seconds: float, abnormal: bool | None) -> None:
        """An item of the questionnaire was answered; None: an earlier answer had been abnormal."""
        self._knowledge.asked(self._path, now, item, seconds, abnormal)
