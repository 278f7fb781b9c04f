"""What can go wrong with a prompt."""

from __future__ import annotations

from followup.errors import AftercallError, InvalidInput


class VoiceError(AftercallError):
    """The voice could not speak; the message says why."""

    status = 503
    id = "voice"


class BadRecording(InvalidInput):
    """A sound file cannot be used; the message says what was expected, ``reason`` which fault."""

    id = "bad-recording"
    REASONS = ("large", "unknown", "ffmpeg", "unreadable", "silent", "rate", "short", "long",
               "clipped")

    def __init__(self, message: str, reason: str, *, field: str, expected: str) -> None:
        super().__init__(message, field=field, expected=expected, reason=reason)
        self.reason = reason


class UnknownPrompt(AftercallError):
    """There is no text for this prompt in this language."""

    id = "unknown-prompt"


class MissingSound(AftercallError):
    """There is no sound for a prompt and none could be made in time: the call does without it."""

    status = 503
    id = "missing-sound"
