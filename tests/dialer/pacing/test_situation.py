"""How many calls are placed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing import Situation, calls_to_place

COUNTS = st.integers(0, 2000)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(1, 50))
def test_never_more_than_lines_cap_or_burst(lines: int, in_flight: int, last_hour: int,
                                            cap: int, burst: int) -> None:
    placed = calls_to_place(Situation(lines, in_flight, last_hour, cap, True, burst))
    assert 0 <= placed <= burst
    if placed:
        assert in_flight + placed <= lines
        assert last_hour + placed <= cap


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_i5_nobody_is_called_out_of_hours(lines: int, in_flight: int, last_hour: int,
                                          cap: int) -> None:
    assert calls_to_place(Situation(lines, in_flight, last_hour, cap, open_now=False)) == 0


def test_free_lines_are_used() -> None:
    assert calls_to_place(Situation(30, 27, 0, 1200, open_now=True)) == 3
    assert calls_to_place(Situation(30, 0, 0, 1200, open_now=True, burst=5)) == 5
