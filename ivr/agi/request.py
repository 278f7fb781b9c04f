"""One call's conversation with Asterisk: a command goes out, its own answer comes back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from panoramisk.fast_agi import Request

from .errors import (
    AgiError,
    AgiHangup,
    AgiProtocolError,
    AgiTimeout,
    AgiUnknownCommand,
    AgiUsageError,
)
from .wire import Answer, LineReader, encode, parse_answer

_HANGUP = "HANGUP"


class AgiRequest(Request):  # type: ignore[misc]  # panoramisk has no types
    """Keeps commands and answers in step, whatever Asterisk sends in between.

    Differs from panoramisk's in the reading: an unsolicited HANGUP is remembered, not taken for
    an answer; answers of many lines are read whole; the end of the stream is a hang-up.
    """

    def __init__(self, headers: Mapping[str, str], lines: LineReader,
                 writer: asyncio.StreamWriter) -> None:
        super().__init__(app=None, headers=headers, reader=None, writer=writer)
        self._lines = lines
        self._one_at_a_time = asyncio.Lock()
        self._broken = ""
        #: True once Asterisk has told, in whatever way, that the call is over.
        self.hung_up = False

    async def send_command(self, command: str, timeout: float | None = None) -> Answer:  # noqa: ASYNC109
        """Send one command and return its 200 answer; ``timeout`` in seconds.

        Raises AgiInjection before anything is written; AgiHangup, AgiTimeout, AgiUsageError,
        AgiUnknownCommand, AgiProtocolError.
        """
        line = encode(command)
        async with self._one_at_a_time:
            self._check_usable(command)
            answer = await self._guarded(line, timeout)
        name = command.partition('"')[0].strip()
        if answer.code == 200:
            return answer
        if answer.code == 511:
            self.hung_up = True
            raise AgiHangup(f"{name}: the channel is dead")
        if answer.code == 510:
            raise AgiUnknownCommand(f"Asterisk does not know {name}")
        if answer.code == 520:
            raise AgiUsageError(f"{name}: {answer.text}")
        raise AgiProtocolError(f"{name}: unexpected answer {answer.code}")

    def _check_usable(self, command: str) -> None:
        if self.hung_up:
            raise AgiHangup(f"the call is over: {command.split()[0]} was not sent")
        if self._broken:
            raise AgiError(f"the connection is out of use: {self._broken}")

    async def _guarded(self, line: bytes, within: float | None) -> Answer:
        """Write and read; anything but a whole answer makes the connection unusable."""
        self._broken = "an earlier command was left without its answer"
        try:
            async with asyncio.timeout(within):
                await self._write(line)
                answer = await self._read_answer()
        except TimeoutError:
            raise AgiTimeout(f"Asterisk did not answer within {within:g} s") from None
        except AgiHangup:
            self.hung_up = True
            raise
        self._broken = ""
        return answer

    async def _write(self, line: bytes) -> None:
        try:
            self.writer.write(line)
            await self.writer.drain()
        except OSError as error:
            raise AgiHangup("the connection was lost") from error

    async def _read_answer(self) -> Answer:
        while True:
            line = await self._lines.line()
            if line == _HANGUP:
                self.hung_up = True
            elif line.startswith("520-"):
                return await self._read_usage(line)
            elif line.startswith("200 result=1 (") and (
                    not line.endswith(")") or self._lines.pending):
                return await self._read_long_value(line)
            elif not line.startswith("100"):
                return parse_answer(line)

    async def _read_usage(self, first: str) -> Answer:
        """``520-...`` and all lines up to ``520 End of proper usage.``"""
        usage = [first[4:]]
        while not (line := await self._lines.line()).startswith("520 "):
            usage.append(line)
        return Answer(520, "\n".join(usage))

    async def _read_long_value(self, first: str) -> Answer:
        """A value with line breaks, which may look like anything, other answers included.

        Asterisk does not say where such a value ends. So ask for a word that no value can hold;
        what comes before its answer is the value.
        """
        fence = secrets.token_hex(16)
        await self._write(encode(f'GET FULL VARIABLE "{fence}"'))
        lines, size = [first], len(first)
        while (line := await self._lines.line()) != f"200 result=1 ({fence})":
            lines.append(line)
            size += len(line)
            if size > 64 * 1024:
                raise AgiProtocolError("a variable's value has no end")
        if lines[-1] == _HANGUP and len(lines) > 1 and lines[-2].endswith(")"):
            self.hung_up = True
            lines.pop()
        return parse_answer("\n".join(lines))
