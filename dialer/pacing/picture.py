"""What the pacing may look at: every call in flight, every agent, and the day so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Asking(NamedTuple):
    """A conversation with the questionnaire: at which item (from 0), since when, and whether an
    earlier answer already calls for a person."""

    item: int
    since: float
    pending: bool


@dataclass(slots=True)
class Picture:
    """The telephone floor at a moment. Times are seconds on any one clock; keys are calls.

    A live dialer builds one for each decision; the simulator keeps one up to date.
    """

    agents: int
    lines: int
    opened_at: float                 # today's calling hours
    closes_at: float
    budget: float                    # share of lost needs that is allowed
    now: float = 0.0
    ringing: dict[int, float] = field(default_factory=dict)      # since when
    asking: dict[int, Asking] = field(default_factory=dict)
    waiting: dict[int, float] = field(default_factory=dict)      # for a person, since when
    talking: dict[int, float] = field(default_factory=dict)      # with an agent, since when
    needed: int = 0                  # today: needs of a person that were met or lost
    lost: int = 0                    # today: of them, not met in time

    @property
    def idle(self) -> int:
        """Agents who could take a call now."""
        return max(0, self.agents - len(self.talking))

    @property
    def undecided(self) -> int:
        """Calls in flight that have no agent and may come to need one."""
        return len(self.ringing) + len(self.asking) + len(self.waiting)

    @property
    def lines_free(self) -> int:
        """Lines that could carry another call."""
        return max(0, self.lines - self.undecided - len(self.talking))

    @property
    def safe(self) -> int:
        """Calls that can be placed with an agent to spare for each: 1:1, at no risk at all."""
        return max(0, min(self.lines_free, self.idle - self.undecided))
