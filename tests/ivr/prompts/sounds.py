"""Listening by measuring."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Measured:
    rate: int
    channels: int
    width: int
    seconds: float
    loudness: float        # dBFS, RMS of the frames in which there is sound
    peak: float            # of 1
    edges_ms: tuple[float, float]     # silence before and after
    samples: np.ndarray


def measure(source: Path | bytes) -> Measured:
    data = source if isinstance(source, bytes) else source.read_bytes()
    with wave.open(io.BytesIO(data)) as file:
        rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    power = (samples[:samples.size // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1)
    spoken = np.flatnonzero(power > power.max() * 1e-3)
    return Measured(
        rate, channels, width, samples.size / rate,
        float(10 * np.log10(power[spoken].mean())), float(np.abs(samples).max()),
        (spoken[0] * 80000 / rate, (power.size - 1 - spoken[-1]) * 80000 / rate), samples)


def tone(hz: float = 440, seconds: float = 1.0, rate: int = 8000, channels: int = 1,
         width: int = 2, loudness: float = 0.3, silence: float = 0.0) -> bytes:
    at = np.arange(int(seconds * rate)) / rate
    sound = np.pad(loudness * np.sin(2 * np.pi * hz * at), int(silence * rate))
    scale = 2 ** (8 * width - 1) - 1
    whole = (sound * scale).astype("<i4")
    frames = (whole + 128).astype("u1").reshape(-1, 1) if width == 1 else \
        whole.view("u1").reshape(-1, 4)[:, :width]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.repeat(frames.reshape(-1, 1, width), channels, axis=1).tobytes())
    return out.getvalue()
