"""Checks of the database: it answers, its schema is the newest, its clock is ours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from aftercall.doctor.clock import compared
from aftercall.doctor.result import Check, Result, fail, ok, warn
from aftercall.provision.postgres import EmbeddedPostgres
from followup.alarms.models import AlarmKind
from followup.alarms.register import open_alarms
from followup.database.engine import Database
from followup.database.migrate import current, head
from followup.errors import InvalidInput
from followup.settings import Settings

_START = "start it: `aftercall up`, or correct database.url"


def database_checks(database: Database | None) -> list[Check]:
    """``database`` None: ours is not running, which one failure tells."""
    if database is None:
        return [Check("database", _not_running, _START)]
    return [Check("database", lambda: _answers(database), _START),
            Check("migrations", lambda: _migrations(database), _START),
            Check("alarms", lambda: _alarms(database), _START),
            Check("clock of the database", lambda: _clock(database), _START)]


async def find_database(settings: Settings) -> Database | None:
    """The settings' database, or our own when it runs; nothing is started.

    InvalidInput when the address does not read.
    """
    url = settings.database.url
    if url is None:
        server = EmbeddedPostgres(settings.data_dir / "postgres")
        if await asyncio.to_thread(server.postmaster) is None:
            return None
        url = server.url()
    try:
        return Database(url, pool_size=3, name="aftercall doctor")
    except (SQLAlchemyError, ValueError) as error:       # the text would repeat the password
        raise InvalidInput("database.url does not read as an address", field="database.url",
                           expected="postgresql://user:password@host:port/database") from error


async def _not_running() -> Result:
    return fail("database", "no database.url is set, and our own PostgreSQL does not run", _START)


async def _answers(database: Database) -> Result:
    version = await database.check()
    if int(version.split(".")[0]) < 14:
        return fail("database", f"PostgreSQL {version}", "update to PostgreSQL 14 or newer")
    return ok("database", f"PostgreSQL {version}")


async def _migrations(database: Database) -> Result:
    await database.check()
    at, newest = await current(database), head()
    if at != newest:
        return fail("migrations", f"the schema is at {at or 'nothing'}, this code needs {newest}",
                    "run `aftercall migrate`; if the schema is newer, update this program")
    return ok("migrations", f"at {at}")


async def _alarms(database: Database) -> Result:
    await database.check()
    async with database.session() as session:
        # what is late and guessed passwords are a matter of people: the console tells them
        alarms = [alarm for alarm in await open_alarms(session)
                  if alarm.kind not in (AlarmKind.CASES_LATE, AlarmKind.CORRECTIONS_LATE,
                                        AlarmKind.ACCOUNT_GUESSED)]
    if alarms:
        told = "; ".join(f"{alarm.kind.value} {alarm.subject} since "
                         f"{alarm.raised_at:%Y-%m-%d %H:%M} UTC" for alarm in alarms)
        return warn("alarms", told, "look at that node and the gateway behind it, at the "
                    "directory or the provider of messages; an alarm ends by itself when its "
                    "trouble does")
    return ok("alarms", "none")


async def _clock(database: Database) -> Result:
    await database.check()
    async with database.engine.connect() as connection:
        before = datetime.now(UTC)
        theirs = await connection.scalar(text("select clock_timestamp()"))
        after = datetime.now(UTC)
    return compared("clock of the database", theirs or before, before, after)
