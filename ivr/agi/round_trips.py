"""How long Asterisk takes for commands that need no waiting: the health of a busy node."""

from __future__ import annotations

from collections import deque

KEPT = 10_000                # the latest


class RoundTrips:
    """Seconds from a command to its answer."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """One more."""
        self._took.append(seconds)

    def summary(self) -> dict[str, float]:
        """Their number, median and 99th percentile in milliseconds; empty without any."""
        ordered = sorted(self._took)
        if not ordered:
            return {}
        return {"commands": len(ordered),
                **{f"p{share}_ms": round(ordered[len(ordered) * share // 100] * 1000, 3)
                   for share in (50, 99)}}
