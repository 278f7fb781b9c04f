"""The migrations and the models tell one story."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import followup.database.models  # noqa: F401
from followup.database.base import Base
from followup.database.engine import Database
from followup.database.migrate import current, head, upgrade


async def test_a_migrated_database_is_what_the_models_say(database: Database) -> None:
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(lambda sync: compare_metadata(
            MigrationContext.configure(sync, opts={"compare_type": True}), Base.metadata))
    assert differences == []
    assert await current(database) == head()


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    await upgrade(database)
    assert await current(database) == head()


async def test_the_audit_trail_refuses_changes(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text(
            "insert into audit_event (at, actor, action, subject, address, detail) "
            "values (now(), 'system', 'test', '', '', '{}')"))
    for statement in ("update audit_event set actor = 'x'", "delete from audit_event",
                      "truncate audit_event"):
        with pytest.raises(DBAPIError, match="only ever added"):
            async with database.session() as session:
                await session.execute(text(statement))
