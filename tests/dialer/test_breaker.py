"""A gateway that refuses everything is spared, and found again as soon as it works."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.breaker import Breaker, Limits, State

LIMITS = Limits()


def refused(breaker: Breaker, count: int, at: float) -> None:
    for call in range(count):
        breaker.heard(f"{at}/{call}", True, at)


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    refused(breaker, LIMITS.refusals, at)
    assert breaker.state(at) is State.OPEN
    return breaker


def test_a_burst_of_refusals_stops_the_calls() -> None:
    breaker = Breaker()
    refused(breaker, LIMITS.refusals - 1, 1.0)
    assert breaker.allows(1.0)
    refused(breaker, 1, 2.0)
    assert not breaker.allows(2.0)


def test_refusals_far_apart_are_the_numbers_own() -> None:
    breaker = Breaker()
    for at in range(0, 400, 20):
        refused(breaker, 1, at)
    assert breaker.allows(400)


def test_refusals_among_many_calls_that_ring_stop_nothing() -> None:
    breaker = Breaker()
    for call in range(20):
        breaker.heard(call, False, 1.0)
    refused(breaker, LIMITS.refusals, 2.0)
    assert breaker.allows(2.0)


def test_a_call_that_rang_is_no_refusal_whatever_ends_it() -> None:
    breaker = Breaker()
    for call in range(10):
        breaker.heard(call, False, 1.0)
        breaker.heard(call, True, 2.0)
    assert breaker.allows(2.0)


def test_one_trial_goes_out_after_the_wait_and_its_ringing_opens_the_way() -> None:
    breaker = opened()
    assert not breaker.allows(LIMITS.first_wait_s - 0.1)
    assert breaker.allows(LIMITS.first_wait_s)
    breaker.placed("trial", LIMITS.first_wait_s)
    assert not breaker.allows(LIMITS.first_wait_s + 1)
    breaker.heard("an old call that was ringing all the time", False, LIMITS.first_wait_s + 2)
    assert not breaker.allows(LIMITS.first_wait_s + 2)
    breaker.heard("trial", False, LIMITS.first_wait_s + 3)
    assert breaker.state(LIMITS.first_wait_s + 3) is State.CLOSED


def test_each_refused_trial_doubles_the_wait_up_to_five_minutes() -> None:
    breaker, at, waits = opened(), 0.0, []
    for trial in itertools.count():
        waits.append(breaker.until - at)
        if len(waits) == 6:
            break
        at = breaker.until
        breaker.placed(trial, at)
        breaker.heard(trial, True, at)
    assert waits == [30, 60, 120, 240, 300, 300]


def test_a_trial_of_which_nothing_is_heard_does_not_block_for_ever() -> None:
    breaker = opened()
    breaker.placed("lost", 30)
    assert not breaker.allows(30 + LIMITS.trial_s - 1)
    assert breaker.allows(30 + LIMITS.trial_s)
    breaker.placed("next", 30 + LIMITS.trial_s)
    breaker.heard("next", False, 95)
    assert breaker.state(95) is State.CLOSED


@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["taken", "refused", "silent"])),
                min_size=1, max_size=60))
def test_it_never_blocks_for_longer_than_its_longest_wait_and_a_trial(
        events: list[tuple[float, str]]) -> None:
    breaker, at = Breaker(), 0.0
    for call, (pause, word) in enumerate(events):
        at += pause
        if breaker.allows(at):
            breaker.placed(call, at)
        if word != "silent":
            breaker.heard(call, word == "refused", at)
    later = at + LIMITS.longest_wait_s + LIMITS.trial_s
    assert breaker.allows(later)


@pytest.mark.parametrize("state", [State.CLOSED, State.HALF_OPEN])
def test_the_gateway_that_took_the_trial_starts_with_a_clean_slate(state: State) -> None:
    breaker = opened()
    breaker.placed("trial", 30)
    if state is State.CLOSED:
        breaker.heard("trial", False, 31)
        refused(breaker, LIMITS.refusals - 1, 32)
        assert breaker.state(32) is State.CLOSED
    else:
        assert breaker.state(31) is State.HALF_OPEN
