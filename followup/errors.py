"""One tree of errors: each carries an HTTP status, a stable id for machines, and details.

The docstring of a class is its default message. Messages name the field and what was expected;
they never hold a phone number or a name.
"""

from __future__ import annotations

from typing import Any


class AftercallError(Exception):
    """Something went wrong that Aftercall knows by name."""

    status = 500
    id = "error"

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or (type(self).__doc__ or type(self).__name__).splitlines()[0]
        self.details = details
        super().__init__(self.message)

    def told(self, locale: str) -> str:
        """The message in zh or en, where there are words for it; else in English."""
        return self.message


class InvalidInput(AftercallError):
    """The input does not fit; ``field`` says where, ``expected`` what would."""

    status = 422
    id = "invalid-input"

    def __init__(self, message: str, *, field: str = "", expected: str = "",
                 **details: Any) -> None:
        super().__init__(message, field=field, expected=expected, **details)
        self.field = field
        self.expected = expected


class NotFound(AftercallError):
    """There is no such thing, or it is not yours to see."""

    status = 404
    id = "not-found"


class Conflict(AftercallError):
    """The state has changed meanwhile: look again before doing it."""

    status = 409
    id = "conflict"


class Forbidden(AftercallError):
    """Your role does not allow this."""

    status = 403
    id = "forbidden"


class SettingsError(AftercallError):
    """A setting is wrong; the message names it, its value and what was expected."""

    id = "settings"


class Unavailable(AftercallError):
    """A part that is needed (database, Asterisk, disk) does not answer."""

    status = 503
    id = "unavailable"
