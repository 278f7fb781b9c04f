"""Sound files that are named by what is in them, so that none is ever stale."""

from __future__ import annotations

import hashlib
import os
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

HEADER_BYTES = 44            # of a WAV in which there is nothing


class SoundFiles:
    """A folder of rendered prompts, which any number of processes may share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, language: str, *content: str) -> Path:
        """Where the sound of this content belongs."""
        digest = hashlib.sha256("\0".join((language, *content)).encode()).hexdigest()
        return self.folder / language / f"{digest[:32]}.wav"

    @staticmethod
    def has(path: Path) -> bool:
        """Whether there is a sound."""
        try:
            return path.stat().st_size > HEADER_BYTES
        except OSError:
            return False

    def keep(self, path: Path, make: Callable[[], bytes]) -> bool:
        """Whether the file had to be made; it appears whole or not at all."""
        if self.has(path):
            return False
        write_whole(path, make())
        return True

    @staticmethod
    def discard_if_broken(path: Path) -> None:
        """Away with a file that is no telephone sound: then it is made anew at its next use."""
        try:
            with wave.open(str(path), "rb") as file:
                sound = (file.getframerate(), file.getnchannels(), file.getsampwidth())
                if sound == (8000, 1, 2) and len(file.readframes(file.getnframes())) == \
                        2 * file.getnframes() > 0:
                    return
        except FileNotFoundError:
            return
        except (OSError, wave.Error, EOFError):
            pass
        path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that others may read: it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).chmod(0o644)      # Asterisk may run as another user
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
