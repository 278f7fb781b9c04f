"""The engine and its sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.util.concurrency import greenlet_spawn

from followup.database.statements import Quick
from followup.errors import Unavailable

# what a transaction may fail with where the server is away, restarts, or is not well
UNWELL = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
          OSError, TimeoutError)


class Database:
    """One pool of connections; ``session`` is a transaction that commits when its block ends."""

    def __init__(self, url: str, pool_size: int = 10, name: str = "aftercall", *,
                 ping: bool = True) -> None:
        """``url``: ``postgresql+asyncpg://…``; ``name`` shows in pg_stat_activity.

        ``ping``: see, before each transaction, that the connection lives. It costs as much as a
        statement: who tries every transaction again anyway does without.
        """
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10, pool_pre_ping=ping,
            hide_parameters=True,                # an error's text is logged: names nobody
            connect_args={"timeout": 10, "command_timeout": 30,
                          "server_settings": {"application_name": name, "timezone": "UTC"}})
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end of the block, rolled back on an exception."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def quick(self) -> AsyncIterator[Quick]:
        """A transaction as well, for nothing but ``Statement``; errors are asyncpg's."""
        async with self.single() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Any]:
        """For one ``Statement``, which is a transaction by itself: one way there and back."""
        pooled = await self._living()
        connection = pooled.driver_connection
        try:
            yield connection
        except asyncpg.InternalClientError:          # of a server that fell, seen before its end
            connection.terminate()
            raise
        finally:
            await _give_back(pooled)

    async def _living(self) -> Any:
        """A connection that is not known to be dead, as all are after a restart of the server."""
        while True:
            try:
                pooled: Any = await self.engine.raw_connection()
            except self.engine.dialect.loaded_dbapi.Error as error:
                raise (error.__cause__ or error) from None
            if not pooled.driver_connection.is_closed():
                return pooled
            await _give_back(pooled)

    async def check(self) -> str:
        """The server's version; Unavailable when it does not answer."""
        try:
            async with self.engine.connect() as connection:
                return str(await connection.scalar(text("show server_version")))
        except (OSError, DBAPIError, TimeoutError) as error:
            raise Unavailable(
                f"the database does not answer: {error.__class__.__name__}") from error

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


async def _give_back(pooled: Any) -> None:
    connection = pooled.driver_connection
    if connection.is_closed() or connection.is_in_transaction():     # its end failed as well
        await greenlet_spawn(pooled.invalidate)
    await greenlet_spawn(pooled.close)
