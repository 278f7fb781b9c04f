"""The FastAGI server: Asterisk connects for each call and names the script that shall speak."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from panoramisk.fast_agi import Application

from followup.log import get_logger

from .channel import AgiChannel, script_name
from .errors import AgiHangup, AgiProtocolError
from .request import AgiRequest
from .round_trips import RoundTrips
from .wire import LineReader

Handler = Callable[[AgiChannel], Awaitable[None]]

log = get_logger(__name__)


class AgiServer(Application):  # type: ignore[misc]  # panoramisk has no types
    """Serves ``routes`` (script name to handler), a task a call.

    Whatever goes wrong before or in a handler closes the connection, so that the dialplan goes
    on to its fallback and the patient never hears dead air. Beyond ``max_sessions`` calls (and
    as many connections that have not said yet what they want) it closes at once, likewise.
    """

    def __init__(self, routes: Mapping[str, Handler], *, host: str = "127.0.0.1", port: int = 4573,
                 header_timeout: float = 5, max_header_bytes: int = 64 * 1024,
                 max_sessions: int = 1000) -> None:
        super().__init__(loop=False)  # panoramisk only keeps it; ours is the running one
        self.host, self.port = host, port
        self._header_timeout, self._max_header_bytes = header_timeout, max_header_bytes
        self._max_sessions = max_sessions
        self._server: asyncio.Server | None = None
        self.round_trips = RoundTrips()
        self._greeting: set[asyncio.Task[None]] = set()
        self._sessions: set[asyncio.Task[None]] = set()
        for path, handler in routes.items():
            self.add_route(path, handler)

    def add_route(self, path: str, endpoint: Handler) -> None:
        """Let ``endpoint`` speak for the script ``path``; raises ValueError when it is taken."""
        if path in self._route:
            raise ValueError(f"there is a route for {path} already")
        self._route[path] = endpoint

    @property
    def sessions(self) -> int:
        """How many calls are being served."""
        return len(self._sessions)

    async def start(self) -> int:
        """Listen; returns the port bound (useful when ``port`` is 0)."""
        self._server = await asyncio.start_server(self.handler, self.host, self.port, backlog=512)
        bound: int = self._server.sockets[0].getsockname()[1]
        log.info("agi_listening", host=self.host, port=bound)
        return bound

    async def stop(self, grace_s: float = 10) -> None:
        """Take no more calls, let those under way end within ``grace_s`` seconds, cut the rest."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for waiting in list(self._greeting):
            waiting.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=grace_s)
        rest = self._sessions | self._greeting
        if self._sessions:
            log.warning("agi_calls_cut", count=len(self._sessions))
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if told := self.round_trips.summary():
            log.info("agi_round_trips", **told)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its headers to its end."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("handler() runs in a task")
        try:
            _keep_alive(writer)
            if len(self._greeting) >= self._max_sessions:
                log.warning("agi_too_many_connections", limit=self._max_sessions)
                return
            self._greeting.add(task)
            request = await self._read_headers(reader, writer)
            self._greeting.discard(task)
            if request is None:
                return
            if len(self._sessions) >= self._max_sessions:
                log.warning("agi_too_many_calls", limit=self._max_sessions)
                return
            self._sessions.add(task)
            await self._serve(request)
        finally:
            self._greeting.discard(task)
            self._sessions.discard(task)
            await _close(writer)

    async def _read_headers(self, reader: asyncio.StreamReader,
                            writer: asyncio.StreamWriter) -> AgiRequest | None:
        """The headers up to their blank line; None for who does not send them in time."""
        lines = LineReader(reader, self._max_header_bytes)
        try:
            async with asyncio.timeout(self._header_timeout):
                block = await lines.block()
        except AgiHangup:
            log.debug("agi_connection_without_headers")  # a port scan, a health check
            return None
        except TimeoutError:
            log.warning("agi_headers_too_slow", seconds=self._header_timeout)
            return None
        except AgiProtocolError:
            log.warning("agi_headers_too_long", limit=self._max_header_bytes)
            return None
        pairs = (line.partition(":") for line in block.split("\n"))
        headers = {name: value.removeprefix(" ") for name, colon, value in pairs if colon}
        return AgiRequest(headers, lines, writer)

    async def _serve(self, request: AgiRequest) -> None:
        script = script_name(request.headers)
        call_id = request.headers.get("agi_uniqueid", "")
        with structlog.contextvars.bound_contextvars(call_id=call_id, script=script):
            route: Handler | None = self._route.get(script)
            if route is None:
                log.error("agi_script_unknown")
                return
            try:
                await route(AgiChannel(request, round_trips=self.round_trips))
            except AgiHangup:
                log.info("agi_hung_up")
            except Exception:
                log.exception("agi_handler_failed")


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the kernel notice a node that died in the middle of a command."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close politely, and by force what does not take its last bytes within a second."""
    writer.close()
    try:
        with suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(1):
                await writer.wait_closed()
    finally:
        writer.transport.abort()
