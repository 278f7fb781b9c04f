"""What a capture lacks: a small file beside it says how many milliseconds within it are silence
because their sound could not be had."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from followup.log import get_logger
from recordings.naming import missing_name

log = get_logger(__name__)
_A_DAY_MS = 24 * 3600 * 1000


def noted(capture: Path) -> int:
    """Milliseconds; 0 without a note, or with one that cannot be understood: that must keep no
    recording from being sealed."""
    note = capture.with_name(missing_name(capture.name))
    try:
        with note.open("rb") as file:
            return _milliseconds(file.read(32))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        log.warning("what a recording lacks was noted, but cannot be read", note=note.name,
                    reason=str(error))
        return 0


def note(capture: Path, milliseconds: int) -> None:
    """Note that so much is lacking in all. OSError."""
    whole = capture.with_name(missing_name(capture.name))
    part = whole.with_suffix(".part")
    try:
        part.write_text(str(milliseconds), "ascii")
        part.replace(whole)          # whoever reads it meanwhile finds the one or the other
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _milliseconds(content: bytes) -> int:
    text = content.decode("ascii").strip()
    if not text.isdigit() or int(text) > _A_DAY_MS:
        raise ValueError("expected milliseconds, a day of them at most")
    return int(text)
