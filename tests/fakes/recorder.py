"""A recorder that records nothing, but speaks as the real one does and remembers its orders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from recordings.recorder.client import Recorder

Order = dict[str, Any]
Say = Callable[[Order], Order | None]


def willing(order: Order) -> Order | None:
    """Does all that it is told."""
    states = {"begin": "recording", "drop": "dropped"}
    state = states.get(order["do"])
    return {"name": order["name"], "state": state} if state else None


def refusing(order: Order) -> Order | None:
    """May not see packets."""
    return {"name": order["name"], "state": "refused", "why": "packets cannot be seen"}


def silent(_: Order) -> Order | None:
    """Leaves it to the test to ``tell``."""
    return None


class FakeRecorder:
    """``orders``: all that have come, over all connections and lives. ``say`` answers each."""

    def __init__(self, path: Path, say: Say = willing) -> None:
        self.path, self.say = path, say
        self.orders: list[Order] = []
        self._coming = asyncio.Queue[Order]()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def done(self, name: str | None = None) -> list[str]:
        """What it was told to do, in order."""
        return [order["do"] for order in self.orders if name in (None, order["name"])]

    async def next(self) -> tuple[str, str]:
        """What it is told next, and of whom; it is waited for."""
        async with asyncio.timeout(40):
            order = await self._coming.get()
        return order["do"], order["name"]

    def tell(self, name: str, state: str, **more: str) -> None:
        """Say something unasked, to everybody."""
        told = {"name": name, "state": state, **more}
        for writer in self._writers:
            writer.write(json.dumps(told).encode() + b"\n")

    async def start(self) -> None:
        """Be there, or there again."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def die(self) -> None:
        """Gone, its socket too."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        while line := await reader.readline():
            order = json.loads(line)
            self.orders.append(order)
            self._coming.put_nowait(order)
            if (told := self.say(order)) is not None:
                writer.write(json.dumps(told).encode() + b"\n")
        self._writers.discard(writer)
        writer.close()


async def died(recorder: FakeRecorder, client: Recorder) -> None:
    """Gone, and its client knows."""
    await recorder.die()
    while client.connected:          # noqa: ASYNC110  its state, from outside
        await asyncio.sleep(0.01)


@asynccontextmanager
async def fake_recorder(path: Path, say: Say = willing) -> AsyncIterator[FakeRecorder]:
    """One at a socket."""
    recorder = FakeRecorder(path, say)
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.die()
