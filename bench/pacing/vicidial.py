"""An emulation of VICIdial's adaptive dial methods, from the facts told in bench/README.md."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from bench.pacing.simple import Silent
from dialer.pacing.picture import Picture

PLACE_S = 2.5
ADAPT_S = 15.0
MAX_LEVEL = 3.0


@dataclass(frozen=True)
class Variant:
    """One way to set it up."""

    method: Literal["hard", "tapered", "average"]
    ready_only: bool = False         # the available-only tally
    target: float = 0.0              # wanted difference of ready agents and waiting calls
    intensity: float = 0.0


class Vicidial(Silent):
    """Places every 2.5 s, adapts its level every 15 s."""

    tick_s = PLACE_S
    on_events = False

    def __init__(self, variant: Variant) -> None:
        self._variant = variant
        self._level = 1.0
        self._adapt_at = ADAPT_S
        self._seen: list[tuple[int, int]] = []               # ready less waiting, agents
        self._minute: deque[tuple[float, int, int]] = deque()    # when, answers, drops

    def place(self, picture: Picture) -> int:
        """Lines wanted by the level, less lines that are out."""
        ready, waiting = picture.idle, len(picture.waiting)
        talking = len(picture.talking)
        self._seen.append((ready - waiting, talking + waiting + ready))
        if picture.now >= self._adapt_at:
            self._adapt_at += ADAPT_S
            self._adapt(picture)
        if self._variant.ready_only:
            wanted, out = round(self._level * ready), len(picture.ringing) + waiting
        else:
            wanted = round(self._level * (talking + waiting + ready))
            out = len(picture.ringing) + waiting + talking
        return max(0, wanted - out)

    def _adapt(self, picture: Picture) -> None:
        v = self._variant
        agents = sum(agents for _, agents in self._seen) / len(self._seen)
        difference = sum(diff for diff, _ in self._seen) / len(self._seen) + v.target
        self._seen.clear()
        step = difference / max(1.0, agents) * (1 + v.intensity)
        self._level = min(MAX_LEVEL, max(1.0, self._level * (1 + step)))
        self._minute.append((picture.now, picture.needed, picture.lost))
        while self._minute[0][0] < picture.now - 60:
            self._minute.popleft()
        answers = picture.needed - self._minute[0][1]
        if answers > 20 and picture.lost - self._minute[0][2] > answers / 2:
            self._level /= 2
        if picture.needed > 50 and picture.lost > picture.budget * picture.needed:
            match v.method:
                case "hard":
                    self._level = 1.0
                case "average":
                    self._level /= 2
                case "tapered":
                    self._level *= min(1.0, (picture.closes_at - picture.now) / 36000)
        self._level = max(1.0, self._level)
