"""How loud each side of a sealed recording is from moment to moment: what a waveform is drawn from.

Computed once, on request, and kept beside the sealed file under its hash: never by the process that
holds conversations, and a file with another content gets other peaks.
"""

from __future__ import annotations

import json
import uuid
import wave
from dataclasses import dataclass
from pathlib import Path

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


def measure(path: Path) -> Peaks:
    """The peaks of a 16-bit WAV; ValueError when it is none, or has more than two sides."""
    try:
        with wave.open(str(path), "rb") as sound:
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


def kept_name(path: Path, sha256: str) -> Path:
    """Where the peaks of a sealed file with this hash are kept."""
    return path.with_name(f"{path.name}.{sha256[:16]}.peaks.json")


def peaks_json(path: Path, sha256: str) -> str:
    """The peaks of a sealed file as JSON; from the kept ones where there are such. Blocking.

    A folder that cannot be written costs only the time to compute them anew.
    """
    kept = kept_name(path, sha256)
    try:
        return kept.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        pass
    text = measure(path).to_json()
    part = kept.with_name(f"{kept.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_text(text, "ascii")
        part.chmod(0o440)
        part.replace(kept)           # whole or not at all
    except OSError:
        part.unlink(missing_ok=True)
    return text
