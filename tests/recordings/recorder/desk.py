"""A recorder's other end, in the hands of the test."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any


class Desk:
    """Takes the orders of one client at a time; answers only what the test says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while line := await reader.readline():
            self.orders.put_nowait(json.loads(line))
        writer.close()

    async def next(self) -> tuple[str, str]:
        """What is ordered next, and of whom."""
        order = await asyncio.wait_for(self.orders.get(), 20)
        return order["do"], order["name"]

    def tell(self, name: str, state: str) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps({"name": name, "state": state}).encode() + b"\n")

    async def close(self) -> None:
        """As if its process died."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        self._path.unlink(missing_ok=True)
