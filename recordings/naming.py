"""Names of sound files. Only ids that we made go into a name: nothing from outside."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path


def capture_name(attempt_id: uuid.UUID) -> str:
    """The raw stereo file that grows while a call lives."""
    return f"{attempt_id}.raw"


def missing_name(capture: str) -> str:
    """How many milliseconds within a capture are silence because their sound could not be had."""
    return f"{capture}.missing"


def message_name(attempt_id: uuid.UUID, ordinal: int) -> str:
    """A message left by the patient; Asterisk adds ``.wav`` itself."""
    return f"{attempt_id}-message-{ordinal}"


def sealed_name(attempt_id: uuid.UUID, answered_at: datetime) -> str:
    """The sealed original, in a folder a day."""
    return f"{answered_at:%Y/%m/%d}/{attempt_id}.wav.sealed"


def sealed_message_name(message: str, answered_at: datetime) -> str:
    """A message, sealed; ``message``: its name in the spool."""
    return f"{answered_at:%Y/%m/%d}/{message}.sealed"


def peaks_name(sealed: str) -> str:
    """What its waveform is drawn from."""
    return f"{sealed}.peaks"


def copy_name(sealed: str, form: str) -> str:
    """Its copy for browsers."""
    return f"{sealed}.{form}"


def boxes(sealed: str) -> tuple[str, ...]:
    """All that may be kept of a recording; the sealed original comes last."""
    from followup.calls.models import CopyFormat  # the recorder starts without the database

    return (peaks_name(sealed), *(copy_name(sealed, form) for form in CopyFormat), sealed)


def inside(folder: Path, name: str) -> Path:
    """``folder / name`` when that really lies inside ``folder``; ValueError otherwise."""
    base = folder.resolve()
    path = (base / name).resolve()
    if not path.is_relative_to(base) or "\0" in name:
        raise ValueError("the file lies outside its folder")
    return path
