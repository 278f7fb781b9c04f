"""One pacing leader among any number of dialer workers: a PostgreSQL advisory lock.

The lock lives and dies with one database connection: a leader that loses it stops placing calls
at its next step, another takes over.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LEADER_LOCK = 4_573_002


class Leadership:
    """Ask ``held`` before every decision; it takes the lock when it is free."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def held(self) -> bool:
        """Whether this worker leads now. Raises when the database does not answer."""
        try:
            if self._connection is not None:
                await self._connection.execute(text("select 1"))
                return True
            connection = await self._engine.connect()
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            if await connection.scalar(text("select pg_try_advisory_lock(:key)"),
                                       {"key": LEADER_LOCK}):
                self._connection = connection
                return True
            await connection.close()
        except (SQLAlchemyError, OSError):
            await self.resign()
            raise
        return False

    async def resign(self) -> None:
        """Give the lock back, if it is held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # The server forgets the lock with the connection: it must not return to the pool.
            await connection.invalidate()
            await connection.close()
