"""AudioSocket's messages: one byte of kind, two of length (big endian), then the payload.

Sound is 8 kHz mono signed 16 bit little endian, 20 ms (320 bytes) a message. Three kinds are our
own, spoken with our EAGI listener alone: it is told to play a file, since it cannot send sound.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

RATE = 8000
FRAME_MS = 20
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2
NUMBER_BYTES = 4                     # of the number that begins PLAY and PLAYED
MOST_AUDIO = 8 * FRAME_BYTES         # bytes in one message; more is no telephone's
_HEAD = struct.Struct("!BH")


class Kind(IntEnum):
    """What a message is."""

    HANGUP = 0x00
    ID = 0x01
    DIGIT = 0x03
    AUDIO = 0x10
    PLAY = 0x40              # to the listener: a number (4 bytes) and a file's name without ending
    STOP = 0x41              # to the listener: play nothing
    PLAYED = 0x42            # from the listener: the number, and 0 when it was heard to its end
    ERROR = 0xFF


class ProtocolFault(Exception):
    """The other side does not speak AudioSocket."""


class Message(NamedTuple):
    """One message; ``payload`` is the call's id (16 bytes), one key, sound, or as Kind says."""

    kind: Kind
    payload: bytes = b""


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """A message as bytes."""
    return _HEAD.pack(kind, len(payload)) + payload


class Reader:
    """Bytes in, messages out, wherever they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now. ProtocolFault for anything else than AudioSocket."""
        if not self._rest and data.startswith(_FRAME) and len(data) == len(_FRAME) + FRAME_BYTES:
            return [Message(Kind.AUDIO, data[len(_FRAME):])]     # what nearly all of them are
        buffer = self._rest + data
        found: list[Message] = []
        place = 0
        while len(buffer) - place >= _HEAD.size:
            number, length = _HEAD.unpack_from(buffer, place)
            kind = _checked(number, length)
            end = place + _HEAD.size + length
            if len(buffer) < end:
                break
            payload = buffer[place + _HEAD.size:end]
            if kind is Kind.DIGIT and payload not in _KEYS:
                raise ProtocolFault(f"expected a key, found {payload!r}")
            found.append(Message(kind, payload))
            place = end
        self._rest = buffer[place:]
        return found


_FRAME = _HEAD.pack(Kind.AUDIO, FRAME_BYTES)
_KEYS = {bytes([key]) for key in b"0123456789*#ABCD"}
_LENGTHS = {Kind.HANGUP: (0, 0), Kind.ID: (16, 16), Kind.DIGIT: (1, 1), Kind.AUDIO: (0, MOST_AUDIO),
            Kind.ERROR: (0, 8), Kind.PLAY: (5, 1024), Kind.STOP: (0, 0), Kind.PLAYED: (5, 5)}


def _checked(number: int, length: int) -> Kind:
    try:
        kind = Kind(number)
    except ValueError:
        raise ProtocolFault(f"expected a kind of message, found 0x{number:02x}") from None
    low, high = _LENGTHS[kind]
    if not low <= length <= high or (kind is Kind.AUDIO and length % 2):
        raise ProtocolFault(f"a message of kind {kind.name} cannot have {length} bytes")
    return kind
