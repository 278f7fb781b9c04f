"""What patients hear is told from the moments of packets alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.ivr.hearing import LATE_NS, Answers, Gaps, Heard

MS = 1_000_000


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def heard(gaps: Gaps, late: tuple[np.ndarray, ...], answers: Answers) -> Heard:
    return Heard(gaps.first, gaps.last, *late, ints(*answers.call), ints(*answers.pressed),
                 ints(*answers.prompt))


def test_a_packet_is_late_when_its_call_was_without_sound_for_more_than_60_ms() -> None:
    gaps = Gaps(2)
    calls = ints(0, 1, 0, 1, 0, 1)
    times = ints(1000, 1005, 1020, 1065, 1081, 1126) * MS
    call, at, gap = gaps.take(calls, times)
    assert list(call) == [0, 1]                     # 61 ms each; 60 is not late
    assert list(at // MS) == [1081, 1126]
    assert list(gap // MS) == [61, 61]


def test_silence_before_a_calls_first_packet_is_no_gap() -> None:
    gaps = Gaps(2)
    assert not len(gaps.take(ints(0), ints(5000 * MS))[0])
    assert not len(gaps.take(ints(1), ints(9000 * MS))[0])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 150)), min_size=1, max_size=60),
       st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_late_packets_are_the_same_however_they_are_batched(
        steps: list[tuple[int, int]], cuts: list[int]) -> None:
    calls, times, moment = [], [], 10_000
    for call, wait in steps:
        moment += wait
        calls.append(call)
        times.append(moment * MS)
    whole = Gaps(4).take(ints(*calls), ints(*times))
    gaps, found, start, number = Gaps(4), [], 0, 0
    while start < len(calls):
        size = cuts[number % len(cuts)]
        late = gaps.take(ints(*calls[start:start + size]), ints(*times[start:start + size]))
        found += [tuple(row) for row in zip(*(column.tolist() for column in late), strict=True)]
        start, number = start + size, number + 1
    expected = [tuple(row) for row in zip(*(column.tolist() for column in whole), strict=True)]
    assert sorted(found) == sorted(expected)
    last = dict(zip(calls, times, strict=True))
    slow = sum(times[index] - before > LATE_NS for index, before in _before(calls, times))
    assert len(found) == slow
    assert {call: int(gaps.last[call]) for call in last} == last


def _before(calls: list[int], times: list[int]) -> list[tuple[int, int]]:
    latest: dict[int, int] = {}
    pairs = []
    for index, (call, at) in enumerate(zip(calls, times, strict=True)):
        if call in latest:
            pairs.append((index, latest[call]))
        latest[call] = at
    return pairs


def test_the_wait_for_a_prompt_is_from_the_end_of_the_key_to_the_first_sound_after_it() -> None:
    gaps, answers = Gaps(2), Answers(2)
    answers.press(0, 1000 * MS)
    answers.press(1, 1010 * MS)
    answers.take(ints(0, 1, 0, 0), ints(990, 1055, 1030, 1050) * MS)
    told = heard(gaps, (ints(), ints(), ints()), answers)
    assert told.digit_to_prompt_ms(0, 2000 * MS) == [30.0, 45.0]
    assert told.digit_to_prompt_ms(1005 * MS, 2000 * MS) == [45.0]


def test_a_key_that_no_prompt_follows_is_not_counted() -> None:
    answers = Answers(1)
    answers.press(0, 1000 * MS)
    assert heard(Gaps(1), (ints(), ints(), ints()), answers).digit_to_prompt_ms(0, 2**62) == []


def test_late_calls_are_those_that_were_late_within_the_span() -> None:
    gaps = Gaps(3)
    gaps.first[:], gaps.last[:] = 1000 * MS, ints(9000, 9000, 1500) * MS
    late = (ints(0, 0, 1), ints(2000, 2100, 5000) * MS, ints(70, 80, 90) * MS)
    told = heard(gaps, late, Answers(3))
    assert told.calls_between(1900 * MS, 3000 * MS) == 2        # the third has hung up
    assert told.late_between(1900 * MS, 3000 * MS) == (1, 2)
    assert told.late_between(6000 * MS, 7000 * MS) == (0, 0)


def test_a_call_that_comes_late_or_has_ended_is_talking_for_its_part_of_the_span_only() -> None:
    gaps = Gaps(4)
    gaps.first[:], gaps.last[:] = ints(0, 1000, 1750, 500) * MS, ints(0, 9000, 9000, 1250) * MS
    told = heard(gaps, (ints(), ints(), ints()), Answers(4))
    assert told.talking_between(1000 * MS, 2000 * MS) == 1.0 + 0.25 + 0.25


def test_answers_are_due_at_their_time_in_each_call_and_not_after_its_end() -> None:
    gaps, answers = Gaps(3), Answers(3)
    gaps.first[:], gaps.last[:] = ints(0, 1000, 2000) * MS, ints(0, 9000, 5000) * MS
    answers.press(1, 4000 * MS)
    told = heard(gaps, (ints(), ints(), ints()), answers)
    schedule = (3.0, 4.0)
    assert told.due_between(4000 * MS, 7000 * MS, schedule) == 3
    assert told.due_between(5500 * MS, 7000 * MS, schedule) == 0
    assert told.answers_between(4000 * MS, 7000 * MS) == 1
    assert told.answers_between(4001 * MS, 7000 * MS) == 0
