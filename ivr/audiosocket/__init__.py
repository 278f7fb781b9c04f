"""A call's sound in both directions, by Asterisk's AudioSocket application."""

from ivr.audiosocket.server import AudioSocketServer, Session
from ivr.audiosocket.wire import FRAME_BYTES, FRAME_MS, Kind, Message, ProtocolFault, Reader, pack

__all__ = ["FRAME_BYTES", "FRAME_MS", "AudioSocketServer", "Kind", "Message", "ProtocolFault",
           "Reader", "Session", "pack"]
