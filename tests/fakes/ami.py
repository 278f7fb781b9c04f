"""A scripted Asterisk manager interface on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Action = dict[str, list[str]]
Script = Callable[["FakeAmiSession"], Awaitable[None]]

FULLY_BOOTED = {"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"}


class FakeAmiSession:
    """One connection as the fake Asterisk sees it."""

    def __init__(self, number: int, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter) -> None:
        self.number = number  # 1 for the first connection
        self.reader, self.writer = reader, writer
        self.received: list[Action] = []

    async def read(self) -> Action:
        """The next action, headers by name, each with its values in order."""
        action: Action = {}
        while (line := (await self.reader.readuntil(b"\r\n")).decode().rstrip("\r\n")):
            name, _, value = line.partition(": ")
            action.setdefault(name, []).append(value)
        self.received.append(action)
        return action

    def names(self) -> list[str]:
        """Names of the actions received so far."""
        return [action["Action"][0] for action in self.received]

    async def send(self, *headers: dict[str, str]) -> None:
        """Send messages in one piece."""
        await self.send_bytes(b"".join(message(one) for one in headers))

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, action: Action, **headers: str) -> None:
        """Answer an action with Response: Success and further headers, or with these."""
        await self.send(answer(action, **headers))

    async def login(self) -> None:
        """Accept the login and say that Asterisk is ready."""
        await self.send(answer(await self.read(), Message="Authentication accepted"), FULLY_BOOTED)

    async def obey(self) -> None:
        """Answer every action with success, for ever."""
        while True:
            await self.answer(await self.read())

    async def idle(self) -> None:
        """Stay connected, read all and say nothing."""
        while True:
            await self.read()


class FakeAmi:
    """Runs ``script`` for each connection; a script that ends closes its connection."""

    def __init__(self, script: Script, banner: bytes = b"Asterisk Call Manager/9.0.0\r\n") -> None:
        self._script, self._banner = script, banner
        self.sessions: list[FakeAmiSession] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> FakeAmi:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = FakeAmiSession(len(self.sessions) + 1, reader, writer)
        self.sessions.append(session)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await session.send_bytes(self._banner)
                await self._script(session)
        finally:
            self._tasks.discard(task)
            writer.close()


def message(headers: dict[str, str]) -> bytes:
    """One message as Asterisk writes it."""
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def answer(action: Action, **headers: str) -> dict[str, str]:
    """The response to an action."""
    return {"Response": "Success", "ActionID": action["ActionID"][0], **headers}
