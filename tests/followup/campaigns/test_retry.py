"""What becomes of a task after an attempt, and when a patient may be called."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.calls.models import Disposition
from followup.campaigns.calling_hours import CallingHours
from followup.campaigns.models import TaskState
from followup.campaigns.retry import POLICY, OtherNumber, counts, next_step
from followup.campaigns.rules import CampaignRules

SHANGHAI = CallingHours(time(8), time(21), (ZoneInfo("Asia/Shanghai"),))
BERLIN = CallingHours(time(8), time(21), (ZoneInfo("Europe/Berlin"),))
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)            # 12:00 in Shanghai
LATE = datetime(2026, 11, 24, 12, 55, tzinfo=UTC)       # 20:55 in Shanghai
MOMENTS = st.integers(0, 2 * 365 * 86400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def test_every_disposition_has_a_policy() -> None:
    assert set(POLICY) == set(Disposition)


@pytest.mark.parametrize("disposition", [Disposition.COMPLETED, Disposition.ESCALATED,
                                         Disposition.CALLBACK_ALERT, Disposition.REFUSED])
def test_a_patient_who_was_reached_is_not_called_again(disposition: Disposition) -> None:
    assert next_step(disposition, 1, 3, NOON, SHANGHAI).state is TaskState.DONE


@pytest.mark.parametrize("disposition", [Disposition.UNKNOWN, Disposition.WRONG_PERSON,
                                         Disposition.INVALID_NUMBER,
                                         Disposition.IDENTITY_FAILED])
def test_what_only_a_person_can_decide_waits_for_one(disposition: Disposition) -> None:
    assert next_step(disposition, 1, 3, NOON, SHANGHAI).state is TaskState.NEEDS_PERSON


def test_a_busy_line_is_tried_again_ever_later_until_the_limit() -> None:
    waits = []
    for made in (1, 2):
        step = next_step(Disposition.BUSY, made, 3, NOON, SHANGHAI)
        assert step.state is TaskState.DUE and step.due_at
        waits.append(step.due_at - NOON)
    assert waits == [timedelta(minutes=10), timedelta(minutes=30)]
    assert next_step(Disposition.BUSY, 3, 3, NOON, SHANGHAI).state is TaskState.GAVE_UP


def test_an_answering_machine_is_not_called_again_soon_but_is_given_up_in_the_end() -> None:
    waits = []
    for made in (1, 2):
        step = next_step(Disposition.VOICEMAIL, made, 3, NOON - timedelta(hours=4), SHANGHAI)
        assert step.due_at
        waits.append(step.due_at - NOON + timedelta(hours=4))
    assert waits == [timedelta(hours=3), timedelta(hours=5)]
    assert next_step(Disposition.VOICEMAIL, 3, 3, NOON, SHANGHAI).state is TaskState.GAVE_UP


def test_a_retry_that_falls_into_the_night_waits_for_the_morning() -> None:
    step = next_step(Disposition.BUSY, 1, 3, LATE, SHANGHAI)
    assert step.due_at == datetime(2026, 11, 25, 0, tzinfo=UTC)       # 08:00 the next day


def test_what_never_reached_the_patient_does_not_count_and_never_gives_up() -> None:
    for disposition in (Disposition.CONGESTION, Disposition.NOT_PLACED):
        assert not counts(disposition)
        assert next_step(disposition, 99, 3, NOON, SHANGHAI).state is TaskState.DUE
    assert all(counts(one) for one in Disposition
               if one not in (Disposition.CONGESTION, Disposition.NOT_PLACED))


@given(st.sampled_from(Disposition), st.integers(0, 9), MOMENTS,
       st.sampled_from([SHANGHAI, BERLIN]))
def test_i5_no_task_becomes_due_out_of_hours(disposition: Disposition, made: int,
                                             moment: datetime, hours: CallingHours) -> None:
    step = next_step(disposition, made, 3, moment, hours)
    assert (step.due_at is not None) == (step.state is TaskState.DUE)
    if step.due_at is not None:
        assert step.due_at >= moment
        assert hours.allow(step.due_at)


@given(MOMENTS, st.sampled_from([SHANGHAI, BERLIN]))
def test_the_next_allowed_moment_is_the_earliest(moment: datetime, hours: CallingHours) -> None:
    found = hours.next_allowed(moment)
    assert found is not None and hours.allow(found) and found >= moment
    if found != moment:
        assert not hours.allow(moment)
        assert not hours.allow(found - timedelta(seconds=1))


def test_the_window_keeps_to_local_time_over_a_change_of_summer_time() -> None:
    before, after = datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 20, tzinfo=UTC)
    assert BERLIN.next_allowed(before) == datetime(2026, 10, 25, 7, tzinfo=UTC)
    assert BERLIN.next_allowed(after) == datetime(2026, 10, 26, 7, tzinfo=UTC)
    assert BERLIN.next_allowed(datetime(2026, 10, 23, 20, tzinfo=UTC)) == \
        datetime(2026, 10, 24, 6, tzinfo=UTC)


def test_a_time_that_the_patient_named_is_kept_within_the_calling_hours() -> None:
    named = NOON + timedelta(hours=3)
    assert next_step(Disposition.CALL_BACK, 9, 3, NOON, SHANGHAI, named).due_at == named
    night = NOON + timedelta(hours=10)
    assert next_step(Disposition.CALL_BACK, 1, 3, NOON, SHANGHAI, night).due_at == datetime(
        2026, 11, 25, 0, tzinfo=UTC)
    assert next_step(Disposition.BUSY, 9, 3, NOON, SHANGHAI, named).state is TaskState.GAVE_UP


def test_after_an_invalid_number_a_fresh_one_is_called_at_once_and_a_tried_one_later() -> None:
    def after(other: OtherNumber, made: int = 1) -> tuple[TaskState, datetime | None]:
        step = next_step(Disposition.INVALID_NUMBER, made, 3, NOON, SHANGHAI, other_number=other)
        return step.state, step.due_at

    assert after(OtherNumber.FRESH, made=9) == (TaskState.DUE, NOON)      # nobody was troubled yet
    assert after(OtherNumber.TRIED) == (TaskState.DUE, NOON + timedelta(hours=1))
    assert after(OtherNumber.TRIED, made=3) == (TaskState.GAVE_UP, None)
    assert after(OtherNumber.NONE) == (TaskState.NEEDS_PERSON, None)


def test_a_campaigns_own_waits_go_before_the_houses() -> None:
    own = CampaignRules.read({"retry": {"busy": [5], "voicemail": []}}).retry
    assert next_step(Disposition.BUSY, 1, 3, NOON, SHANGHAI, retries=own).due_at == \
        NOON + timedelta(minutes=5)
    assert next_step(Disposition.VOICEMAIL, 1, 3, NOON, SHANGHAI, retries=own).state \
        is TaskState.GAVE_UP


def test_without_any_calling_hours_a_person_decides() -> None:
    never = CallingHours(time(8), time(8), SHANGHAI.zones)
    assert next_step(Disposition.BUSY, 1, 3, NOON, never).state is TaskState.NEEDS_PERSON
