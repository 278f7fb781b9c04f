"""How a run finds out what is held: limits, windows and the verdict on one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.ivr.flows import Flow
from bench.ivr.phones import Tally

LATE_SHARE = 0.01            # of the calls in a window may have late sound: a machine's hiccup
BREAK_SHARE, BREAK_CALLS = 0.05, 3       # more than a hiccup; twice in a row it is too much
TRIES = 2                    # at one number of calls, before it counts as not held


@dataclass(frozen=True)
class Plan:
    """How long and how far. Seconds, and calls at once."""

    per_second: float = 8.0          # new calls while the load grows
    most: int = 800                  # calls at once; none held more is tried
    window_s: float = 4.0            # over which late sound is counted while the load grows
    hold_s: float = 10.0             # a number of calls is held when all this time was good
    search_s: float = 150.0          # the longest that a flow's search takes
    measure_s: float = 30.0          # at the load where times and processors are measured
    load: float = 0.8                # that load, of what pure dialplan holds
    back: tuple[float, ...] = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.25)
    flows: tuple[Flow, ...] = tuple(Flow)
    voice_calls: int = 200           # 0: not measured
    voice_s: float = 40.0


FULL = Plan()
QUICK = Plan(per_second=12.0, most=48, hold_s=4.0, search_s=20.0, measure_s=10.0,
             voice_calls=24, voice_s=10.0)


@dataclass(frozen=True)
class Window:
    """What happened in a span of time, with how many calls at least."""

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


def steps_back(broke_at: int, plan: Plan) -> list[int]:
    """Numbers of calls to try after it has become too many, the largest first."""
    tried = (round(broke_at * share) for share in plan.back)
    return [number for number in dict.fromkeys(tried) if number > 0]


def percentile(values: list[float], share: float) -> float | None:
    """The value that ``share`` of them do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)
