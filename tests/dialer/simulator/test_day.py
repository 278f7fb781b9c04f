"""Simulated days: nothing is lost in them, and they are the same for everybody."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.pacing.simple import FixedLines, Ratio
from dialer.pacing import Pacer, Terms
from dialer.simulator.day import Day, DayResult, Policy
from dialer.simulator.draws import Draws
from dialer.simulator.outlook import look_ahead, terms_of
from dialer.simulator.scenario import Scenario, scenario_of


def scenario(**other: object) -> Scenario:
    return scenario_of({"name": "test", "agents": 4, "lines": 30, "answer_probability": 0.4,
                        "handle_mean_s": 90, **other})


def day(of: Scenario, policy: Policy, number: int = 0) -> DayResult:
    return Day(of, policy, Draws(of, 1, number)).run()


@given(st.sampled_from(["predictive", "ivr_first"]), st.integers(1, 6), st.floats(0.5, 4),
       st.integers(1, 25), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_every_call_ends_and_every_need_is_met_or_told(mode: str, agents: int, ratio: float,
                                                       lines: int, number: int) -> None:
    of = scenario(mode=mode, agents=agents, lines=lines, hours=0.5, drift=0.3)
    policy = Ratio(ratio) if mode == "predictive" else FixedLines(lines)
    result = day(of, policy, number)
    assert result.placed == result.unanswered + result.answered
    assert result.needed == result.served + result.lost
    assert result.completed == (result.served if mode == "predictive" else result.answered)
    assert result.abandoned == 0 if mode == "ivr_first" else result.alerts == 0
    assert result.busy_s <= of.agents * of.day_s + 1e-6


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    of = scenario(hours=1)
    assert day(of, Pacer(Terms())) == day(of, Pacer(Terms()))
    assert day(of, Pacer(Terms()), 1) != day(of, Pacer(Terms()), 2)


def test_the_nth_call_is_the_same_under_every_policy() -> None:
    few, many = Draws(scenario(), 7, 3), Draws(scenario(), 7, 3)
    many.grow()
    assert many.answer[:len(few.answer)] == few.answer
    assert many.ring[:len(few.ring)] == few.ring
    assert many.handle[:len(few.handle)] == few.handle


@pytest.mark.parametrize(("talk", "chance", "drift", "expected"), [
    (60, 0.40, 0, 0.589), (90, 0.40, 0, 0.680), (180, 0.40, 0, 0.810), (90, 0.60, 0, 0.783),
    (90, 0.25, 0, 0.551), (90, 0.40, 0.4, 0.666)])
def test_one_to_one_is_as_busy_as_the_reference_says_and_abandons_nobody(
        talk: float, chance: float, drift: float, expected: float) -> None:
    of = scenario(handle_mean_s=talk, answer_probability=chance, drift=drift)
    days = [day(of, Ratio(1.0), number) for number in range(10)]
    assert sum(result.abandoned for result in days) == 0
    busy = statistics.fmean(result.busy_s for result in days) / (of.agents * of.day_s)
    assert busy == pytest.approx(expected, abs=0.015)


def test_ringing_beyond_the_agents_pays_and_stays_within_the_budget() -> None:
    of = scenario()
    pacer = Pacer(terms_of(of))
    days = [day(of, pacer, number) for number in range(4)]
    one_to_one = [day(of, Ratio(1.0), number) for number in range(4)]
    assert sum(r.lost for r in days) <= 0.032 * sum(r.needed for r in days)
    assert sum(r.busy_s for r in days) > 1.08 * sum(r.busy_s for r in one_to_one)


def test_questionnaires_first_completes_more_than_fixed_lines_within_the_budget() -> None:
    of = scenario(mode="ivr_first", handle_mean_s=180, answer_probability=0.5, hours=4)
    pacer = Pacer(terms_of(of))
    days = [day(of, pacer, number) for number in range(4)]
    fixed = [Day(of, FixedLines(6), Draws(of, 1, number), handoff="immediate").run()
             for number in range(4)]
    assert sum(r.lost for r in days) <= 0.036 * sum(r.needed for r in days)
    assert sum(r.completed for r in days) > 1.6 * sum(r.completed for r in fixed)


def test_an_outlook_tells_when_the_list_is_done() -> None:
    of = scenario(hours=2)
    outlook = look_ahead(of, days=3, calls=100)
    assert outlook.bands["placed"] == (100, 100, 100)
    low, middle, high = outlook.bands["end_s"]
    assert 0 < low <= middle <= high < of.day_s
