"""One pacing leader among any number of dialer workers: a PostgreSQL advisory lock, and an epoch.

The lock lives and dies with one database connection: a leader that loses it stops placing calls
at its next step, another takes over. A leader that slept, and does not know that it has lost the
lock, is fenced: each term has a number, and nothing can be claimed under one that is over.
"""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from followup.calls.models import DialerLeader
from followup.database.base import now
from followup.errors import Conflict
from followup.log import get_logger

log = get_logger(__name__)

LEADER_LOCK = 4_573_002


class Deposed(Conflict):
    """Another dialer worker leads now."""


class Leadership:
    """Ask ``held`` before every decision; it takes the lock when it is free."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._epoch = 0

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
                self._epoch = await self._begin_term(connection)
                log.info("this worker leads the dialer", epoch=self._epoch)
                return True
            await connection.close()
        except (SQLAlchemyError, OSError):
            await self.resign()
            raise
        return False

    async def fence(self, session: AsyncSession) -> None:
        """Hold the term in the session's transaction; raises Deposed when it is over.

        The next leader cannot begin its term before that transaction has ended, and so sees what
        it has claimed.
        """
        if await session.scalar(
                select(DialerLeader.id).where(DialerLeader.epoch == self._epoch)
                .with_for_update(read=True)) is None:
            raise Deposed(epoch=self._epoch)

    @staticmethod
    async def _begin_term(connection: AsyncConnection) -> int:
        row = insert(DialerLeader).values(id=1, epoch=1, taken_at=now())
        epoch: int = (await connection.execute(row.on_conflict_do_update(
            index_elements=["id"], set_={"epoch": DialerLeader.epoch + 1, "taken_at": now()})
            .returning(DialerLeader.epoch))).scalar_one()
        return epoch

    async def resign(self) -> None:
        """Give the lock back, if it is held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # The server forgets the lock with the connection: it must not return to the pool.
            await connection.invalidate()
            await connection.close()
