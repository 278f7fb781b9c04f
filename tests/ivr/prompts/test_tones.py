"""The beep and the quiet line."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.prompts.tones import BEEP, QUIET, QUIET_MS, quiet_offset, write_tones, write_with_pause
from tests.ivr.prompts.sounds import measure, tone


def played_ms(folder: Path, wait_ms: int) -> float:
    """How long Asterisk plays the quiet line from the offset that is asked for."""
    with wave.open(str(folder / f"{QUIET}.wav")) as file:
        return (file.getnframes() - quiet_offset(wait_ms)) * 1000 / file.getframerate()


def test_the_beep_is_one_clear_short_tone_without_a_click(tmp_path: Path) -> None:
    write_tones(tmp_path)
    beep = measure(tmp_path / f"{BEEP}.wav")
    assert (beep.rate, beep.channels, beep.width) == (8000, 1, 2)
    assert 0.2 <= beep.seconds <= 0.6
    spectrum = np.abs(np.fft.rfft(beep.samples))
    assert np.argmax(spectrum) * beep.rate / beep.samples.size == pytest.approx(1000, abs=5)
    assert 0.2 < beep.peak < 0.5
    assert np.abs(beep.samples[[0, 1, -2, -1]]).max() < 0.02


def test_the_quiet_line_is_silent_all_through(tmp_path: Path) -> None:
    write_tones(tmp_path)
    with wave.open(str(tmp_path / f"{QUIET}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert not any(file.readframes(file.getnframes()))


@pytest.mark.parametrize("wait_ms", [0, 1, 1500, 6000, 8000, QUIET_MS])
def test_the_quiet_line_lasts_as_long_as_it_is_listened(tmp_path: Path, wait_ms: int) -> None:
    write_tones(tmp_path)
    assert played_ms(tmp_path, wait_ms) == wait_ms


@pytest.mark.parametrize(("asked", "played"), [(-5, 0), (QUIET_MS + 1, QUIET_MS),
                                               (10**9, QUIET_MS)])
def test_a_wait_out_of_range_stays_within_the_file(tmp_path: Path, asked: int,
                                                   played: int) -> None:
    write_tones(tmp_path)
    assert played_ms(tmp_path, asked) == played


def test_a_sound_with_a_pause_is_the_sound_and_then_silence(tmp_path: Path) -> None:
    source, target = tmp_path / "a.wav", tmp_path / "moh" / "b.wav"
    source.write_bytes(tone(seconds=0.5))
    write_with_pause(source, target, 1.5)
    before, after = measure(source), measure(target)
    assert after.seconds == 2.0
    assert np.array_equal(after.samples[:before.samples.size], before.samples)
    assert not after.samples[before.samples.size:].any()
