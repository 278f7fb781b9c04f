"""Which role has which permission: kept in the database, read by every process once a change."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.database.engine import Database
from followup.database.notify import Change
from followup.errors import Conflict
from followup.people import audit
from followup.people.models import PermissionSetting, Role
from followup.people.permissions import Grants, Permission, changes


async def load_grants(session: AsyncSession) -> Grants:
    """The picture as it is in the database."""
    return Grants({row.id: frozenset(role for role in Role if role.value in row.roles)
                   for row in await session.scalars(select(PermissionSetting))
                   if row.roles is not None})


async def roles_that_may(session: AsyncSession, permission: Permission) -> Collection[Role]:
    """The roles that have a permission."""
    return (await load_grants(session)).roles(permission)


async def save_grants(session: AsyncSession, wanted: Grants, *, seen: str, actor: str,
                      address: str = "") -> list[Permission]:
    """Make ``wanted`` so; returns what has changed. Conflict when the picture is no more the one
    with mark ``seen``, which the page had shown."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("permissions"))))
    present = await load_grants(session)
    if present.mark != seen:
        raise Conflict("somebody else has changed the permissions meanwhile")
    changed = changes(present, wanted)
    for permission in changed:
        roles = wanted.changed.get(permission.key)
        # a row is kept when it is back at the default: its update tells the other processes
        await session.merge(PermissionSetting(
            id=permission.key, changed_at=now(),
            roles=None if roles is None else [role.value for role in Role if role in roles]))
    if changed:
        audit.record(session, audit.SET_RIGHTS, actor=actor, address=address, subject="roles",
                     before=present.told(changed), after=wanted.told(changed))
    return changed


class GrantsBook:
    """The picture of one process. A change of any process makes it stale, and the next who asks
    reads it anew: no query a request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._grants = Grants()
        self._changes, self._read = 1, 0         # heard of, and those the picture is of
        self._reading = asyncio.Lock()

    def note(self, change: Change | None) -> None:
        """Subscriber of the change feed."""
        if change is None or change.table == PermissionSetting.__tablename__:
            self._changes += 1

    async def current(self) -> Grants:
        """The picture; where the database cannot be asked, its error: nothing is guessed."""
        if self._read != self._changes:
            async with self._reading:
                if self._read != self._changes:
                    heard = self._changes
                    async with self._database.session() as session:
                        self._grants = await load_grants(session)
                    self._read = heard
        return self._grants
