"""When a number of calls counts as held, and when the load has grown too much."""

from __future__ import annotations

from bench.ivr.phones import Tally
from bench.ivr.plan import Growth, Window, percentile


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


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([], 0.5) is None
