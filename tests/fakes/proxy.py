"""A TCP proxy that can cut, freeze and refuse: the network between two parts at its worst."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FaultProxy:
    """Forwards to ``host:port``; use ``FaultProxy.to``. ``accepted`` counts connections taken."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._target = host, port
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._frozen = False
        self.port = 0
        self.accepted = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, host: str, port: int) -> AsyncIterator[FaultProxy]:
        """A proxy on a free port of loopback, forwarding."""
        proxy = cls(host, port)
        await proxy.heal()
        try:
            yield proxy
        finally:
            await proxy.refuse()

    async def cut(self) -> None:
        """Drop every connection; new ones are taken."""
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def freeze(self) -> None:
        """Half-open: what stands stays connected, yet nothing comes through any more, ever.

        New connections are taken and hear nothing.
        """
        self._frozen = True

    async def refuse(self) -> None:
        """Drop every connection and refuse new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self.cut()

    async def heal(self) -> None:
        """Forward again, on the same port as before; what was frozen is dropped."""
        if self._frozen:
            await self.cut()
            self._frozen = False
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(self._host, self._target)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, far))
                both.create_task(self._forward(far_reader, writer))
        except* (OSError, ConnectionError):
            pass
        except* asyncio.CancelledError:      # cut: the parts of a link are no one's task but ours
            pass
        finally:
            self._links.discard(task)
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until either end closes; then the other way ends too."""
        while data := await reader.read(65536):
            if self._frozen:
                continue
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("the other end has closed")
