"""The comparison of dialling policies, in its smallest form."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.options import Options
from bench.pacing import SCENARIOS, measure
from bench.pacing.bound import bound
from bench.pacing.report import as_text
from bench.pacing.simple import erlang_rate
from dialer.simulator.scenario import load_scenario, scenario_of

SMALL = ('name = "small"\nagents = 1\nlines = 4\nanswer_probability = 0.5\nhandle_mean_s = 60\n'
         "hours = 1\n")
ROW = {"utilisation", "abandon", "p95_day", "completed_per_hour", "wait_s", "ci95"}


def test_every_scenario_of_the_project_is_sound_and_named_once() -> None:
    scenarios = [load_scenario(path) for path in SCENARIOS.glob("*.toml")]
    assert len({scenario.name for scenario in scenarios}) == len(scenarios) >= 7


async def test_all_policies_meet_the_same_days(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    result = await measure(Options(scenario=path, days=2, seed=3))
    assert result == await measure(Options(scenario=path, days=2, seed=3))
    [told] = result["scenarios"]
    assert set(told["policies"]) == {
        "progressive", "ratio_1_5", "ratio_1_67", "vicidial_hard", "vicidial_tapered",
        "vicidial_average", "vicidial_best", "erlang", "aftercall", "bound"}
    assert all(set(row) >= ROW for row in told["policies"].values() if row.get("p95_day"))
    assert told["policies"]["progressive"]["abandon"] == 0


async def test_questionnaires_first_is_compared_with_fixed_lines(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL + 'mode = "ivr_first"\n', "utf-8")
    result = await measure(Options(scenario=path, days=2))
    policies = ["fixed_immediate", "fixed_elastic", "aftercall"]
    assert list(result["scenarios"][0]["policies"]) == policies
    text = "\n".join(as_text(result))
    assert all(f"| {policy} |" in text for policy in policies)


def test_the_bound_is_above_what_is_reached_and_rises_with_the_budget() -> None:
    values = {"name": "a", "agents": 1, "lines": 6, "answer_probability": 0.4,
              "handle_mean_s": 90}
    bounds = [bound(scenario_of({**values, "budget": budget})) for budget in (0.01, 0.03, 0.1)]
    assert all(value is not None for value in bounds)
    assert bounds == sorted(bounds, key=lambda value: value or 0)
    assert 0.65 < (bounds[0] or 0) < (bounds[2] or 0) < 1     # 1:1 alone is at .65 or so


def test_erlang_b_is_found_again_when_nobody_waits() -> None:
    rate = erlang_rate(4, 90.0, 1e-6, 0.03)
    assert rate * 90 * 0.97 / 4 == pytest.approx(0.305, abs=0.005)
