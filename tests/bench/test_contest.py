"""Which flow runs when, at how many calls, and what becomes of a run that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bench.ivr import contest as module
from bench.ivr.climb import Climb
from bench.ivr.contest import Contest
from bench.ivr.flows import Flow
from bench.ivr.plan import Plan
from bench.ivr.result import Climbed, Metered, Result

HOLDS = {Flow.DIALPLAN: 400, Flow.AFTERCALL: 360, Flow.THREADS: 400, Flow.PROCESS: 70}


class Simulated(Contest):
    """Runs on a machine that holds so many calls; each takes a minute of the simulated clock."""

    def __init__(self, plan: Plan, holds: dict[Flow, int], seems: float = 1.2) -> None:
        self.now_s, self.runs = 0.0, list[tuple[Flow, str, int]]()
        super().__init__(None, plan, lambda: self.now_s)            # type: ignore[arg-type]
        self.holds, self.seems = holds, seems

    @asynccontextmanager
    async def _running(self, flow: Flow) -> AsyncIterator[Any]:
        self.results.setdefault(flow, Result(call_s=90))
        yield SimulatedRun(self, flow)
        self.now_s += 60


class SimulatedRun:
    def __init__(self, contest: Simulated, flow: Flow) -> None:
        self.contest, self.flow = contest, flow

    async def grow(self) -> int:
        self.contest.runs.append((self.flow, "grow", 0))
        return round(self.contest.holds[self.flow] * self.contest.seems)

    async def measure(self, calls: int, _: float) -> tuple[int, int]:
        self.contest.runs.append((self.flow, "measure", calls))
        self.contest.results[self.flow].metered.append(Metered(calls, 0, {"asterisk": 1.0}))
        return 0, 1

    async def climb(self, first: int, climbed: Climbed) -> None:
        self.contest.runs.append((self.flow, "climb", first))
        climb = Climb(first, 800)
        while not climb.over:
            climb.tell(climb.number if climb.number <= self.contest.holds[self.flow] else None)
        climbed.held, climbed.broke_at, climbed.why = climb.held, climb.broke_at, "late sound"

    async def conclude(self, *_: int) -> None:
        pass


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rest(_: float) -> float:
        return 0.0
    monkeypatch.setattr(module, "rest", rest)


async def through(contest: Simulated) -> Simulated:
    for flow in contest.order():
        if contest.has_to_grow(flow):
            await contest.grow(flow)
    for pair in contest.pairs():
        for flow in pair:
            await contest.climb(flow)
    return contest


async def test_the_flows_climb_in_turn_as_often_as_there_is_time() -> None:
    contest = await through(Simulated(Plan(pairs=4, pairs_until_s=450), HOLDS))
    theirs, ours = Flow.DIALPLAN, Flow.AFTERCALL
    assert [flow for flow, what, _ in contest.runs if what == "climb"] == [
        theirs, ours, ours, theirs, theirs, ours]                  # a fourth pair would end at 540
    assert contest.now_s == 420
    assert {point.at_s for point in contest.points()} == {60, 120, 180, 240, 300, 360}


async def test_climbs_begin_below_what_was_held_and_all_are_metered_at_the_same_load() -> None:
    contest = await through(Simulated(Plan(pairs=3), HOLDS))
    for flow in (Flow.DIALPLAN, Flow.AFTERCALL):
        held = contest.results[flow].held
        assert held is not None
        assert 0.95 * HOLDS[flow] <= held <= HOLDS[flow]
        last = [calls for each, what, calls in contest.runs if (each, what) == (flow, "climb")][-1]
        assert last == pytest.approx(0.9 * held, rel=0.03)
    loads = [calls for flow, what, calls in contest.runs if what == "measure"]
    assert min(loads) > 0.7 * HOLDS[Flow.DIALPLAN]
    assert max(loads) <= 0.82 * HOLDS[Flow.DIALPLAN]


async def test_what_seemed_too_well_is_tried_lower_on_a_fresh_node() -> None:
    contest = await through(Simulated(Plan(pairs=1), HOLDS, seems=1.5))
    first, second = [calls for flow, what, calls in contest.runs
                     if (flow, what) == (Flow.DIALPLAN, "climb")]
    assert first > 400 > second
    assert contest.results[Flow.DIALPLAN].held is not None
    assert contest.results[Flow.DIALPLAN].errors == []


async def test_a_machine_that_has_become_slower_is_tried_lower_from_what_was_held_before() -> None:
    contest = await through(Simulated(Plan(pairs=1), HOLDS))
    contest.holds = {flow: round(held * 0.8) for flow, held in HOLDS.items()}
    before = contest.results[Flow.DIALPLAN].held
    assert before is not None
    contest.runs.clear()
    await contest.climb(Flow.DIALPLAN)
    first, second = [calls for _, what, calls in contest.runs if what == "climb"]
    assert (first, second) == (round(before * 0.9), round(before * 0.85 * 0.9))
    last = contest.results[Flow.DIALPLAN].climbs[-1].held
    assert last is not None
    assert 0.95 * 320 < last <= 320


async def test_a_flow_that_holds_nothing_says_why() -> None:
    contest = await through(Simulated(Plan(pairs=1), HOLDS, seems=3))
    result = contest.results[Flow.DIALPLAN]
    assert result.held is None
    assert result.errors == ["dialplan: no number of calls was held: late sound"]
    assert contest.points() == []


async def test_only_a_flow_of_which_nothing_is_known_has_to_grow() -> None:
    assert [flow for flow in Flow if Simulated(Plan(), HOLDS).has_to_grow(flow)] == [
        Flow.DIALPLAN, Flow.PROCESS]
    alone = Plan(flows=(Flow.AFTERCALL,))
    assert Simulated(alone, HOLDS).has_to_grow(Flow.AFTERCALL)
    assert not Simulated(Plan(grow_s=0), HOLDS).has_to_grow(Flow.DIALPLAN)
