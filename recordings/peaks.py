"""How loud each side of a sealed recording is from moment to moment: what a waveform is drawn from.

Computed once after sealing, by the keeper, and kept beside the original; for what has none yet, by
the console when somebody looks.
"""

from __future__ import annotations

import io
import json
import wave
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEP_MS = 50
LOUDEST = 255                    # of a full-scale sample
_BLOCK_S = 60


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of each ``STEP_MS``, 0 to ``LOUDEST``, on each side."""

    duration_ms: int
    patient: tuple[int, ...]         # left
    hospital: tuple[int, ...]        # right: prompts, then the agent

    def to_json(self) -> str:
        """As the console's player reads it."""
        return json.dumps({"step_ms": STEP_MS, "duration_ms": self.duration_ms,
                           "patient": self.patient, "hospital": self.hospital},
                          separators=(",", ":"))


def measure(content: bytes) -> Peaks:
    """The peaks of a 16-bit WAV; ValueError when it is none, or has more than two sides."""
    try:
        with wave.open(io.BytesIO(content), "rb") as sound:
            sides, rate, frames = sound.getnchannels(), sound.getframerate(), sound.getnframes()
            if sound.getsampwidth() != 2 or sides not in (1, 2) or rate < 1000 // STEP_MS:
                raise ValueError("expected 16-bit sound with one side or two")
            step = rate * STEP_MS // 1000
            loud = [_loudest(block, sides, step)
                    for block in iter(lambda: sound.readframes(step * 1000 // STEP_MS * _BLOCK_S),
                                      b"")]
    except (wave.Error, EOFError) as error:
        raise ValueError(f"no WAV: {error}") from error
    whole = np.concatenate(loud) if loud else np.zeros((0, sides), dtype=np.int32)
    return Peaks(frames * 1000 // rate, tuple(whole[:, 0].tolist()),
                 tuple(whole[:, -1].tolist()) if sides == 2 else (0,) * len(whole))


def _loudest(block: bytes, sides: int, step: int) -> npt.NDArray[np.int32]:
    """(moments, sides): the last moment may be shorter than the others."""
    samples = np.abs(np.frombuffer(block, dtype="<i2").astype(np.int32))
    samples = samples[:len(samples) // sides * sides].reshape(-1, sides)
    samples = np.pad(samples, ((0, -len(samples) % step), (0, 0)))
    loudest: npt.NDArray[np.int32] = samples.reshape(-1, step, sides).max(axis=1)
    return loudest * LOUDEST // 32768
