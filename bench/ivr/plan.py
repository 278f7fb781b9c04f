"""How a run finds out what is held: limits, windows and the verdict on one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.ivr.flows import Flow
from bench.ivr.phones import Tally

LATE_SHARE = 0.01            # of the calls in a window may have late sound: a machine's hiccup
BREAK_SHARE, BREAK_CALLS = 0.05, 3       # more than a hiccup; twice in a row it is too much
FEW = 2                      # late calls that say nothing about the load while it grows
TRIES = 2                    # at one number of calls, before it counts as not held
LESS = 0.85                  # of what was well while the load grew is held first; then as much less


@dataclass(frozen=True)
class Plan:
    """How long and how far. Seconds, and calls at once."""

    per_second: float = 10.0         # new calls while the load grows
    most: int = 800                  # calls at once; none held more is tried
    window_s: float = 4.0            # over which late sound is counted while the load grows
    hold_s: float = 10.0             # a number of calls is held when all this time was good
    grow_s: float = 65.0             # the longest that the load grows; 0: ``most`` are held at once
    starts: int = 2                  # of a fresh node, to hold what seemed to be held
    measure_s: float = 20.0          # at the load where times and processors are measured
    load: float = 0.8                # that load, of what pure dialplan holds
    reaction_s: float = 1.2          # of a patient, from the end of a prompt to their key
    flows: tuple[Flow, ...] = tuple(Flow)
    voice_calls: int = 200           # 0: not measured
    voice_s: float = 40.0


FULL = Plan()
QUICK = Plan(most=40, window_s=2.0, hold_s=3.0, grow_s=0.0, starts=1, measure_s=6.0,
             voice_calls=20, voice_s=8.0)


@dataclass(frozen=True)
class Window:
    """What happened in a span of time, with how many calls on average."""

    calls: int
    tally: Tally
    failures: int                    # AMI's and SIPp's, in that span

    @property
    def good(self) -> bool:
        """Whether these calls were held."""
        return self.failures == 0 \
            and self.tally.late_calls <= LATE_SHARE * max(1, self.tally.calls)

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
        if window.good or (window.failures == 0 and window.tally.late_calls <= FEW):
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
