"""What is loud on the patient's side is drawn on the patient's side, and when it was."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.peaks import STEP_MS, measure
from recordings.sealing import Capture

RATE = 8000


def tone(seconds: float, frequency: float, loud: float) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (loud * 32767 * np.sin(2 * np.pi * frequency * at)).astype("<i2")


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), dtype="<i2")


def sealed(folder: Path, patient: np.ndarray, hospital: np.ndarray) -> bytes:
    """As MixMonitor captures it and the keeper seals it."""
    capture = folder / "call.raw"
    capture.write_bytes(np.stack([patient, hospital], axis=1).tobytes())
    return b"".join(Capture(capture).blocks())


def test_each_side_s_tone_is_on_its_side_and_in_its_time(tmp_path: Path) -> None:
    # the patient speaks in the second second, the agent in the third
    patient = np.concatenate([silence(1), tone(1, 440, 0.5), silence(1.5)])
    hospital = np.concatenate([silence(2), tone(1, 1000, 0.25), silence(0.5)])
    peaks = measure(sealed(tmp_path, patient, hospital))
    second = 1000 // STEP_MS
    assert peaks.duration_ms == 3500
    assert len(peaks.patient) == len(peaks.hospital) == 3500 // STEP_MS
    assert all(125 <= each <= 128 for each in peaks.patient[second:2 * second])
    assert set(peaks.patient[:second] + peaks.patient[2 * second:]) == {0}
    assert all(61 <= each <= 64 for each in peaks.hospital[2 * second:3 * second])
    assert set(peaks.hospital[:2 * second] + peaks.hospital[3 * second:]) == {0}


@given(st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-32768, 32767)), min_size=1,
                max_size=3000))
def test_no_moment_is_quieter_than_its_loudest_sample(samples: list[tuple[int, int]]) -> None:
    sides = np.array(samples, dtype="<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(sides.tobytes())
    peaks, step = measure(content.getvalue()), RATE * STEP_MS // 1000
    for side, found in enumerate((peaks.patient, peaks.hospital)):
        wide = np.abs(sides[:, side].astype(int))
        assert list(found) == [int(wide[start:start + step].max()) * 255 // 32768
                               for start in range(0, len(wide), step)]


def test_a_long_call_is_measured_whole(tmp_path: Path) -> None:
    patient = np.concatenate([silence(130), tone(1, 440, 0.9)])
    peaks = measure(sealed(tmp_path, patient, silence(131)))
    assert peaks.duration_ms == 131_000
    assert next(place for place, each in enumerate(peaks.patient) if each) * STEP_MS == 130_000


def test_what_is_no_sound_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="no WAV"):
        measure(b"RIFF")
