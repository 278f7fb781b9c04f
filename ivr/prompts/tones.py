"""Sounds that are no words: the beep after which a patient speaks, and a quiet line.

A quiet line is played, not waited out: gateways cut calls on which no sound packets flow.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000                      # samples a second; both files are mono, 16 bit
BEEP, QUIET = "beep", "quiet"
QUIET_MS = 30_000
_BEEP_S, _PITCH, _LEVEL = 0.4, 1000, 0.25


def write_tones(folder: Path) -> None:
    """Make ``beep.wav`` and ``quiet.wav`` in ``folder``."""
    moments = np.arange(int(RATE * _BEEP_S)) / RATE
    edge = np.minimum(1, np.minimum(moments, _BEEP_S - moments) / 0.01)    # no click at its ends
    beep = np.sin(2 * np.pi * _PITCH * moments) * edge * _LEVEL * 32767
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{BEEP}.wav", beep)
    _write(folder / f"{QUIET}.wav", np.zeros(RATE * QUIET_MS // 1000))


def quiet_offset(wait_ms: int) -> int:
    """Sample to start ``quiet.wav`` at, so that it lasts ``wait_ms`` (30 s at most)."""
    return (QUIET_MS - min(max(wait_ms, 0), QUIET_MS)) * RATE // 1000


def write_with_pause(source: Path, target: Path, pause_s: float) -> None:
    """Copy a WAV of ours with a pause at its end: to be played over and over."""
    with wave.open(str(source), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, np.concatenate([samples, np.zeros(int(RATE * pause_s))]))


def _write(path: Path, samples: NDArray[np.float64]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
