"""How a run finds out what is held: limits, windows and the verdict on one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.ivr.flows import Flow
from bench.ivr.phones import Tally

LATE_SHARE = 0.01            # of the calls in a window may have late sound: a machine's hiccup
TALKING_SHARE = 0.97         # of the calls that are wanted have to have sound
PACE_SHARE, PACE_EDGE = 0.95, 3          # of the answers that are due; and so many at the edges
BREAK_SHARE, BREAK_CALLS = 0.05, 3       # more than a hiccup; twice in a row it is too much
FEW = 2                      # late calls that say nothing about the load while it grows


@dataclass(frozen=True)
class Plan:
    """How long and how far. Seconds, and calls at once."""

    per_second: float = 16.0         # new calls until so many are there as are to be held
    grow_per_second: float = 10.0    # new calls while the load grows
    most: int = 800                  # calls at once; none held more is tried
    window_s: float = 4.0            # over which late sound is counted while the load grows
    hold_s: float = 5.0              # a number of calls is held when all this time was good
    grow_s: float = 50.0             # the longest that the load grows; 0: ``most`` are held at once
    starts: int = 2                  # of a fresh node, when not even the first number was held
    pairs: int = 4                   # climbs of both flows that are compared, at most ...
    pairs_until_s: float = 580.0     # ... as none is begun that would not be over by then
    measure_s: float = 6.0           # in a climb, while times and processors are metered ...
    rest_s: float = 6.0              # at most, until the machine has got over the run before
    load: float = 0.8                # ... at this load, of what pure dialplan holds
    reaction_s: float = 1.2          # of a patient, from the end of a prompt to their key
    flows: tuple[Flow, ...] = tuple(Flow)
    voice_calls: int = 200           # 0: not measured
    voice_s: float = 40.0


FULL = Plan()
QUICK = Plan(most=40, window_s=2.0, hold_s=3.0, grow_s=0.0, starts=1, pairs=1, measure_s=5.0,
             rest_s=0.0, voice_calls=20, voice_s=8.0)


@dataclass(frozen=True)
class Window:
    """What happened in a span of time in which so many calls were wanted."""

    wanted: int
    tally: Tally
    failures: int                    # AMI's and SIPp's, in that span
    coming: float = 1.0              # calls that may be on their way to their first sound

    @property
    def waiting(self) -> str | None:
        """How calls were kept waiting, though none failed: for a claim, a script, a prompt."""
        tally = self.tally
        if tally.talking < TALKING_SHARE * self.wanted - self.coming:
            return f"{tally.talking:.0f} of {self.wanted} calls had sound"
        if tally.answers < PACE_SHARE * tally.due - PACE_EDGE:
            return f"{tally.answers} answers were given when {tally.due} were due"
        return None

    @property
    def why(self) -> str | None:
        """Why these calls were not held; None: they were."""
        tally, faults = self.tally, []
        if self.failures:
            faults.append(f"{self.failures} calls failed")
        if tally.late_calls > LATE_SHARE * max(1, tally.calls):
            faults.append(f"{tally.late_calls} of {tally.calls} calls had late sound")
        if self.waiting:
            faults.append(self.waiting)
        return "; ".join(faults) or None

    @property
    def good(self) -> bool:
        """Whether these calls were held."""
        return self.why is None

    @property
    def hiccup(self) -> bool:
        """Whether what is bad says nothing about a load that grows."""
        return self.failures == 0 and self.tally.late_calls <= FEW and not self.waiting

    @property
    def too_much(self) -> bool:
        """Whether the load should not grow any further."""
        return self.failures >= BREAK_CALLS or self.tally.late_calls >= max(
            BREAK_CALLS, BREAK_SHARE * self.tally.calls)


class Growth:
    """While the load grows: what was held so far, and when it has become too much."""

    def __init__(self) -> None:
        self.good = 0                        # the most calls before the first bad window
        self.too_many: int | None = None     # where it turned bad for good; None: it has not
        self._bad: int | None = None

    def tell(self, calls: int, window: Window) -> None:
        """A window that began with so many calls. A single bad one is a hiccup."""
        if window.good or window.hiccup:
            self.good, self._bad = calls, None
        elif self._bad is not None:
            self.too_many = self._bad
        elif window.too_much:
            self.too_many = calls            # no further: what is piled up takes long to clear
        else:
            self._bad = calls


def percentile(values: list[float], share: float) -> float | None:
    """The value that ``share`` of them do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)
