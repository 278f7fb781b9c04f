"""What the raw capture of a call is sealed as: a stereo WAV, 8 kHz, 16 bit, with its hash.

Left is the patient, right what the patient heard: prompts, then the agent.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RATE = 8000
CHANNELS = 2
WIDTH = 2                        # bytes a sample
FRAME = CHANNELS * WIDTH
BYTES_PER_MS = RATE * FRAME // 1000
HEADER = 44                      # bytes before the samples
_BLOCK = 1 << 20

# how much shorter than its call a recording may be: nobody stops both at one moment
_SLACK_MS = 10_000
_CLOSE_MS = 3_000                # where something is known to have been wrong


class NothingCaptured(Exception):
    """There is no sound where the call's capture should be."""


@dataclass(frozen=True)
class Sealed:
    """What is known of a sealed recording."""

    sha256: str
    size: int                    # bytes
    duration_ms: int


def header(samples: int, rate: int = RATE, channels: int = CHANNELS) -> bytes:
    """The head of a WAV that has so many bytes of samples."""
    frame = channels * WIDTH
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", samples + HEADER - 8, b"WAVE", b"fmt ", 16, 1,
                       channels, rate, rate * frame, frame, WIDTH * 8, b"data", samples)


class Capture:
    """A raw stereo capture that grows no more, read as the WAV that it becomes."""

    def __init__(self, path: Path) -> None:
        """NothingCaptured, or OSError."""
        self._path = path
        if not path.is_file() or path.stat().st_size < BYTES_PER_MS:
            raise NothingCaptured(path.name)
        self._samples = path.stat().st_size // FRAME * FRAME    # a crash may have cut one in two

    def blocks(self) -> Iterator[bytes]:
        """The WAV's bytes, each time anew."""
        yield header(self._samples)
        left = self._samples
        with self._path.open("rb") as raw:
            while left and (block := raw.read(min(_BLOCK, left))):
                yield block
                left -= len(block)
        if left:
            raise OSError("the capture has become shorter while it was read")

    def seal(self) -> Sealed:
        """Reads all of it. Blocking."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return Sealed(digest.hexdigest(), HEADER + self._samples, self._samples // BYTES_PER_MS)


def missing(duration_ms: int, *, call_ms: int | None, last_mark_ms: int,
            closely: bool = False) -> int:
    """Milliseconds of a call's end that have no sound; 0 where the difference is an ordinary one.

    ``call_ms``: from the recording's start to the call's end, None when that is not known exactly.
    ``closely``: little is ordinary, as there was no room on the disk.
    """
    short = max(call_ms or 0, last_mark_ms) - duration_ms
    return short if short > (_CLOSE_MS if closely else _SLACK_MS) else 0


def verify(path: Path, sha256: str) -> bool:
    """Whether a plain sealed file is still what was sealed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
