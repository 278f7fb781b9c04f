"""Days of a scenario under a policy, and what is told of them."""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from bench.pacing.policies import Contender, Make
from dialer.simulator.day import Day, DayResult
from dialer.simulator.draws import Draws
from dialer.simulator.outlook import quantile
from dialer.simulator.scenario import Scenario

CHOICE_DAYS = 20            # the best of several settings is chosen on so many days
CHOICE_SLACK = 1.05         # and VICIdial's may break the budget by so much: it steers to it


async def days_of(scenario: Scenario, contender: Contender, make: Make, days: Iterable[int],
            seed: int) -> list[DayResult]:
    """The same days for everybody: chances depend on seed and day alone."""
    policy, results = make(scenario), []
    for day in days:
        await asyncio.sleep(0)           # so that it can be stopped
        results.append(Day(scenario, policy, Draws(scenario, seed, day),
                           handoff=contender.handoff).run())
        if not contender.keeps:
            policy = make(scenario)
    return results


async def best_of(scenario: Scenario, contender: Contender, days: int, seed: int) -> Make:
    """The maker with the highest utilisation near the budget; failing that, the fewest losses."""
    if len(contender.makers) == 1:
        return contender.makers[0]
    best, best_key = contender.makers[0], (-1.0, 0.0)
    for make in contender.makers:
        results = await days_of(scenario, contender, make, range(min(days, CHOICE_DAYS)), seed)
        lost = lost_share(results)
        slack = CHOICE_SLACK if scenario.mode == "predictive" else 1.0
        within = lost <= scenario.budget * slack
        key = (1.0, utilisation(scenario, results)) if within else (0.0, -lost)
        if key > best_key:
            best, best_key = make, key
        if not within and contender.name.startswith("fixed"):
            break                        # ever more lines lose ever more
    return best


def utilisation(scenario: Scenario, results: Sequence[DayResult]) -> float:
    """Share of the agents' paid time in talk and wrap-up."""
    return statistics.fmean(r.busy_s for r in results) / (scenario.agents * scenario.day_s)


def lost_share(results: Sequence[DayResult]) -> float:
    """Lost needs by all needs."""
    return sum(r.lost for r in results) / max(1, sum(r.needed for r in results))


def row(scenario: Scenario, results: Sequence[DayResult]) -> dict[str, Any]:
    """One line of the table; shares are of 1, ``ci95`` holds [low, high] over days."""
    worked = [r.busy_s / (scenario.agents * scenario.day_s) for r in results]
    lost = [r.lost / max(1, r.needed) for r in results]
    completed = [r.completed / scenario.hours for r in results]
    waits = [r.waited_s / max(1, r.needed) for r in results]
    told = {
        "utilisation": statistics.fmean(worked),
        "abandon": lost_share(results),
        "p95_day": quantile(lost, 0.95),
        "completed_per_hour": statistics.fmean(completed),
        "wait_s": statistics.fmean(waits),
        "placed_per_hour": statistics.fmean(r.placed / scenario.hours for r in results),
        "lines_used": statistics.fmean(r.lines_s / max(scenario.day_s, r.ended_at)
                                       for r in results),
    }
    if scenario.mode == "ivr_first":
        told["alerts_per_day"] = statistics.fmean(r.alerts for r in results)
    rounded: dict[str, Any] = {name: round(value, 5) for name, value in told.items()}
    rounded["ci95"] = {"utilisation": _interval(worked), "abandon": _interval(lost),
                       "completed_per_hour": _interval(completed), "wait_s": _interval(waits)}
    return rounded


def _interval(values: Sequence[float]) -> list[float]:
    mean = statistics.fmean(values)
    if len(values) < 2:
        return [round(mean, 5), round(mean, 5)]
    half = 1.96 * statistics.stdev(values) / math.sqrt(len(values))
    return [round(mean - half, 5), round(mean + half, 5)]
