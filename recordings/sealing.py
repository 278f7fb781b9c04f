"""Turns the raw capture of a call into a sealed WAV: stereo, 8 kHz, 16 bit, with its hash.

Left is the patient, right what the patient heard: prompts, then the agent.
"""

from __future__ import annotations

import hashlib
import os
import wave
from dataclasses import dataclass
from pathlib import Path

RATE = 8000
CHANNELS = 2
WIDTH = 2                        # bytes a sample
BYTES_PER_MS = RATE * CHANNELS * WIDTH // 1000
_BLOCK = 1 << 20


class NothingCaptured(Exception):
    """There is no sound where the call's capture should be."""


@dataclass(frozen=True)
class Sealed:
    """What is known of a sealed file."""

    sha256: str
    size: int                    # bytes
    duration_ms: int


def seal(capture: Path, target: Path) -> Sealed:
    """Write ``capture`` (raw stereo slin) as ``target`` (WAV), read-only; the capture stays.

    The target appears whole or not at all. Raises NothingCaptured, or OSError (disk full).
    """
    if not capture.is_file() or capture.stat().st_size < BYTES_PER_MS:
        raise NothingCaptured(capture.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)       # a crash may have left one, read-only already
    usable = capture.stat().st_size // (CHANNELS * WIDTH) * CHANNELS * WIDTH
    try:
        with capture.open("rb") as raw, wave.open(str(part), "wb") as out:
            out.setnchannels(CHANNELS)
            out.setsampwidth(WIDTH)
            out.setframerate(RATE)
            left = usable
            while left and (block := raw.read(min(_BLOCK, left))):
                out.writeframesraw(block)
                left -= len(block)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        part.chmod(0o440)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Sealed(digest, target.stat().st_size, usable // BYTES_PER_MS)


def verify(path: Path, sha256: str) -> bool:
    """Whether a sealed file is still what was sealed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
