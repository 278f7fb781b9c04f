"""Working time: nights, lunch, weekends and holidays cost nothing, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from followup.campaigns.calling_hours import Days
from followup.cases.deadlines import Clock, Limits, due
from followup.cases.office_hours import MONDAY_TO_FRIDAY, OfficeHours

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
# Friday's holiday, the Saturday after it worked instead
BRIDGE = {date(2026, 10, 2): False, date(2026, 10, 3): True}
USUAL = OfficeHours(days=Days(MONDAY_TO_FRIDAY, BRIDGE))


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    """A moment of the house in 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("begun", "hours", "ends"), [
    (at(8, 9), 2, at(8, 11)),                         # within a morning
    (at(8, 11), 2, at(8, 14, 30)),                    # over lunch
    (at(8, 12, 30), 1, at(8, 14, 30)),                # told at lunch
    (at(8, 17), 1, at(9, 8, 30)),                     # over a night
    (at(8, 16, 30), 1, at(8, 17, 30)),                # to the minute: this day's end
    (at(8, 22), 4, at(9, 12)),                        # told at night
    (at(9, 16, 30), 2, at(12, 9)),                    # over a weekend
    (at(1, 16, 30), 2, at(3, 9)),                     # over the holiday, to the worked Saturday
    (at(1, 16, 30), 10, at(5, 9)),                    # and through it to Monday
    (at(8, 8), 40, at(14, 17, 30)),                   # five working days
])
def test_a_deadline_passes_over_what_is_no_working_time(begun: datetime, hours: float,
                                                       ends: datetime) -> None:
    assert USUAL.after(begun, timedelta(hours=hours)) == ends


clocks = st.lists(st.integers(0, 95), min_size=4, max_size=4, unique=True).map(sorted)
moments = st.integers(0, 2 * 365 * 1440).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
minutes = st.integers(1, 12_000).map(lambda many: timedelta(minutes=many))


@st.composite
def offices(draw: st.DrawFn, zone: st.SearchStrategy[ZoneInfo]) -> OfficeHours:
    """Any office."""
    opens, begins, ends, closes = (time(quarter // 4, quarter % 4 * 15)
                                   for quarter in draw(clocks))
    exceptions = draw(st.dictionaries(st.dates(date(2026, 1, 1), date(2028, 1, 1)),
                                      st.booleans(), max_size=20))
    weekdays = draw(st.frozensets(st.integers(1, 7), min_size=1))
    return OfficeHours(opens, closes, draw(st.sampled_from([None, (begins, ends)])),
                       Days(weekdays, exceptions), draw(zone))


ANY = offices(st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns")]))


@given(ANY, moments, minutes)
def test_the_time_worked_until_a_deadline_is_the_time_that_was_left(
        office: OfficeHours, begun: datetime, left: timedelta) -> None:
    ends = office.after(begun, left)
    assert office.between(begun, ends) == left
    # no earlier moment would do
    assert office.between(begun, ends - timedelta(seconds=1)) < left


@given(ANY, moments, st.integers(0, 5000), minutes, minutes)
def test_who_begins_later_or_has_more_time_is_never_due_earlier(
        office: OfficeHours, begun: datetime, later: int, left: timedelta,
        more: timedelta) -> None:
    assert office.after(begun, left) <= office.after(begun + timedelta(minutes=later), left)
    assert office.after(begun, left) < office.after(begun, left + more)


@given(ANY, moments, minutes, minutes)
def test_it_does_not_matter_whether_time_is_counted_at_once_or_in_two_parts(
        office: OfficeHours, begun: datetime, first: timedelta, second: timedelta) -> None:
    assert office.after(office.after(begun, first), second) == office.after(begun, first + second)


@given(offices(st.just(SHANGHAI)), moments, minutes)
def test_where_no_clock_is_changed_every_deadline_lies_within_the_hours(
        office: OfficeHours, begun: datetime, left: timedelta) -> None:
    local = office.after(begun, left).astimezone(SHANGHAI)
    assert office.days.open(local.date())
    assert office.opens < local.time().replace(tzinfo=None) <= office.closes
    if office.pause:
        assert not office.pause[0] < local.time() <= office.pause[1]
    whole = OfficeHours(office.opens, office.closes, office.pause, Days(), SHANGHAI)
    midnight = datetime(2026, 5, 4, tzinfo=SHANGHAI)
    assert whole.between(midnight, midnight + timedelta(days=1)) == office.a_day


def test_an_hour_that_a_changed_clock_takes_away_is_not_worked() -> None:
    night = OfficeHours(time(1), time(4), None, Days(), BERLIN)
    begun = datetime(2026, 3, 28, 23, tzinfo=BERLIN)            # at 2 it becomes 3
    assert night.between(begun, begun + timedelta(hours=8)) == timedelta(hours=2)


@given(moments, minutes, minutes)
def test_the_reminder_is_counted_by_the_same_clock(begun: datetime, accept: timedelta,
                                                   more: timedelta) -> None:
    assume(accept + more > accept)
    limits = Limits(accept, accept + more, clock=Clock.WORKING)
    wanted = due(limits, begun, USUAL)
    for deadline, left in ((wanted.accept, accept), (wanted.close, accept + more)):
        assert deadline is not None
        assert USUAL.between(begun, deadline.soon) == left * 0.75
        assert USUAL.between(begun, deadline.due) == left
    around = due(Limits(accept, accept + more), begun, USUAL)
    assert around.close
    assert around.close.due == begun + accept + more


@pytest.mark.parametrize("wrong", [
    {"opens": time(18)}, {"pause": (time(13), time(12))}, {"pause": (time(7), time(9))},
    {"days": Days(frozenset())}])
def test_hours_in_which_nobody_could_ever_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        OfficeHours(**wrong)  # type: ignore[arg-type]
