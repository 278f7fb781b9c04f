"""A check goes only where its states allow, and nobody judges their own."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.errors import Conflict
from followup.spotchecks.states import (
    SETTLED,
    ItemState,
    Step,
    may,
    may_judge,
    may_score,
    move,
    sees_scores,
)

ANNA, BO, CAI = (uuid.UUID(int=number) for number in range(3))


@given(st.lists(st.sampled_from(list(Step)), max_size=40))
def test_no_way_leads_past_the_score_and_closed_is_the_end(steps: list[Step]) -> None:
    state, scored, appeals = ItemState.OPEN, False, 0
    for step in steps:
        if not may(state, step):
            with pytest.raises(Conflict):
                move(state, step)
            continue
        state = move(state, step)
        scored |= step in (Step.SCORE, Step.SETTLE)
        appeals += step is Step.APPEAL
        assert (state in SETTLED) == scored
    assert appeals <= 1                                       # once for each check
    if state is ItemState.CLOSED:
        assert not any(may(state, step) for step in Step)


def test_every_state_is_reached_and_all_but_the_last_are_left() -> None:
    reached, frontier = {ItemState.OPEN}, [ItemState.OPEN]
    while frontier:
        state = frontier.pop()
        onward = {move(state, step) for step in Step if may(state, step)}
        assert onward or state is ItemState.CLOSED
        frontier += onward - reached
        reached |= onward
    assert reached == set(ItemState)


def test_nobody_scores_twice_nor_their_own_call() -> None:
    assert may_score(ItemState.OPEN, ANNA, (), None)
    assert may_score(ItemState.HALF, BO, (ANNA,), CAI)
    assert not may_score(ItemState.HALF, ANNA, (ANNA,), None)
    assert not may_score(ItemState.OPEN, CAI, (), CAI)
    assert not may_score(ItemState.CHECKED, BO, (ANNA,), None)


def test_the_first_score_is_shown_to_nobody_before_the_second() -> None:
    assert not sees_scores(ItemState.HALF)
    assert sees_scores(ItemState.DIFFERS)
    assert sees_scores(ItemState.CHECKED)


def test_who_scored_or_was_checked_does_not_judge() -> None:
    assert may_judge(CAI, (ANNA, BO), None)
    assert not may_judge(ANNA, (ANNA, BO), None)
    assert not may_judge(CAI, (ANNA,), CAI)
