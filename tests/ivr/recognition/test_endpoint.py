"""When somebody has begun to speak, and when they have finished."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.recognition.endpoint import Endpointer, Patience
from ivr.recognition.protocol import FRAME_MS, Moment

FLAGS = st.lists(st.booleans(), max_size=800)


def follow(flags: list[bool], patience: Patience | None = None) -> list[tuple[int, Moment]]:
    """The moments that came about, each with its time in ms."""
    endpointer = Endpointer(patience)
    found = [(number * FRAME_MS, endpointer.push(flag)) for number, flag in enumerate(flags)]
    return [each for each in found if each[1] is not Moment.NOTHING]


def frames(*spans: tuple[int, bool]) -> list[bool]:
    return [flag for milliseconds, flag in spans for _ in range(milliseconds // FRAME_MS)]


def test_a_word_is_heard_from_its_onset_to_the_silence_after_it() -> None:
    assert follow(frames((500, False), (400, True), (2000, False))) == [
        (620, Moment.ONSET), (1580, Moment.ENDPOINT)]


def test_a_click_or_a_cough_is_no_speech() -> None:
    assert follow(frames((500, False), (100, True), (500, False), (120, True), (900, False))) == []


def test_a_pause_within_an_answer_does_not_end_it() -> None:
    moments = follow(frames((400, True), (500, False), (400, True), (800, False)))
    assert [moment for _, moment in moments] == [Moment.ONSET, Moment.ENDPOINT]
    assert moments[1][0] == 1980


def test_a_word_is_over_sooner_than_a_number() -> None:
    def ends(unhurried: bool) -> int:
        endpointer = Endpointer(unhurried=unhurried)
        moments = list(map(endpointer.push, frames((400, True), (2000, False))))
        return moments.index(Moment.ENDPOINT) * FRAME_MS
    assert ends(unhurried=False) < ends(unhurried=True)


def test_who_never_stops_is_cut() -> None:
    moments = follow(frames((30_000, True)), Patience(longest=3000))
    assert [moment for _, moment in moments] == [Moment.ONSET, Moment.ENDPOINT]
    assert 3000 <= moments[1][0] <= 3200


@given(FLAGS)
def test_there_is_at_most_one_onset_and_then_at_most_one_endpoint(flags: list[bool]) -> None:
    moments = [moment for _, moment in follow(flags)]
    assert moments in ([], [Moment.ONSET], [Moment.ONSET, Moment.ENDPOINT])


@given(FLAGS)
def test_after_any_beginning_silence_ends_the_utterance(flags: list[bool]) -> None:
    moments = [moment for _, moment in follow([*flags, *frames((1000, False))])]
    assert moments.count(Moment.ONSET) == moments.count(Moment.ENDPOINT)
