"""A call's sound in both directions, by Asterisk's AudioSocket application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ivr.audiosocket.wire import FRAME_BYTES, FRAME_MS, Kind, Message, ProtocolFault, Reader, pack

if TYPE_CHECKING:
    from ivr.audiosocket.server import AudioSocketServer, Session

__all__ = ["FRAME_BYTES", "FRAME_MS", "AudioSocketServer", "Kind", "Message", "ProtocolFault",
           "Reader", "Session", "pack"]


def __getattr__(name: str) -> Any:
    """The server only when it is asked for: the EAGI listener starts without it, quickly."""
    if name in ("AudioSocketServer", "Session"):
        from ivr.audiosocket import server
        return getattr(server, name)
    raise AttributeError(name)
