"""How many calls the look-ahead pacing places, and at what risk."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.pacing import Asking, Pacer, Picture, Terms
from dialer.pacing.budget import Budget
from dialer.pacing.forecast import Forecast

CHANCES = st.lists(st.floats(0, 1), min_size=0, max_size=5)


@given(CHANCES, CHANCES, st.integers(0, 3), st.floats(0.01, 1))
def test_the_risk_is_that_of_all_outcomes_counted_one_by_one(
        demand: list[float], supply: list[float], idle: int, fresh: float) -> None:
    agents = idle + len(supply)
    rows = np.array([*demand, fresh])[:, None]
    forecast = Forecast(agents, rows, np.array([1.0, *supply])[:, None], np.array([fresh]))
    counts = np.array([1.0] * len(demand) + [0.0, float(idle)] + [1.0] * len(supply))
    none_left = 0.0
    for taken in itertools.product((0, 1), repeat=len(demand)):
        for freed in itertools.product((0, 1), repeat=len(supply)):
            if idle + sum(freed) - sum(taken) <= 0:
                none_left += math.prod(q if hit else 1 - q for q, hit in zip(
                    [*demand, *supply], [*taken, *freed], strict=True))
    assert forecast.risk(forecast.state(counts)) == pytest.approx(fresh * none_left, abs=1e-6)


@st.composite
def pictures(draw: st.DrawFn, items: int = 0) -> Picture:
    agents, now = draw(st.integers(1, 30)), draw(st.floats(3600, 28000))
    ages = st.lists(st.floats(0, 3000), max_size=agents)
    short = st.lists(st.floats(0, 90), max_size=20)
    picture = Picture(agents=agents, lines=draw(st.integers(1, 120)), opened_at=0.0,
                      closes_at=28800.0, budget=0.03, now=now)
    keys = itertools.count()
    picture.talking = {next(keys): now - age for age in draw(ages)}
    picture.ringing = {next(keys): now - age for age in draw(short)}
    picture.waiting = {next(keys): now - age / 50 for age in draw(st.lists(st.floats(0, 90),
                                                                          max_size=3))}
    if items:
        asked = st.lists(st.tuples(st.integers(0, items - 1), st.floats(0, 30), st.booleans()),
                         max_size=20)
        picture.asking = {next(keys): Asking(item, now - age, pending)
                          for item, age, pending in draw(asked)}
    picture.needed = draw(st.integers(0, 1000))
    picture.lost = draw(st.integers(0, picture.needed // 10))
    return picture


@given(st.one_of(pictures(), pictures(items=8)))
@settings(max_examples=60, deadline=None)
def test_never_more_calls_than_free_lines_and_never_fewer_than_one_to_one(
        picture: Picture) -> None:
    """With nothing learned yet."""
    items = 8 if picture.asking else 0
    assert picture.safe <= Pacer(Terms(items=items)).place(picture) <= picture.lines_free


@given(pictures())
@settings(max_examples=60, deadline=None)
def test_a_call_more_in_flight_never_means_more_calls(picture: Picture) -> None:
    pacer = Pacer(Terms())
    before = pacer.place(picture)
    picture.ringing[-1] = picture.now
    assert pacer.place(picture) <= before


@given(pictures())
@settings(max_examples=60, deadline=None)
def test_when_the_budget_is_spent_only_safe_calls_are_placed(picture: Picture) -> None:
    picture.needed, picture.lost = 1000, 500
    assert Pacer(Terms()).place(picture) == picture.safe


@given(pictures(), st.integers(1, 20))
@settings(deadline=None)
def test_the_more_was_lost_the_less_is_risked(picture: Picture, more: int) -> None:
    before = Budget().price(picture)
    picture.lost += more
    assert 0 <= Budget().price(picture) <= before


def test_a_ring_that_is_about_to_end_holds_back_less_than_a_fresh_one() -> None:
    picture = Picture(agents=4, lines=30, opened_at=0.0, closes_at=28800.0, budget=0.03, now=7200.0,
                      talking={1: 7190.0, 2: 7150.0}, needed=200, lost=6)
    placed = {}
    for age in (8.0, 55.0):
        picture.ringing = {10 + n: picture.now - age for n in range(3)}
        placed[age] = Pacer(Terms()).place(picture)
    assert placed[55.0] > placed[8.0]


def test_conversations_with_a_finding_hold_back_more_than_those_without() -> None:
    picture = Picture(agents=4, lines=60, opened_at=0.0, closes_at=28800.0, budget=0.03, now=7200.0,
                      talking=dict.fromkeys(range(4), 7000.0), needed=200, lost=6)
    placed = []
    for pending in (False, True):
        picture.asking = {10 + n: Asking(4, 7195.0, pending) for n in range(3)}
        placed.append(Pacer(Terms(items=8)).place(picture))
    assert placed[1] < placed[0]
