"""Bring a database to the newest schema, and tell how far it is.

``upgrade`` holds an advisory lock, so that any number of processes may start at once.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from followup.database.engine import Database

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 4_573_001


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def current(database: Database) -> str:
    """The revision that the database is at; empty when it has none."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision() or "")


async def upgrade(database: Database) -> None:
    """Apply what is missing, in one transaction."""
    def apply(connection: Connection) -> None:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")

    # an index on millions of rows takes longer than a page's statement may
    engine = create_async_engine(database.url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(apply)
