"""A machine is known by talking, beeping and falling silent; nobody else is taken for one."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.answering import Detector, Kind, Verdict
from ivr.answering.detector import FRAME_MS, QUIET, VOICE
from tests.ivr.answering.lines import greeting, hear, quiet, speakers, tone, vowels

SPEAKERS = speakers()
PEOPLE = pytest.mark.skipif(not SPEAKERS, reason="no recordings of people beside this clone")


def sounds(*parts: tuple[Kind, int]) -> list[Kind]:
    """(what, milliseconds) as frames."""
    return [kind for kind, ms in parts for _ in range(ms // FRAME_MS)]


def verdict(*parts: tuple[Kind, int]) -> Verdict:
    detector = Detector()
    for kind in sounds(*parts):
        detector.push(kind)
    return detector.verdict


BEEP = Kind(tone=1000)


def test_a_word_and_then_waiting_is_a_person() -> None:
    assert verdict((QUIET, 800), (VOICE, 400), (QUIET, 1000)) is Verdict.PERSON


def test_talking_on_over_our_greeting_makes_a_machine_likely_but_proves_nothing() -> None:
    assert verdict((QUIET, 300), (VOICE, 7000)) is Verdict.LIKELY
    assert verdict((VOICE, 7000), (QUIET, 60_000)) is Verdict.LIKELY


def test_what_is_said_later_in_the_call_is_an_answer_not_an_announcement() -> None:
    assert verdict((VOICE, 400), (QUIET, 9000), (VOICE, 9000)) is Verdict.PERSON


def test_somebody_who_talks_on_and_then_says_a_word_and_waits_is_a_person() -> None:
    assert verdict((VOICE, 7000), (QUIET, 1500), (VOICE, 600), (QUIET, 1000)) is Verdict.PERSON


@pytest.mark.parametrize("beep_ms", [200, 500, 1500])
def test_words_a_beep_and_silence_are_a_machine(beep_ms: int) -> None:
    said = ((VOICE, 3000), (QUIET, 400), (BEEP, beep_ms))
    assert verdict(*said, (QUIET, 400)) is not Verdict.MACHINE      # it may sound again
    assert verdict(*said, (QUIET, 800)) is Verdict.MACHINE
    assert verdict(*said, (QUIET, 800), (VOICE, 500), (QUIET, 2000)) is Verdict.MACHINE


@pytest.mark.parametrize("parts", [
    ((BEEP, 500), (QUIET, 5000)),                                   # nobody has spoken
    ((VOICE, 600), (QUIET, 300), (BEEP, 400), (QUIET, 5000)),       # a person's own telephone
    ((VOICE, 3000), (BEEP, 3000), (QUIET, 5000)),                   # too long
    ((VOICE, 3000), (QUIET, 300), (BEEP, 100), (QUIET, 5000)),      # too short
    ((VOICE, 3000), (QUIET, 6000), (BEEP, 500), (QUIET, 5000)),     # long after
    ((VOICE, 3000), (QUIET, 300), *((BEEP, 360), (QUIET, 360)) * 8),  # a busy tone
    ((VOICE, 3000), (BEEP, 400), (VOICE, 2000), (QUIET, 200)),      # goes on talking
    ((VOICE, 3000), (BEEP, 200), (Kind(tone=1300), 200), (Kind(tone=700), 2000), (QUIET, 3000)),
])
def test_other_tones_are_no_proof(parts: tuple[tuple[Kind, int], ...]) -> None:
    assert verdict(*parts) is not Verdict.MACHINE


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from([QUIET, VOICE]), st.integers(20, 4000)), max_size=20))
def test_without_a_beep_nothing_is_ever_certain(parts: list[tuple[Kind, int]]) -> None:
    assert verdict(*parts) is not Verdict.MACHINE


# --- real sound ------------------------------------------------------------------------------

@pytest.mark.parametrize("hertz", [440, 850, 1000, 1400])
@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0])
def test_a_beep_is_heard_through_a_hissing_line(hertz: int, seconds: float) -> None:
    said = hear(quiet(0.5), vowels(4), quiet(0.4), tone(hertz, seconds), quiet(3, 60))
    assert said[-1] is Verdict.MACHINE


def test_noise_music_and_a_busy_tone_are_no_machines() -> None:
    moments = np.arange(8000 * 15) / 8000
    music = sum(np.sin(2 * np.pi * hertz * moments) * (1 + np.sin(2 * np.pi * beat * moments))
                for hertz, beat in ((262, 2.0), (330, 1.3), (392, 0.7), (523, 3.0))) * 1500
    busy = [part for _ in range(12) for part in (tone(450, 0.35), quiet(0.35))]
    assert Verdict.MACHINE not in hear(quiet(15, 800))
    assert Verdict.MACHINE not in hear(np.asarray(music, dtype=np.int16))
    assert Verdict.MACHINE not in hear(vowels(4), *busy)


@PEOPLE
@pytest.mark.parametrize("words", [1, 2, 3, 5, 8, 12])
def test_no_person_is_cut_off_and_a_short_greeting_is_not_even_suspected(words: int) -> None:
    chance = random.Random(words)
    suspected = calls = 0
    for said in SPEAKERS.values():
        for _ in range(4):
            verdicts = hear(quiet(chance.uniform(0.1, 1.5)),
                            greeting(chance.choices(said, k=words)), quiet(3))
            assert Verdict.MACHINE not in verdicts
            suspected += Verdict.LIKELY in verdicts
            calls += 1
    if words <= 3:
        assert suspected <= calls * 0.05
