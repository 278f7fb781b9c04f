"""What can go wrong between a script and the call it speaks with."""

from __future__ import annotations

from followup.errors import AftercallError, InvalidInput


class AgiError(AftercallError):
    """Asterisk's gateway interface did not do what was asked."""

    id = "agi"


class AgiInjection(InvalidInput):
    """An argument of an AGI command holds what Asterisk would not read as that argument."""

    id = "agi-injection"


class AgiHangup(AgiError):
    """The call is over: the channel was hung up, or Asterisk closed the connection."""

    id = "agi-hangup"


class AgiTimeout(AgiError):
    """Asterisk did not answer a command in time; the connection is of no use any more."""

    status = 504
    id = "agi-timeout"


class AgiProtocolError(AgiError):
    """Asterisk's answer cannot be understood; the connection is of no use any more."""

    id = "agi-protocol"


class AgiUsageError(AgiError):
    """Asterisk does not accept a command's arguments; the message holds its usage text."""

    id = "agi-usage"


class AgiUnknownCommand(AgiError):
    """Asterisk does not know a command."""

    id = "agi-unknown-command"


class AgiCommandFailed(AgiError):
    """A command failed while the call goes on: most often a file that is not there."""

    id = "agi-command-failed"


class AgiAppFailed(AgiCommandFailed):
    """A dialplan application is not there, or failed."""

    id = "agi-app-failed"
