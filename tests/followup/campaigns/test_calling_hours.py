"""I5: the calling hours, over any zones, holidays and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from followup.campaigns.calling_hours import CallingHours, Days

NAMES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/Los_Angeles",
         "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut",
         "America/Havana", "America/St_Johns", "Pacific/Auckland", "UTC"]
ZONES = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(
    lambda names: tuple(map(ZoneInfo, names)))
# changes of the clock: Berlin, New York, Cairo, Beirut, Havana, Lord Howe
CHANGES = [datetime(2026, month, day, tzinfo=UTC) for month, day in (
    (3, 29), (10, 25), (3, 8), (11, 1), (4, 24), (10, 30), (3, 28), (4, 4), (10, 3))]
MOMENTS = st.one_of(
    st.integers(0, 2 * 365 * 86400).map(
        lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.builds(lambda change, minutes: change + timedelta(minutes=minutes),
              st.sampled_from(CHANGES), st.integers(-1440, 2880)))
TIMES = st.one_of(st.times(), st.builds(time, st.integers(0, 3), st.sampled_from([0, 15, 30, 45])))
WINDOWS = st.tuples(TIMES, TIMES).map(sorted).filter(lambda pair: pair[0] != pair[1])
EXCEPTIONS = st.dictionaries(
    st.integers(0, 800).map(lambda days: date(2026, 1, 1) + timedelta(days=days)), st.booleans(),
    max_size=20)
DAYS = st.builds(Days, st.frozensets(st.integers(1, 7), min_size=1), EXCEPTIONS)
HOURS = st.builds(lambda window, zones, days: CallingHours(window[0], window[1], zones, days),
                  WINDOWS, ZONES, DAYS)


def inside(moment: datetime, hours: CallingHours) -> bool:
    """Told anew, zone by zone, from what a clock on the wall shows."""
    for zone in hours.zones:
        wall = moment.astimezone(zone)
        if not hours.start <= wall.time() < hours.end:
            return False
        working = hours.days.exceptions.get(wall.date())
        if working is False or (working is None
                                and wall.isoweekday() not in hours.days.weekdays):
            return False
    return True


@given(MOMENTS, HOURS)
def test_i5_no_moment_outside_the_window_of_any_zone_is_allowed(moment: datetime,
                                                               hours: CallingHours) -> None:
    assert hours.allow(moment) is inside(moment, hours)
    found = hours.next_allowed(moment)
    if found is not None:
        assert found >= moment and inside(found, hours)


@given(MOMENTS, HOURS, st.integers(0, 999))
def test_nothing_earlier_would_have_been_allowed(moment: datetime, hours: CallingHours,
                                                 part: int) -> None:
    found = hours.next_allowed(moment)
    assume(found != moment)
    until = found or moment + timedelta(days=390)
    assert not inside(moment + (until - moment) * part / 1000, hours)
    assert not inside(until - timedelta(microseconds=1), hours)


@given(MOMENTS, ZONES)
def test_a_new_day_has_begun_in_all_zones(moment: datetime, zones: tuple[ZoneInfo, ...]) -> None:
    hours = CallingHours(time(8), time(21), zones)
    begun = hours.next_day(moment)
    for zone in zones:
        assert begun.astimezone(zone).date() > moment.astimezone(zone).date()


def test_with_several_zones_only_the_hours_that_fit_all_of_them_remain() -> None:
    coasts = CallingHours(time(8), time(21), (ZoneInfo("America/New_York"),
                                              ZoneInfo("America/Los_Angeles")))
    assert coasts.next_allowed(datetime(2026, 11, 24, 3, tzinfo=UTC)) == \
        datetime(2026, 11, 24, 16, tzinfo=UTC)                  # 08:00 in Los Angeles
    assert not coasts.allow(datetime(2026, 11, 25, 2, tzinfo=UTC))      # 21:00 in New York


def test_hours_that_never_open_together_are_told() -> None:
    apart = CallingHours(time(8), time(12), (ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")))
    assert apart.next_allowed(datetime(2026, 11, 24, tzinfo=UTC)) is None
    closed = CallingHours(time(8), time(8), (ZoneInfo("UTC"),))
    assert closed.next_allowed(datetime(2026, 11, 24, tzinfo=UTC)) is None


@pytest.mark.parametrize(("start", "end", "opens"), [
    (time(2, 30), time(10), datetime(2026, 3, 29, 1, tzinfo=UTC)),      # at 03:00: 02:30 is skipped
    (time(2, 10), time(2, 50), datetime(2026, 3, 30, 0, 10, tzinfo=UTC)),      # no such time today
])
def test_a_window_that_opens_in_a_skipped_hour(start: time, end: time, opens: datetime) -> None:
    hours = CallingHours(start, end, (ZoneInfo("Europe/Berlin"),))
    assert hours.next_allowed(datetime(2026, 3, 28, 20, tzinfo=UTC)) == opens


def test_a_window_that_comes_twice_opens_twice() -> None:
    hours = CallingHours(time(2, 10), time(2, 50), (ZoneInfo("Europe/Berlin"),))
    first = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)
    assert hours.next_allowed(datetime(2026, 10, 24, 20, tzinfo=UTC)) == first
    assert hours.next_allowed(first + timedelta(minutes=45)) == first + timedelta(hours=1)


def test_a_holiday_is_closed_and_a_worked_sunday_is_open() -> None:
    days = Days(frozenset(range(1, 6)), {date(2026, 10, 1): False, date(2026, 10, 10): True})
    hours = CallingHours(time(8), time(21), (ZoneInfo("Asia/Shanghai"),), days)
    noon = datetime(2026, 10, 1, 4, tzinfo=UTC)                  # a Thursday
    assert hours.on_holiday(noon) and not hours.allow(noon)
    assert hours.next_allowed(noon) == datetime(2026, 10, 2, 0, tzinfo=UTC)
    assert hours.allow(datetime(2026, 10, 10, 4, tzinfo=UTC))            # a Saturday
    assert not hours.allow(datetime(2026, 10, 17, 4, tzinfo=UTC))
    assert not hours.on_holiday(datetime(2026, 10, 17, 4, tzinfo=UTC))


def test_a_day_is_open_from_when_until_when_by_the_clock_of_one_zone() -> None:
    shanghai, kolkata = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kolkata")
    holiday = date(2026, 11, 26)
    days = Days(frozenset({1, 2, 3, 4, 5}), {holiday: False, date(2026, 11, 28): True})
    hours = CallingHours(time(8), time(20), (shanghai,), days)
    assert hours.on(date(2026, 11, 25), shanghai) == (time(8), time(20))
    assert hours.on(holiday, shanghai) is None
    assert hours.on(date(2026, 11, 28), shanghai) == (time(8), time(20))     # worked
    assert hours.on(date(2026, 11, 29), shanghai) is None
    both = CallingHours(time(8), time(20), (shanghai, kolkata), days)
    assert both.on(date(2026, 11, 25), shanghai) == (time(10, 30), time(20))
    assert both.on(date(2026, 11, 25), kolkata) == (time(8), time(17, 30))
