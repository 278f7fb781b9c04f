"""What is learned of calls: sane before the first one, and true after many."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing.chance import Chance
from dialer.pacing.durations import Durations
from dialer.pacing.knowledge import Knowledge

SECONDS = st.floats(0, 1e5)


@given(st.lists(SECONDS, max_size=50))
def test_whatever_was_seen_durations_are_a_distribution(seen: list[float]) -> None:
    durations = Durations.lognormal(120, 0.8)
    for seconds in seen:
        durations.see(seconds)
    below = durations.below(np.linspace(0, 8000, 200))
    assert durations.shares.sum() == pytest.approx(1)
    assert (durations.shares >= 0).all()
    assert (np.diff(below) >= -1e-12).all()
    assert below[0] == 0
    assert below[-1] == pytest.approx(1)


def test_with_nothing_seen_a_talk_takes_what_is_usual() -> None:
    mean, variance = Durations.lognormal(120, 0.8).moments
    assert mean == pytest.approx(120, rel=0.03)
    assert variance ** 0.5 == pytest.approx(96, rel=0.1)


def test_after_many_talks_their_own_length_counts() -> None:
    durations, chances = Durations.lognormal(120, 1.0), random.Random(1)
    for _ in range(1000):
        durations.see(chances.gauss(45, 5))
    assert durations.moments[0] == pytest.approx(45, rel=0.1)


def test_a_department_is_like_its_campaign_until_it_has_shown_otherwise() -> None:
    knowledge = Knowledge()
    wide = knowledge.group("campaign")
    for _ in range(500):
        wide.handle.see(60)
    narrow = knowledge.group("campaign", "orthopaedics")
    assert narrow.handle.moments[0] == pytest.approx(wide.handle.moments[0])
    for _ in range(500):
        narrow.handle.see(200)
    assert narrow.handle.moments[0] == pytest.approx(200, rel=0.15)


@given(st.lists(st.booleans(), max_size=200))
def test_a_chance_stays_a_chance(seen: list[bool]) -> None:
    chance = Chance(0.4)
    for happened in seen:
        chance.see(happened, hour=9)
    assert 0 < chance.value() < 1
    assert 0 < chance.value(hour=9) < 1
    assert 0 < chance.value(hour=15) < 1


def test_with_nothing_seen_a_chance_is_what_is_usual() -> None:
    assert Chance(0.4).value() == pytest.approx(0.4)


def test_a_chance_that_moves_is_followed() -> None:
    chance, chances = Chance(0.4), random.Random(2)
    for _ in range(2000):
        chance.see(chances.random() < 0.2)
    assert chance.value() == pytest.approx(0.2, abs=0.05)
    for _ in range(250):
        chance.see(chances.random() < 0.6)
    assert chance.value() == pytest.approx(0.6, abs=0.12)


def test_an_hour_that_is_the_same_each_day_is_remembered() -> None:
    chance, chances = Chance(0.4), random.Random(3)
    for _ in range(10):
        for hour, share in ((9, 0.2), (10, 0.7)):
            for _ in range(200):
                chance.see(chances.random() < share, hour)
    assert abs(chance.value(9) - 0.2) < abs(chance.value() - 0.2)
