"""The pacing itself: learns as calls go by, and says how many calls to place now."""

from __future__ import annotations

from dialer.pacing.budget import FIRST_IVR, SOFT_IVR, Budget
from dialer.pacing.curves import Curves, Terms
from dialer.pacing.knowledge import Knowledge
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

    def place(self, picture: Picture) -> int:
        """How many calls to place now; never more than there are free lines."""
        free = picture.lines_free
        if free == 0:
            return 0
        price = self._budget.price(picture)
        if price <= 0.0:
            return picture.safe
        key = (int(picture.now / REFRESH_S), picture.agents)
        if self._curves is None or key != self._key:
            self._key = key
            hour = hour_of(picture.now)
            self._curves = Curves(self._knowledge.group(*self._path),
                                  self._knowledge.group(*self._path, hour), self._terms,
                                  picture.agents, hour)
        return max(picture.safe, self._curves.most(picture, price, free))

    def rang(self, now: float, seconds: float, answered: bool) -> None:
        """A call has stopped ringing."""
        hour = hour_of(now)
        narrow = self._knowledge.group(*self._path, hour)
        (narrow.ring_answered if answered else narrow.ring_unanswered).see(seconds)
        for group in self._knowledge.chain(*self._path):
            group.answer.see(answered, hour)

    def talked(self, now: float, seconds: float) -> None:
        """An agent has become free after so long, wrap-up included."""
        self._knowledge.group(*self._path, hour_of(now)).handle.see(seconds)

    def asked(self, now: float, item: int, seconds: float, abnormal: bool | None) -> None:
        """An item of the questionnaire was answered; None: an earlier answer had been abnormal."""
        self._knowledge.group(*self._path, hour_of(now)).item.see(seconds)
        if abnormal is not None:
            for group in self._knowledge.chain(*self._path):
                group.abnormal_at(item).see(abnormal)


def hour_of(now: float) -> int:
    """The hour of the day, of a clock that began at a midnight (or at any fixed hour)."""
    return int(now // 3600) % 24
