"""The pacing itself: learns as calls go by, and says how many calls to place now."""

from __future__ import annotations

from dialer.pacing.budget import FIRST, FIRST_IVR, Budget
from dialer.pacing.curves import Curves, Terms
from dialer.pacing.knowledge import Group, Knowledge
from dialer.pacing.picture import Picture

REFRESH_S = 60.0        # chances are computed anew from what was learned


class Pacer:
    """One for a campaign; it is told what happens and asked what to do. Pure: no clock of its own.

    A call is placed while what it adds to the expected lost ones is worth its price. When the budget
    is spent, only calls with an idle agent to spare are placed: never below 1:1.
    """

    on_events = True

    def __init__(self, terms: Terms, knowledge: Knowledge | None = None,
                 path: tuple[str, ...] = ()) -> None:
        self._terms = terms
        self._knowledge = knowledge or Knowledge()
        self._path = path
        self._budget = Budget(FIRST_IVR if terms.items else FIRST)
        self.tick_s = 3.0 if terms.items else 1.5
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
            hour = int(picture.now // 3600) % 24
            self._curves = Curves(self._knowledge.group(*self._path), self._terms,
                                  picture.agents, hour)
        return max(picture.safe, self._curves.most(picture, price, free))

    def rang(self, now: float, seconds: float, answered: bool) -> None:
        """A call has stopped ringing."""
        group = self._group
        (group.ring_answered if answered else group.ring_unanswered).see(seconds)
        group.answer.see(answered, int(now // 3600) % 24)

    def talked(self, now: float, seconds: float) -> None:
        """An agent has become free after so long, wrap-up included."""
        self._group.handle.see(seconds)

    def asked(self, now: float, item: int, seconds: float, abnormal: bool | None) -> None:
        """An item of the questionnaire was answered; None: an earlier answer had been abnormal."""
        self._group.item.see(seconds)
        if abnormal is not None:
            self._group.abnormal_at(item).see(abnormal)

    @property
    def _group(self) -> Group:
        return self._knowledge.group(*self._path)
