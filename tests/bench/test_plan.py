"""When a number of calls counts as held, why not, and when the load has grown too much."""

from __future__ import annotations

from bench.ivr.phones import Tally
from bench.ivr.plan import Growth, Window, percentile


def window(late: int, calls: int = 200, failures: int = 0, *, talking: float | None = None,
           answers: int = 100, due: int = 100) -> Window:
    tally = Tally(calls, late, late, calls if talking is None else talking, answers, due)
    return Window(calls, tally, failures)


def test_calls_are_held_when_all_but_a_hundredth_had_no_late_sound_and_none_failed() -> None:
    assert window(late=2).good
    assert window(late=3).why == "3 of 200 calls had late sound"
    assert window(late=0, failures=1).why == "1 calls failed"
    assert not window(late=1, calls=50).good


def test_calls_that_wait_for_their_claim_or_their_next_question_are_not_held() -> None:
    assert window(late=0, talking=195).good
    assert window(late=0, talking=180).why == "180 of 200 calls had sound"
    assert window(late=0, answers=93).good
    assert window(late=0, answers=80).why == "80 answers were given when 100 were due"
    assert window(late=0, calls=3, talking=2.1, answers=0, due=2).good     # too few to tell


def test_everything_that_went_wrong_is_told() -> None:
    assert window(late=9, failures=2, talking=90).why == (
        "2 calls failed; 9 of 200 calls had late sound; 90 of 200 calls had sound")


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


def test_the_load_does_not_grow_on_while_calls_wait() -> None:
    growth = Growth()
    growth.tell(100, window(0))
    growth.tell(140, window(0, talking=100))
    growth.tell(180, window(0, talking=0))
    assert (growth.good, growth.too_many) == (100, 140)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([], 0.5) is None
