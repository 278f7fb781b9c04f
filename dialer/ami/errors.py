"""What can go wrong between us and one Asterisk node."""

from __future__ import annotations

from followup.errors import AftercallError, InvalidInput, Unavailable


class AmiError(AftercallError):
    """Asterisk's manager interface did not do what was asked."""

    id = "ami"


class AmiInjection(InvalidInput):
    """A header of an AMI action holds what Asterisk would not read as that header's value."""

    id = "ami-injection"


class AmiDisconnected(AmiError, Unavailable):
    """The connection to Asterisk was lost.

    ``sent`` False: the action never left us. ``sent`` True: Asterisk may or may not have acted on
    it; look at its channels and CDR before anything is tried again.
    """

    id = "ami-disconnected"

    def __init__(self, message: str | None = None, *, sent: bool) -> None:
        super().__init__(message, sent=sent)
        self.sent = sent


class AmiTimeout(AmiError):
    """Asterisk did not answer an action in time; it may have acted on it all the same."""

    status = 504
    id = "ami-timeout"


class AmiRefused(AmiError):
    """Asterisk answered an action with an error; the message is Asterisk's own."""

    status = 502
    id = "ami-refused"
