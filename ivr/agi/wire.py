"""What goes over the wire: quoted commands to Asterisk, and its answers."""

from __future__ import annotations

import asyncio
import re
from enum import IntEnum
from typing import NamedTuple

from .errors import AgiHangup, AgiInjection, AgiProtocolError

MAX_COMMAND = 2000  # bytes; Asterisk reads a command into 2,048 and cuts what is beyond
MAX_VALUE = 1000  # bytes; GET VARIABLE cuts a value after 1,023
_MORE_LINES = re.compile(r"[\r\n\0]")
_ANSWER = re.compile(r"(?P<code>\d{3})(?P<dash>[ -])(?P<text>.*)\Z", re.DOTALL)
_RESULT = re.compile(r"result=(?P<result>-?[0-9A-Da-d*#]*)"
                     r"(?: \((?P<data>.*)\))?(?: endpos=(?P<endpos>-?\d+))?\s*\Z", re.DOTALL)


class ChannelState(IntEnum):
    """Asterisk's channel states, as CHANNEL STATUS tells them."""

    DOWN = 0
    RESERVED = 1
    OFF_HOOK = 2
    DIALED = 3
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7


class Answer(NamedTuple):
    """One answer: ``200 result=1 (data) endpos=8000``; ``text`` is all after the code."""

    code: int
    text: str
    result: str = ""
    data: str | None = None
    endpos: int = 0


def parse_answer(line: str) -> Answer:
    """Read a whole answer; raises AgiProtocolError on anything that is none."""
    found = _ANSWER.match(line)
    if found is None:
        raise AgiProtocolError("Asterisk's answer does not begin with a code")
    code, text = int(found["code"]), found["text"]
    if code != 200:
        return Answer(code, text)
    result = _RESULT.match(text)
    if result is None:
        raise AgiProtocolError("Asterisk's answer holds no result")
    return Answer(code, text, result["result"], result["data"], int(result["endpos"] or 0))


def quote(field: str, value: str) -> str:
    """``value`` as one argument of a command; raises AgiInjection naming ``field``."""
    if _MORE_LINES.search(value):
        raise AgiInjection(f"{field} holds a line break or NUL", field=field,
                           expected="text on one line")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode(command: str) -> bytes:
    """A command as its line of bytes; the last guard against two commands in one."""
    if _MORE_LINES.search(command):
        raise AgiInjection("the command holds a line break or NUL", field="command",
                           expected="one line")
    try:
        line = command.encode() + b"\n"
    except UnicodeEncodeError as error:
        raise AgiInjection("the command is not valid text", field="command",
                           expected="text that UTF-8 can hold") from error
    if len(line) > MAX_COMMAND:
        raise AgiInjection(f"the command is too long: {len(line)} bytes", field="command",
                           expected=f"at most {MAX_COMMAND} bytes")
    return line


class LineReader:
    """Lines from a stream, each at most ``limit`` bytes long."""

    def __init__(self, reader: asyncio.StreamReader, limit: int = 64 * 1024) -> None:
        self._reader, self._limit = reader, limit
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """True when more bytes have been read than were asked for."""
        return bool(self._buffer)

    async def line(self) -> str:
        """The next line without its end; decoded whole, so no character is ever split.

        Raises AgiHangup at the end of the stream, even in the middle of a line, and
        AgiProtocolError when a line does not end within the limit.
        """
        return (await self._until(b"\n")).decode("utf-8", "replace").removesuffix("\r")

    async def block(self) -> str:
        """All up to the next blank line."""
        return (await self._until(b"\n\n")).decode("utf-8", "replace")

    async def _until(self, end: bytes) -> bytes:
        start = 0
        while (at := self._buffer.find(end, start)) < 0:
            if len(self._buffer) > self._limit:
                raise AgiProtocolError(f"no end of line within {self._limit} bytes")
            start = max(0, len(self._buffer) - len(end) + 1)
            try:
                data = await self._reader.read(8192)
            except OSError as error:
                raise AgiHangup("the connection was lost") from error
            if not data:
                raise AgiHangup("Asterisk closed the connection")
            self._buffer += data
        taken = bytes(self._buffer[:at])
        del self._buffer[:at + len(end)]
        return taken
