"""A case never gets stuck, never moves unseen, and its deadlines mean what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.cases.deadlines import (
    REMIND_AFTER,
    Deadlines,
    Limits,
    Standing,
    Times,
    due,
    kept,
    next_deadline,
    standing,
)
from followup.cases.office_hours import OfficeHours
from followup.cases.states import (
    TABLES,
    CaseKind,
    CaseState,
    Move,
    MoveRefused,
    advance,
    moves,
    needs_words,
)

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
kinds = st.sampled_from(CaseKind)
minutes = st.integers(1, 20_000)


@given(kinds, st.lists(st.sampled_from(Move), max_size=30))
def test_a_case_goes_only_where_it_is_offered_to_go_and_can_always_be_closed(
        kind: CaseKind, tried: list[Move]) -> None:
    state = CaseState.REGISTERED
    for move in tried:
        if move in moves(kind, state):
            state = advance(kind, state, move)
        else:
            with pytest.raises(MoveRefused) as refused:
                advance(kind, state, move)
            assert refused.value.status == 409
    assert moves(kind, state), f"nothing can be done with a case that is {state}"
    assert CaseState.CLOSED in _reachable(kind, state)


def _reachable(kind: CaseKind, start: CaseState) -> set[CaseState]:
    found, new = {start}, [start]
    while new:
        state = new.pop()
        for (at, _), to in TABLES[kind].items():
            if at is state and to not in found:
                found.add(to)
                new.append(to)
    return found


def test_a_complaint_can_take_every_state_and_praise_only_the_short_way() -> None:
    assert _reachable(CaseKind.COMPLAINT, CaseState.REGISTERED) == set(CaseState)
    assert _reachable(CaseKind.PRAISE, CaseState.REGISTERED) == {
        CaseState.REGISTERED, CaseState.ACCEPTED, CaseState.ANSWERED, CaseState.CLOSED,
        CaseState.REOPENED}


@pytest.mark.parametrize(("kind", "way"), [
    (CaseKind.COMPLAINT, "accept assign investigate answer resolve confirm close reopen"),
    (CaseKind.PRAISE, "accept answer close reopen")])
def test_the_usual_next_step_is_offered_first(kind: CaseKind, way: str) -> None:
    state = CaseState.REGISTERED
    for name in way.split():
        assert moves(kind, state)[0] is Move(name)
        state = advance(kind, state, Move(name))


def test_closing_without_the_person_s_yes_has_to_be_explained() -> None:
    assert needs_words(CaseKind.COMPLAINT, CaseState.RESOLVED, Move.CLOSE)
    assert not needs_words(CaseKind.COMPLAINT, CaseState.CONFIRMED, Move.CLOSE)
    assert not needs_words(CaseKind.PRAISE, CaseState.ANSWERED, Move.CLOSE)
    for kind in CaseKind:
        assert needs_words(kind, CaseState.REGISTERED, Move.DISMISS)


@given(minutes, minutes, st.integers(0, 60_000), st.none() | st.integers(0, 30_000),
       st.none() | st.integers(0, 30_000))
def test_a_case_is_in_time_then_reminded_of_then_late_and_never_back(
        accept: int, more: int, at: int, accepted: int | None, closed_later: int | None) -> None:
    limits = Limits(timedelta(minutes=accept), timedelta(minutes=accept + more))
    wanted = due(limits, START, OfficeHours())
    accepted_at = START + timedelta(minutes=accepted) if accepted is not None else None
    closed_at = accepted_at + timedelta(minutes=closed_later) \
        if accepted_at and closed_later is not None else None
    times = Times(wanted, accepted_at, None, closed_at)
    moment = START + timedelta(minutes=at)
    stands, deadline = standing(times, moment), next_deadline(times)
    if closed_at:
        assert (stands, deadline) == (Standing.NONE, None)
    else:
        assert deadline == (wanted.close if accepted_at else wanted.accept)
        assert deadline is not None
        assert (stands is Standing.LATE) == (moment >= deadline.due)
        gone = (moment - START) / (deadline.due - START)
        if abs(gone - REMIND_AFTER) > 1e-9:
            assert (stands is Standing.IN_TIME) == (gone < REMIND_AFTER)
        order = [Standing.IN_TIME, Standing.SOON, Standing.LATE]
        after = standing(times, moment + timedelta(minutes=1))
        assert order.index(after) >= order.index(stands)


@given(minutes, minutes, st.integers(0, 60_000), st.integers(0, 60_000))
def test_deadlines_are_kept_only_when_both_were(accept: int, more: int, accepted: int,
                                                closed: int) -> None:
    wanted = due(Limits(timedelta(minutes=accept), timedelta(minutes=accept + more)), START,
                 OfficeHours())
    accepted_at = START + timedelta(minutes=accepted)
    closed_at = accepted_at + timedelta(minutes=closed)
    times = Times(wanted, accepted_at, None, closed_at)
    assert kept(times, closed_at) is (accepted <= accept and accepted + closed <= accept + more)
    # while it is open nobody can say yes, only no
    assert kept(Times(wanted, accepted_at), START) in (None, False)
    assert kept(Times(Deadlines()), START) is None


def test_an_answer_may_have_a_deadline_of_its_own_between_the_others() -> None:
    hour = timedelta(hours=1)
    wanted = due(Limits(hour, 9 * hour, answer=4 * hour), START, OfficeHours())
    accepted = Times(wanted, accepted=START + hour / 2)
    assert next_deadline(accepted) == wanted.answer
    assert standing(accepted, START + 3 * hour) is Standing.SOON
    assert standing(accepted, START + 4 * hour) is Standing.LATE
    answered = Times(wanted, START + hour / 2, START + 2 * hour)
    assert next_deadline(answered) == wanted.close
    assert kept(Times(wanted, START, START + 5 * hour, START + 6 * hour), START) is False
    assert kept(Times(wanted, START, START + 3 * hour, START + 6 * hour), START) is True
    # what is closed without an answer (dismissed) was answered by that
    assert kept(Times(wanted, START, None, START + 3 * hour), START) is True
