"""When a number of calls counts as held, and which one is tried next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.ivr.phones import Tally
from bench.ivr.plan import Growth, Search, Window, percentile


def window(late: int, calls: int = 200, failures: int = 0) -> Window:
    return Window(calls, Tally(calls, late, late), failures)


def test_calls_are_held_when_all_but_a_hundredth_had_no_late_sound_and_none_failed() -> None:
    assert window(late=2).good
    assert not window(late=3).good
    assert not window(late=0, failures=1).good
    assert not window(late=1, calls=50).good


def test_a_hiccup_does_not_end_the_growth_of_the_load() -> None:
    assert not window(late=2, calls=10).too_much
    assert not window(late=9).too_much
    assert window(late=10).too_much
    assert window(late=0, failures=3).too_much


def test_the_load_grows_past_a_hiccup_and_no_further_than_what_is_bad_twice_or_very_bad() -> None:
    growth = Growth()
    for calls, late in ((100, 0), (140, 5), (180, 0)):
        growth.tell(calls, window(late))
    assert (growth.good, growth.too_many) == (180, None)
    growth.tell(220, window(5))
    growth.tell(260, window(5))
    assert (growth.good, growth.too_many) == (180, 220)

    growth = Growth()
    growth.tell(100, window(0))
    growth.tell(140, window(150))
    assert (growth.good, growth.too_many) == (100, 140)


@given(st.integers(1, 900), st.integers(0, 900), st.integers(0, 900))
def test_the_search_ends_near_the_most_that_is_held(too_many: int, good: int, able: int) -> None:
    able = min(able, too_many - 1)
    search = Search(good, too_many)
    for _ in range(40):
        if search.over:
            break
        search.tell(search.next if search.next <= able else None)
    assert search.over
    assert (search.held or 0) <= able
    assert able - (search.held or 0) <= max(1, 0.03 * too_many)


def test_the_search_begins_where_it_went_well_while_the_load_grew() -> None:
    search = Search(good=80, too_many=120)
    assert search.next == 80
    search.tell(78)                  # two calls had just ended
    assert (search.held, search.next) == (78, 99)
    search.tell(None)
    assert (search.held, search.next) == (78, 88)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([], 0.5) is None
