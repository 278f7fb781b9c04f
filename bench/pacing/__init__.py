"""``aftercall bench pacing``: dialling policies side by side on the same simulated days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.options import Options
from bench.pacing.bound import bound
from bench.pacing.measuring import best_of, days_of, row
from bench.pacing.policies import contenders
from dialer.simulator.scenario import Scenario, load_scenario

SCENARIOS = Path(__file__).with_name("scenarios")
DAYS = 200


async def measure(options: Options) -> dict[str, Any]:
    """All scenarios that belong to the project, or the one given."""
    paths = [options.scenario] if options.scenario else sorted(SCENARIOS.glob("*.toml"))
    days = options.days or (5 if options.quick else DAYS)
    scenarios = [load_scenario(path) for path in paths]
    return {"days": days, "seed": options.seed,
            "scenarios": [await compare(scenario, days, options.seed) for scenario in scenarios]}


async def compare(scenario: Scenario, days: int, seed: int) -> dict[str, Any]:
    """Every policy on the same days of one scenario."""
    policies: dict[str, Any] = {}
    for contender in contenders(scenario):
        make = await best_of(scenario, contender, days, seed)
        results = await days_of(scenario, contender, make, range(days), seed)
        policies[contender.name] = row(scenario, results)
    if scenario.mode == "predictive":
        most = bound(scenario)
        policies["bound"] = {
            "utilisation": None if most is None else round(most, 5), "abandon": scenario.budget,
            "p95_day": None, "wait_s": None, "ci95": None,
            "completed_per_hour": None if most is None else round(
                most * scenario.agents * 3600 / scenario.handle_mean_s, 3)}
    return {"name": scenario.name, "mode": scenario.mode, "agents": scenario.agents,
            "budget": scenario.budget, "policies": policies}
