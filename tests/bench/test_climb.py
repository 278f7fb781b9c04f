"""Two flows climb in turn on a machine whose speed drifts: their ratio stays the true one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bench.ivr.climb import FIRST, LESS, Climb, Point, pairs, ratio

TRUE = 0.9
CLIMB_S = 75.0


def climbed(first: int, good: Callable[[int], bool], most: int = 800) -> Climb:
    climb = Climb(first, most)
    for _ in range(100):
        if climb.over:
            return climb
        climb.tell(climb.number if good(climb.number) else None)
    raise AssertionError("it does not end")


def test_a_climb_ends_at_the_first_number_that_is_not_held() -> None:
    climb = climbed(360, lambda number: number <= 400)
    assert climb.held is not None
    assert climb.broke_at is not None
    assert 384 < climb.held <= 400 < climb.broke_at <= 416


def test_a_single_bad_window_is_forgiven() -> None:
    verdicts = iter((False, True, True, False, True, False, False))
    climb = climbed(100, lambda _: next(verdicts))
    assert (climb.held, climb.broke_at) == (108, 112)


def test_a_climb_that_begins_far_too_low_soon_takes_longer_steps() -> None:
    tried: list[int] = []
    climb = climbed(1, lambda number: tried.append(number) or number <= 70)
    assert climb.held is not None
    assert 50 < climb.held <= 70
    assert len(tried) < 15


def test_a_climb_whose_first_number_is_not_held_has_found_nothing() -> None:
    climb = climbed(360, lambda _: False)
    assert (climb.held, climb.broke_at) == (None, 360)


def test_no_more_calls_are_tried_than_the_plan_allows() -> None:
    climb = climbed(38, lambda _: True, most=40)
    assert (climb.held, climb.broke_at) == (40, None)
    assert climbed(90, lambda _: True, most=40).held == 40


def test_the_flows_take_turns_in_being_first() -> None:
    assert list(pairs(4)) == [False, True, False, True]


def simulated(speed: Callable[[float], float], noise: float, seed: int,
              count: int = 3) -> list[Point]:
    """Climbs on a machine that holds ``speed(seconds)`` calls of the other flow."""
    chance = random.Random(seed)
    at, expected, points = 0.0, {False: speed(0.0), True: speed(0.0) * TRUE}, []
    for turned in pairs(count):
        for ours in (turned, not turned):
            for _ in range(2):                   # lower on a fresh node, as the bench does
                most = speed(at) * (TRUE if ours else 1.0)
                climb = climbed(round(expected[ours] * FIRST),
                                lambda number, most=most: number < most * chance.gauss(1.0, noise))
                began, at = at, at + CLIMB_S
                if climb.held is not None:
                    expected[ours] = climb.held
                    points.append(Point(began, ours, climb.held))
                    break
                expected[ours] *= LESS
    return points


@pytest.mark.parametrize(("name", "speed"), [
    ("steady", lambda _: 450.0),
    ("slower", lambda at: 500.0 * (1 - 0.2 * at / 450)),
    ("faster", lambda at: 400.0 * (1 + 0.2 * at / 450))])
def test_the_ratio_is_true_though_the_machine_drifts_by_a_fifth(
        name: str, speed: Callable[[float], float]) -> None:
    found = [ratio(simulated(speed, 0.015, seed)) for seed in range(40)]
    shares = [share for share, _ in found if share is not None]
    errors = [error for _, error in found if error is not None]
    assert len(shares) == len(errors) == 40
    assert sum(shares) / 40 == pytest.approx(TRUE, abs=0.015), name
    assert max(abs(share - TRUE) for share in shares) < 0.07
    assert 0.002 < sum(errors) / 40 < 0.04


def test_the_spread_tells_how_much_the_climbs_differ() -> None:
    steady = [Point(at, ours, held) for at, ours, held in
              ((0, False, 400), (1, True, 360), (2, True, 362), (3, False, 399))]
    restless = [Point(at, ours, held) for at, ours, held in
                ((0, False, 400), (1, True, 300), (2, True, 420), (3, False, 399))]
    (one, small), (two, large) = ratio(steady), ratio(restless)
    assert one == pytest.approx(0.903, abs=0.002)
    assert two is not None
    assert small is not None
    assert large is not None
    assert small < 0.01 < 0.1 < large


def test_one_climb_each_gives_a_ratio_without_a_spread_and_one_alone_gives_none() -> None:
    both = [Point(0, False, 400), Point(60, True, 380)]
    assert ratio(both) == (0.95, None)
    assert ratio(both[:1]) == (None, None)
    assert ratio([]) == (None, None)
