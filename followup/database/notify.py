"""Changes of watched tables as they are committed, from PostgreSQL's LISTEN/NOTIFY.

One connection a process serves any number of subscribers. A notification is a hint, not a record:
what happens while the connection is down is not heard. So subscribers are told ``None`` ("anything
may have changed: look again") each time the feed is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from followup.database.engine import UNWELL
from followup.log import get_logger

CHANNEL = "aftercall"
PATIENCE = (0.2, 0.5, 1.0, 2.0, 5.0)     # seconds between attempts to connect; the last repeats
CONNECT_S = 10.0
HEARTBEAT_S = 20.0                       # how soon a half-open connection is noticed

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A row of ``table`` was inserted or updated; ``id`` is its primary key as text."""

    table: str
    id: str
    op: str


Subscriber = Callable[[Change | None], None]


def parse_change(payload: str) -> Change | None:
    """A payload as the triggers write it; None when it is not one (then: look again)."""
    try:
        told = json.loads(payload)
        return Change(str(told["table"]), str(told["id"]), str(told["op"]))
    except (ValueError, KeyError, TypeError):
        return None


class ChangeFeed:
    """The LISTEN side of channel ``aftercall``; use as an async context manager."""

    def __init__(self, url: str) -> None:
        """``url``: as the engine takes it, ``postgresql+asyncpg://…``."""
        self._dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._subscribers: set[Subscriber] = set()
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def __aenter__(self) -> ChangeFeed:
        self._task = asyncio.create_task(self._keep_listening(), name="change-feed")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @contextlib.contextmanager
    def subscribe(self, subscriber: Subscriber) -> Iterator[None]:
        """Call ``subscriber`` at each change until the block ends; it must not block or raise."""
        self._subscribers.add(subscriber)
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    def _tell(self, change: Change | None) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        self._tell(parse_change(payload))

    async def _keep_listening(self) -> None:
        failures = 0
        while True:
            try:
                async with self._connection() as lost:
                    failures = 0
                    self.connected.set()
                    self._tell(None)
                    await lost.wait()
                log.warning("change feed lost its connection")
            except UNWELL as error:
                log.warning("change feed cannot listen", reason=type(error).__name__)
            finally:
                self.connected.clear()
            await asyncio.sleep(PATIENCE[min(failures, len(PATIENCE) - 1)])
            failures += 1

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncio.Event]:
        """A listening connection; the event it yields is set once the connection is gone."""
        connection = await asyncpg.connect(
            self._dsn, timeout=CONNECT_S, command_timeout=CONNECT_S,
            server_settings={"application_name": "aftercall-feed"})
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        heart = asyncio.create_task(_beat(connection, lost))
        try:
            await connection.add_listener(CHANNEL, self._heard)
            yield lost
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            connection.terminate()


async def _beat(connection: Any, lost: asyncio.Event) -> None:
    try:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await connection.execute("select 1")
    except UNWELL:
        lost.set()
