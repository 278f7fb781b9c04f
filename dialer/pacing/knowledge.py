"""What has been learned of calls and agents: by campaign, department and hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from dialer.pacing.chance import Chance
from dialer.pacing.durations import Durations

RING_MOST_S = 60.0


@dataclass(slots=True)
class Group:
    """How the calls of one group go. A narrower group begins as the wider one."""

    ring_answered: Durations
    ring_unanswered: Durations
    handle: Durations
    item: Durations                    # seconds of an item of the questionnaire
    answer: Chance
    abnormal: dict[int, Chance] = field(default_factory=dict)       # by item

    @classmethod
    def usual(cls) -> Group:
        """What is usual of telephones and nurses before anything was seen."""
        return cls(ring_answered=Durations.within(RING_MOST_S, 6.0),
                   ring_unanswered=Durations.within(RING_MOST_S, 15.0),
                   handle=Durations.lognormal(120.0, 1.0),
                   item=Durations.lognormal(12.0, 0.7, longest=600.0), answer=Chance(0.4))

    def child(self) -> Group:
        """A narrower group."""
        return Group(self.ring_answered.child(), self.ring_unanswered.child(), self.handle.child(),
                     self.item.child(), Chance(self.answer.value(), weight=20.0),
                     {item: Chance(chance.value(), weight=50.0)
                      for item, chance in self.abnormal.items()})

    def abnormal_at(self, item: int) -> Chance:
        """The chance that the answer to this item calls for a person."""
        if item not in self.abnormal:
            self.abnormal[item] = Chance(0.02, weight=50.0, half_lives=(3000.0,))
        return self.abnormal[item]


class Knowledge:
    """All groups: everything, a campaign, a department in it, an hour of the day in that.

    Durations seen in a group are seen in those around it too; chances are told to each of them.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str | int, ...], Group] = {}

    @cached_property
    def everything(self) -> Group:
        """The widest group."""
        return Group.usual()

    def chain(self, *path: str | int) -> list[Group]:
        """The groups that a path lies in, the widest first, its own last."""
        return [self.group(*path[:depth]) for depth in range(len(path) + 1)]

    def group(self, *path: str | int) -> Group:
        """The group of ``(campaign, department, hour)``, or of the first parts of it."""
        if not path:
            return self.everything
        if path not in self._groups:
            self._groups[path] = self.group(*path[:-1]).child()
        return self._groups[path]

    def rang(self, path: tuple[str, ...], now: float, seconds: float, answered: bool) -> None:
        """A call of ``path`` has stopped ringing."""
        hour = hour_of(now)
        narrow = self.group(*path, hour)
        (narrow.ring_answered if answered else narrow.ring_unanswered).see(seconds)
        for group in self.chain(*path):
            group.answer.see(answered, hour)

    def talked(self, path: tuple[str, ...], now: float, seconds: float) -> None:
        """An agent has become free after so long, wrap-up included."""
        self.group(*path, hour_of(now)).handle.see(seconds)

    def asked(self, path: tuple[str, ...], now: float, item: int, seconds: float,
              abnormal: bool | None) -> None:
        """An item was answered; None: an earlier answer had been abnormal."""
        self.group(*path, hour_of(now)).item.see(seconds)
        if abnormal is not None:
            for group in self.chain(*path):
                group.abnormal_at(item).see(abnormal)


def hour_of(now: float) -> int:
    """The hour of the day, of a clock that began at a midnight (or at any fixed hour)."""
    return int(now // 3600) % 24
