"""What can go wrong here: a value that does not fit, an Asterisk that fails."""

from __future__ import annotations


class ConfError(ValueError):
    """A value must not go into Asterisk's configuration; ``field`` says which, ``expected`` why."""

    def __init__(self, field: str, expected: str, value: object = None, *, secret: bool = False):
        shown = "" if secret else f" = {value!r}"
        super().__init__(f"{field}{shown}: expected {expected}")
        self.field = field
        self.expected = expected


class AsteriskError(RuntimeError):
    """An Asterisk process did not start, or did not do as asked."""
