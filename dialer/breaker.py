"""Spares a gateway that refuses everything: a circuit breaker. Pure: times are arguments.

Closed, calls go out. Many refusals within a short while open it: none goes out. After a wait it is
half-open, one call is tried: a refusal opens it again for twice as long, anything else closes it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Whether calls may go out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class Limits:
    """When it opens, and for how long. Seconds."""

    window_s: float = 30
    refusals: int = 5            # at least so many in the window ...
    share: float = 0.5           # ... and at least this share of all that is known of in it
    first_wait_s: float = 30
    longest_wait_s: float = 300
    trial_s: float = 60          # a trial of which nothing was heard so long is given up


@dataclass
class Breaker:
    """One for each node, as each has its own way to the gateway. ``now`` is any clock's seconds."""

    limits: Limits = field(default_factory=Limits)
    _heard: dict[Hashable, tuple[float, bool]] = field(default_factory=dict)
    _opened_at: float | None = None
    _wait_s: float = 0
    _trial: tuple[Hashable, float] | None = None

    def state(self, now: float) -> State:
        """As it stands at ``now``."""
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if now < self.until else State.HALF_OPEN

    @property
    def until(self) -> float:
        """When an open one lets the next trial through."""
        return (self._opened_at or 0.0) + self._wait_s

    def allows(self, now: float) -> bool:
        """Whether a call may be placed: in half-open one only, until its fate is known."""
        match self.state(now):
            case State.CLOSED:
                return True
            case State.OPEN:
                return False
            case State.HALF_OPEN:
                return self._trial is None or now - self._trial[1] >= self.limits.trial_s

    def placed(self, call: Hashable, now: float) -> None:
        """A call has gone out; the first of a half-open breaker is its trial."""
        if self.state(now) is State.HALF_OPEN:
            self._trial = (call, now)

    def heard(self, call: Hashable, refused: bool, now: float) -> None:
        """The first that is known of a call: the gateway refused it, or took it (it rings, is
        busy, …). What is heard of the same call later changes nothing.
        """
        known = self._heard.pop(call, (now, refused))
        self._heard = {key: value for key, value in self._heard.items()
                       if now - value[0] < self.limits.window_s}
        self._heard[call] = known
        refused = known[1]
        match self.state(now):
            case State.CLOSED if self._too_many():
                self._open(now, self.limits.first_wait_s)
            case State.HALF_OPEN if self._trial is not None and call == self._trial[0]:
                if refused:
                    self._open(now, min(2 * self._wait_s, self.limits.longest_wait_s))
                else:
                    self._opened_at, self._trial = None, None
                    self._heard.clear()

    def _too_many(self) -> bool:
        refusals = sum(refused for _, refused in self._heard.values())
        return refusals >= self.limits.refusals and \
            refusals >= self.limits.share * len(self._heard)

    def _open(self, now: float, wait_s: float) -> None:
        self._opened_at, self._wait_s, self._trial = now, wait_s, None
        self._heard.clear()
