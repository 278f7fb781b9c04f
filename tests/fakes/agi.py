"""A scripted Asterisk that calls a FastAGI server over a real socket."""

from __future__ import annotations

import asyncio
from contextlib import suppress

HEADERS = {
    "agi_network": "yes", "agi_network_script": "call", "agi_request": "agi://127.0.0.1/call",
    "agi_channel": "PJSIP/trunk-00000001", "agi_language": "zh", "agi_type": "PJSIP",
    "agi_uniqueid": "attempt-1", "agi_callerid": "unknown", "agi_calleridname": "unknown",
    "agi_context": "followup", "agi_extension": "s", "agi_priority": "2", "agi_accountcode": ""}


class FakeCall:
    """One call: ``async with FakeCall(port) as call``; then read commands and answer them."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self._port = port
        self._headers = HEADERS | (headers or {})
        self.commands: list[str] = []

    async def __aenter__(self) -> FakeCall:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        text = "".join(f"{name}: {value}\n" for name, value in self._headers.items())
        await self.send_bytes(text.encode() + b"\n")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def read(self) -> str:
        """The next command, or the empty string when the server has closed the connection."""
        line = (await self.reader.readline()).decode().removesuffix("\n")
        if line:
            self.commands.append(line)
        return line

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send(self, *lines: str) -> None:
        """Send lines in one piece."""
        await self.send_bytes("".join(f"{line}\n" for line in lines).encode())

    async def expect(self, command: str, *answer: str) -> None:
        """Read the command that must come next, then answer."""
        assert await self.read() == command
        await self.send(*answer)

    async def closed(self) -> bool:
        """True when the server closes the connection without another command."""
        return await self.read() == ""
