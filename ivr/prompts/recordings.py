"""What people have recorded: ``<language>/<prompt id>.wav``, with a note of who, when and what.

A file that was put there by hand has no note, and is taken as it is. With a note, a recording
stands for the text that it was made for and for no other.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from followup.errors import InvalidInput
from ivr.prompts.audio import resample, telephone, trimmed
from ivr.prompts.decoding import decode
from ivr.prompts.errors import BadRecording
from ivr.prompts.files import write_whole
from ivr.prompts.wav import Samples, Sound, write_wav

SHORTEST_S, LONGEST_S = 0.3, 60.0
LOWEST_RATE, HIGHEST_RATE = 8000, 48_000
FULL_SCALE = 32_760 / 32_768
CLIPPED_RUN = 4              # samples at full scale in a row, which no voice has by itself
CLIPPED_SHARE = 0.0005       # of all samples
_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?")


@dataclass(frozen=True)
class Recording:
    """A person's recording of a prompt; ``by`` and ``text`` are "" when nobody wrote them down."""

    path: Path
    at: datetime
    by: str = ""
    text: str = ""


@lru_cache(8192)                 # asked for at every prompt of every call
def _place(folder: Path, prompt_id: str, language: str) -> Path:
    if not _ID.fullmatch(prompt_id) or not language.isalnum():
        raise InvalidInput("id: expected a prompt's id such as greeting", field="id",
                           expected="a prompt's id")
    return folder / language / f"{prompt_id}.wav"


class Recordings:
    """The folder of human recordings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, prompt_id: str, language: str) -> Path:
        """Where the recording belongs; InvalidInput when the id could lead elsewhere."""
        return _place(self.folder, prompt_id, language)

    def find(self, prompt_id: str, language: str) -> Recording | None:
        """The recording with its note, if there is one."""
        path = self.path(prompt_id, language)
        try:
            seen = path.stat()
            note = _note(path)
        except OSError:
            return None
        if note is None:
            return Recording(path, datetime.fromtimestamp(seen.st_mtime, UTC))
        return Recording(path, datetime.fromisoformat(note["at"]), note["by"], note["text"])

    def add(self, prompt_id: str, language: str, data: bytes, *, by: str, text: str,
            field: str = "file") -> Recording:
        """Keep a sound file in place of what was there; BadRecording when it is not fit.

        ``text``: what is said in it, as it is to be read.
        """
        sound = checked(decode(data, field), field)
        kept = write_wav(sound.samples, sound.rate)
        path, at = self.path(prompt_id, language), datetime.now(UTC)
        note = {"by": by, "at": at.isoformat(timespec="seconds"), "text": text,
                "sha256": hashlib.sha256(kept).hexdigest()}
        write_whole(path, kept)
        write_whole(_note_file(path), json.dumps(note, ensure_ascii=False).encode())
        return Recording(path, at, by, text)

    def remove(self, prompt_id: str, language: str) -> bool:
        """Whether there was one; from now on the voice speaks."""
        path = self.path(prompt_id, language)
        there = path.exists()
        path.unlink(missing_ok=True)
        _note_file(path).unlink(missing_ok=True)
        return there


def checked(sound: Sound, field: str) -> Sound:
    """A sound that is fit for a prompt, at 48 kHz at most; BadRecording tells what is wrong."""
    def unfit(reason: str, why: str, expected: str) -> BadRecording:
        return BadRecording(f"{field}: {why}; expected {expected}", reason, field=field,
                            expected=expected)

    if sound.rate < LOWEST_RATE:
        raise unfit("rate", f"{sound.rate} Hz", "8,000 Hz or more")
    spoken = trimmed(sound, field).seconds
    if spoken < SHORTEST_S:
        raise unfit("short", f"too short: {spoken:.1f} s", f"{SHORTEST_S:g} s of speech or more")
    if sound.seconds > LONGEST_S:
        raise unfit("long", f"too long: {sound.seconds:.0f} s",
                    f"a prompt of {LONGEST_S:.0f} s at most")
    if clipped(sound.samples) > CLIPPED_SHARE:
        raise unfit("clipped", "overdriven: the loudest places are cut off",
                    "a recording at a lower level or further from the microphone")
    telephone(sound, field)                    # what calls will do with it works
    if sound.rate <= HIGHEST_RATE:
        return sound
    return Sound(resample(sound.samples, sound.rate, HIGHEST_RATE), HIGHEST_RATE)


def clipped(samples: Samples) -> float:
    """The share of samples that stand at full scale, several in a row."""
    full = np.concatenate([[False], np.abs(samples) >= FULL_SCALE, [False]])
    starts, ends = (np.flatnonzero(full[1:] != full[:-1])[first::2] for first in (0, 1))
    lengths = ends - starts
    return float(lengths[lengths >= CLIPPED_RUN].sum()) / max(1, samples.size)


def _note_file(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".wav") + ".json")


def _note(path: Path) -> dict[str, str] | None:
    """The note, unless the recording was replaced by hand since; OSError when that is gone."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(_note_file(path).read_text("utf-8"))
        if found["sha256"] == digest:
            datetime.fromisoformat(found["at"])
            return {name: str(found[name]) for name in ("by", "at", "text")}
    return None
