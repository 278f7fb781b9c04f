"""Ears for a stereo recording: which tones are on which side, and when."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np

WINDOW_S = 0.1
LOUD = 300                   # of 32767, root mean square of a window


@dataclass(frozen=True)
class Tone:
    """One tone without a break; seconds from the start of the recording."""

    hertz: int               # to the nearest 10
    start: float
    end: float


@dataclass(frozen=True)
class Sound:
    """Both sides of a recording."""

    left: list[Tone]
    right: list[Tone]
    seconds: float


def listen(content: bytes) -> Sound:
    """Hear a stereo WAV, 8 kHz, 16 bit."""
    with wave.open(io.BytesIO(content), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return Sound(_tones(samples[:, 0]), _tones(samples[:, 1]), len(samples) / 8000)


def _tones(samples: np.ndarray) -> list[Tone]:
    step = int(8000 * WINDOW_S)
    found: list[Tone] = []
    for number in range(len(samples) // step):
        window = samples[number * step:(number + 1) * step].astype(float)
        if np.sqrt(np.mean(window ** 2)) < LOUD:
            continue
        hertz = int(np.argmax(np.abs(np.fft.rfft(window * np.hanning(step)))) / WINDOW_S)
        start, end = number * WINDOW_S, (number + 1) * WINDOW_S
        if found and found[-1].hertz == hertz and start - found[-1].end < WINDOW_S / 2:
            found[-1] = Tone(hertz, found[-1].start, end)
        else:
            found.append(Tone(hertz, start, end))
    return found


def of(tones: list[Tone], hertz: int) -> list[Tone]:
    """Those of one pitch that last longer than a click."""
    return [tone for tone in tones if tone.hertz == hertz and tone.end - tone.start > WINDOW_S * 2]
