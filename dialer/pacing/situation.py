"""How many calls to place now. Pure: the same code serves the live dialer and simulations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What the pacing may look at; counts are of calls unless said otherwise."""

    lines: int               # channels of the trunk
    in_flight: int           # attempts that have not ended
    last_hour: int           # attempts made in the last 60 minutes
    hourly_cap: int          # the hospital's own limit against runaway or fraud
    open_now: bool           # inside the calling hours
    burst: int = 5           # most calls started in one decision: spares the gateway


def calls_to_place(situation: Situation) -> int:
    """IVR-first: every free line may carry a questionnaire, within the caps."""
    if not situation.open_now:
        return 0
    free = situation.lines - situation.in_flight
    allowance = situation.hourly_cap - situation.last_hour
    return max(0, min(free, allowance, situation.burst))
