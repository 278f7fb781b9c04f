"""One clock for the frames of all calls: every 20 ms each of them sends its next one.

They take turns, a quarter of the calls each 5 ms: what all send at once, Asterisk would have to
pass on at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ivr.audiosocket.wire import FRAME_MS

PERIOD_S = FRAME_MS / 1000
TURNS = 4
LATE_S = 0.040               # a frame sent so long after its time would be heard as a gap
MOST_BEHIND = 3              # frames made up for after a stall; what is older is dropped


@dataclass
class Punctuality:
    """How well the clock is kept, since it started."""

    frames: int = 0
    late: int = 0
    worst_ms: float = 0.0


class FrameClock:
    """Calls every member each 20 ms, without drift."""

    def __init__(self) -> None:
        self._turns: list[dict[Callable[[], None], None]] = [{} for _ in range(TURNS)]
        self._task: asyncio.Task[None] | None = None
        self.punctuality = Punctuality()

    def add(self, tick: Callable[[], None]) -> None:
        """A call begins."""
        min(self._turns, key=len)[tick] = None

    def discard(self, tick: Callable[[], None]) -> None:
        """A call is over."""
        for turn in self._turns:
            turn.pop(tick, None)

    def start(self) -> None:
        """Run until stopped."""
        self._task = asyncio.create_task(self._run(), name="frame clock")

    async def stop(self) -> None:
        """Stop ticking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for turn in itertools.cycle(self._turns):
            due += PERIOD_S / TURNS
            behind = loop.time() - due
            if behind > MOST_BEHIND * PERIOD_S:
                due = loop.time()
            elif behind < 0:
                await asyncio.sleep(-behind)
            else:
                await asyncio.sleep(0)
            self._tick(turn, max(0.0, loop.time() - due if behind < 0 else behind))

    def _tick(self, turn: dict[Callable[[], None], None], late_s: float) -> None:
        kept = self.punctuality
        if turn:
            kept.frames += len(turn)
            kept.worst_ms = max(kept.worst_ms, late_s * 1000)
            if late_s > LATE_S:
                kept.late += len(turn)
        for tick in list(turn):
            tick()
