"""Prompts that calls had to do without, for the doctor to tell: a small file for each.

Any number of processes may write and look. Nothing of a patient is in them: a prompt's id, its
language, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote


@dataclass(frozen=True)
class Skipped:
    """A prompt that was not heard in a call, and when that was last so."""

    prompt_id: str
    language: str
    why: str
    at: datetime


class Alarms:
    """The alarms kept in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def raise_for(self, prompt_id: str, language: str, why: str) -> None:
        """Keep an alarm; where the folder cannot be written, only the log has it."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(prompt_id, language).write_text(why, "utf-8")

    def clear(self, prompt_id: str, language: str) -> None:
        """The prompt is there again."""
        with suppress(OSError):
            self._file(prompt_id, language).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[Skipped]:
        for file in sorted(self._folder.glob("*.txt")):
            language, _, name = file.stem.partition(" ")
            with suppress(OSError):
                yield Skipped(unquote(name), language, file.read_text("utf-8"),
                              datetime.fromtimestamp(file.stat().st_mtime, UTC))

    def _file(self, prompt_id: str, language: str) -> Path:
        return self._folder / f"{quote(language, safe='')} {quote(prompt_id, safe='~')}.txt"
