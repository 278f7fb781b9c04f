"""I5: whether a patient may be called: hours and caps, over all campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.campaigns.calling_hours import CallingHours, Days
from followup.campaigns.models import Held
from followup.campaigns.permission import Caps, May, Never, PutOff, permit
from tests.followup.campaigns.test_calling_hours import HOURS, MOMENTS, inside

CAPS = Caps()
SHANGHAI = CallingHours(time(8), time(21), (ZoneInfo("Asia/Shanghai"),))
CALLS = st.lists(st.integers(0, 60 * 3600), max_size=12)        # seconds ago


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    """A moment of Shanghai's day in November."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def over_a_cap(moment: datetime, dialled: Sequence[datetime]) -> bool:
    def within(span: timedelta) -> int:
        return sum(moment - span < call <= moment for call in dialled)
    return within(timedelta(minutes=5)) >= 3 or within(timedelta(hours=24)) >= 5


@given(MOMENTS, HOURS, CALLS)
def test_i5_no_call_out_of_hours_or_over_a_cap_and_what_is_put_off_is_permitted_then(
        moment: datetime, hours: CallingHours, ago: list[int]) -> None:
    dialled = [moment - timedelta(seconds=each) for each in ago]
    match permit(moment, hours, dialled, CAPS):
        case May():
            assert inside(moment, hours) and not over_a_cap(moment, dialled)
        case PutOff(until, _):
            assert until > moment and inside(until, hours) and not over_a_cap(until, dialled)
            assert permit(until, hours, dialled, CAPS) == May()
        case Never():
            assert hours.next_allowed(moment + timedelta(days=3)) is None


@given(MOMENTS, st.lists(st.integers(0, 1800), max_size=60), st.integers(1, 4), st.integers(1, 6))
def test_i5_who_asks_before_each_call_never_exceeds_a_cap(
        moment: datetime, pauses: list[int], per_5_min: int, per_day: int) -> None:
    always = CallingHours(time.min, time.max, (ZoneInfo("Asia/Shanghai"),))
    dialled: list[datetime] = []
    for pause in pauses:
        moment += timedelta(seconds=pause)
        if permit(moment, always, dialled, Caps(per_day, per_5_min)) == May():
            dialled.append(moment)
    for last in range(len(dialled)):
        for span, most in ((timedelta(minutes=5), per_5_min), (timedelta(hours=24), per_day)):
            assert sum(dialled[last] - span < call <= dialled[last]
                       for call in dialled[:last + 1]) <= most


def test_the_third_call_within_five_minutes_is_the_last_for_a_while() -> None:
    dialled = [at(9), at(9, 1), at(9, 2)]
    assert permit(at(9, 3), SHANGHAI, dialled, CAPS) == PutOff(at(9, 5), Held.CAP_5_MIN)
    assert permit(at(9, 5), SHANGHAI, dialled, CAPS) == May()


def test_who_has_reached_the_days_cap_is_due_the_next_day() -> None:
    spread = [at(hour) for hour in (8, 10, 12, 14, 16)]
    assert permit(at(17), SHANGHAI, spread, CAPS) == PutOff(at(8, day=25), Held.CAP_24_H)
    over_night = [at(19, day=23), at(20, day=23), at(8), at(9), at(10)]
    # the cap of 24 hours would let go at 19:00 today
    assert permit(at(11), SHANGHAI, over_night, CAPS) == PutOff(at(8, day=25), Held.NEXT_DAY)
    assert permit(at(20), SHANGHAI, over_night, CAPS) == PutOff(at(8, day=25), Held.NEXT_DAY)
    assert permit(at(8, day=25), SHANGHAI, over_night, CAPS) == May()


def test_late_calls_of_yesterday_hold_until_24_hours_are_over() -> None:
    late = [at(hour) for hour in (12, 14, 16, 18, 20)]
    assert permit(at(20, 30), SHANGHAI, late, CAPS) == PutOff(at(12, day=25), Held.CAP_24_H)


@pytest.mark.parametrize(("moment", "until", "why"), [
    (at(7), at(8), Held.HOURS), (at(21), at(8, day=25), Held.HOURS),
    (at(12, day=26), at(8, day=27), Held.HOLIDAY), (at(22, day=26), at(8, day=27), Held.HOURS)])
def test_the_reason_is_told(moment: datetime, until: datetime, why: Held) -> None:
    hours = CallingHours(time(8), time(21), SHANGHAI.zones,
                         Days(exceptions={date(2026, 11, 26): False}))
    assert permit(moment, hours, [], CAPS) == PutOff(until, why)


def test_where_no_hour_is_ever_allowed_a_person_must_look() -> None:
    apart = CallingHours(time(8), time(12), (ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")))
    assert permit(datetime(2026, 11, 24, tzinfo=UTC), apart, [], CAPS) == Never(Held.NO_HOURS)
