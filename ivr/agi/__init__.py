"""Asterisk's gateway interface over TCP (FastAGI): the server and a typed channel."""

from .channel import AgiChannel, Digits, Playback, Recorded
from .errors import (
    AgiAppFailed,
    AgiCommandFailed,
    AgiError,
    AgiHangup,
    AgiInjection,
    AgiProtocolError,
    AgiTimeout,
    AgiUnknownCommand,
    AgiUsageError,
)
from .server import AgiServer, Handler
from .wire import ChannelState

__all__ = [
    "AgiAppFailed", "AgiChannel", "AgiCommandFailed", "AgiError", "AgiHangup", "AgiInjection",
    "AgiProtocolError", "AgiServer", "AgiTimeout", "AgiUnknownCommand", "AgiUsageError",
    "ChannelState", "Digits", "Handler", "Playback", "Recorded",
]
