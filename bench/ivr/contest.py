"""The flows on fresh nodes: what each may hold, and what it does hold, one after the other."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

from bench.ivr.climb import FIRST, LESS, Point, pairs
from bench.ivr.cpu import rest
from bench.ivr.flows import Flow, prepare
from bench.ivr.ground import Stage
from bench.ivr.house import (
    admit,
    from_log,
    look_at_answers,
    look_at_recordings,
    script_of,
)
from bench.ivr.plan import Plan
from bench.ivr.result import Climbed, Result
from bench.ivr.run import Run

PAIR = (Flow.DIALPLAN, Flow.AFTERCALL)


class Contest:
    """All runs of all flows. ``results`` by flow grow with each."""

    def __init__(self, stage: Stage, plan: Plan,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.results: dict[Flow, Result] = {}
        self.agi_ms: list[Mapping[str, float | None]] = []
        self._stage, self._plan, self._clock = stage, plan, clock
        self._began = clock()
        self._expected: dict[Flow, float] = {}   # calls held, before any climb has shown it
        self._runs = 0

    def points(self) -> list[Point]:
        """The climbs of the two flows that are compared."""
        return [Point(climb.at_s, flow is Flow.AFTERCALL, climb.held)
                for flow in PAIR if flow in self.results
                for climb in self.results[flow].climbs if climb.held]

    def order(self) -> list[Flow]:
        """The flows that are compared and run, the first of them first."""
        return [flow for flow in PAIR if flow in self._plan.flows]

    def pairs(self) -> Iterator[tuple[Flow, ...]]:
        """Climbs in turn, A B, B A, as many as there is time for."""
        longest, began = 0.0, self._clock()
        for number, turned in enumerate(pairs(self._plan.pairs)):
            if number and self._clock() - self._began + longest > self._plan.pairs_until_s:
                return
            began = self._clock()
            yield tuple(reversed(self.order())) if turned else tuple(self.order())
            longest = max(longest, self._clock() - began)

    def has_to_grow(self, flow: Flow) -> bool:
        """Whether what a flow may hold cannot be told from what pure dialplan holds."""
        return self._plan.grow_s > 0 and (
            flow in (Flow.DIALPLAN, Flow.PROCESS) or Flow.DIALPLAN not in self._plan.flows)

    async def grow(self, flow: Flow) -> None:
        """Find roughly what a flow may hold."""
        async with self._running(flow) as run:
            self._expected[flow] = max(1.0, await run.grow() * LESS)
            await run.conclude(*2 * (time.time_ns(),))

    async def climb(self, flow: Flow) -> None:
        """Meter at the common load, then climb; on a fresh node lower, where that was too much."""
        for start in range(self._plan.starts):
            own, climbed = self._own(flow), Climbed(busy_cores=await rest(self._plan.rest_s))
            async with self._running(flow) as run:
                result = self.results[flow]
                first = max(1, min(self._plan.most, round(own * FIRST)))
                load = max(1, round(self._own(Flow.DIALPLAN) * self._plan.load))
                span = await run.measure(min(load, first), self._plan.measure_s)
                await run.climb(first, climbed)
                climbed.at_s = round(self._clock() - self._began, 1)
                result.climbs.append(climbed)
                await run.conclude(*span)
            if climbed.held is not None:
                return
            self._expected[flow] = own * LESS
            if start + 1 == self._plan.starts:
                result.errors.append(f"{flow.value}: no number of calls was held: {climbed.why}")

    def _own(self, flow: Flow) -> float:
        """How many calls this flow is expected to hold."""
        climbs = self.results[flow].climbs if flow in self.results else ()
        if climbs and climbs[-1].held:
            return float(self.results[flow].held or 1)
        if flow in self._expected:
            return self._expected[flow]
        if flow is Flow.DIALPLAN or not self._plan.grow_s:
            return self._plan.most / FIRST
        return self._own(Flow.DIALPLAN) * LESS

    @asynccontextmanager
    async def _running(self, flow: Flow) -> AsyncIterator[Run]:
        ours = flow is Flow.AFTERCALL
        self._runs += 1
        async with self._stage.set(f"{flow.value}-{self._runs}", agi=ours) as ground:
            script = await script_of(ground, self._plan, "zh")
            prepared = await prepare(ground.settings, ground.node, ground.process, script.turns,
                                     ground.settings.agi.port)
            if ours:
                await admit(ground, "zh")
            result = self.results.setdefault(flow, Result(script.call_s))
            async with Run(ground, flow, self._plan, script, prepared, result) as run:
                yield run
            if ours:
                await look_at_answers(ground, run, script)
                look_at_recordings(ground, run)
        if ours:
            self.agi_ms.append(from_log(ground.agi_log, "agi_round_trips",
                                        {"p50": "p50_ms", "p99": "p99_ms"}))

    def agi_round_trip_ms(self) -> dict[str, float | None]:
        """The medians over our runs."""
        found: dict[str, float | None] = {}
        for name in ("p50", "p99"):
            told = [each for run in self.agi_ms if (each := run[name]) is not None]
            found[name] = round(statistics.median(told), 3) if told else None
        return found
