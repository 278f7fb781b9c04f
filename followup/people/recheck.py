"""Who is signed in by the directory is asked for there again and again: whom it lets in no more is
signed out here, at the latest at the next round."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger
from followup.people.accounts import follow_directory
from followup.people.directory import Directory
from followup.people.ldap import DirectoryAway
from followup.people.models import Source, User, WebSession
from followup.people.sessions import end_sessions

log = get_logger(__name__)


async def keep_rechecking(database: Database, directory: Directory, every: timedelta) -> None:
    """Until cancelled. Any number of consoles may: each round says the same."""
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            await recheck(database, directory)
        except Exception:                     # the database is away: the next round will tell
            log.exception("sessions of the directory's users were not checked")


async def recheck(database: Database, directory: Directory) -> int:
    """One round; how many people were signed out. A directory that does not answer signs nobody
    out, and raises its alarm."""
    async with database.session() as session:
        users = (await session.scalars(select(User).where(
            User.source == Source.DIRECTORY, User.id.in_(select(WebSession.user_id).where(
                WebSession.expires_at > now(), WebSession.idle_until > now()))))).all()
    ended = 0
    for user in users:
        try:
            person = await directory.present(user.username)
        except DirectoryAway as error:
            log.warning("the directory does not answer", reason=error.message)
            async with database.session() as session:
                await raise_alarm(session, AlarmKind.DIRECTORY_LOST, directory.settings.url,
                                  reason=error.message)
            return ended
        async with database.session() as session:
            await clear_alarm(session, AlarmKind.DIRECTORY_LOST, directory.settings.url)
            if person is None or person.role is None:
                await end_sessions(session, user, actor="directory")
                ended += 1
            else:
                await follow_directory(session, user, person.name, person.role)
    return ended

