"""Intervals and agreement against figures worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.spotchecks.statistics import agreement, wilson


def test_wilson_s_interval_worked_by_hand() -> None:
    # 8 of 10, z² = 3.841459: middle (.8 + .1920730) / 1.3841459 = .716740,
    # half 1.959964 / 1.3841459 x sqrt(.016 + .00960365) = .226575
    found = wilson(8, 10)
    assert found.value == 0.8
    assert found.low == pytest.approx(0.490162, abs=1e-5)
    assert found.high == pytest.approx(0.943318, abs=1e-5)
    # none of 20: 0 to z² / (20 + z²) = 3.841459 / 23.841459
    assert wilson(0, 20).low == 0
    assert wilson(0, 20).high == pytest.approx(0.161125, abs=1e-6)
    assert (wilson(0, 0).low, wilson(0, 0).high, wilson(0, 0).value) == (0, 1, 0)
    with pytest.raises(ValueError, match="hits"):
        wilson(3, 2)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total),
                                                           st.just(total))))
def test_an_interval_holds_its_share_and_narrows_with_more(case: tuple[int, int]) -> None:
    hits, total = case
    found, more = wilson(hits, total), wilson(hits * 4, total * 4)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert more.high - more.low < found.high - found.low
    other = wilson(total - hits, total)               # faults are the mirror of passes
    assert math.isclose(other.low, 1 - found.high, abs_tol=1e-12)


def test_cohen_s_kappa_worked_by_hand() -> None:
    # both yes 20, both no 15, first alone 5, second alone 10: observed .7,
    # by chance .5 x .6 + .5 x .4 = .5, kappa (.7 - .5) / .5 = .4
    pairs = [("yes", "yes")] * 20 + [("no", "no")] * 15 + [("yes", "no")] * 5 + [("no", "yes")] * 10
    found = agreement(pairs)
    assert (found.pairs, found.observed) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    # 45, 15, 25, 15: observed .6, by chance .6 x .7 + .4 x .3 = .54, kappa .06 / .46
    pairs = [(1, 1)] * 45 + [(1, 0)] * 15 + [(0, 1)] * 25 + [(0, 0)] * 15
    assert agreement(pairs).kappa == pytest.approx(0.06 / 0.46)
    assert agreement([("a", "b"), ("b", "a")]).kappa == -1


def test_kappa_is_not_made_up_where_it_has_no_meaning() -> None:
    assert agreement([]).kappa is None
    always = agreement([("passed", "passed")] * 9)
    assert (always.observed, always.kappa) == (1.0, None)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), max_size=60))
def test_kappa_does_not_ask_who_is_first(pairs: list[tuple[str, str]]) -> None:
    one, other = agreement(pairs), agreement([(b, a) for a, b in pairs])
    assert one.kappa is None or other.kappa is None or math.isclose(one.kappa, other.kappa)
    assert one.kappa is None or -1 <= one.kappa <= 1
