"""The people who sign in, as an administrator changes them: what they are and what they see."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import Conflict, NotFound
from followup.people import audit
from followup.people.accounts import change_password, create_user
from followup.people.models import Reach, Role, User
from followup.people.passwords import generate_password
from followup.people.permissions import MANAGES_PEOPLE
from followup.people.roles import roles_that_may
from followup.people.sessions import end_sessions

NAME_MOST, DEPARTMENT_MOST, DEPARTMENTS_MOST = 40, 60, 40
# of a user's row, what is shown on the page of people and told in the audit trail
FIELDS = ("name", "role", "locale", "departments", "reach", "agent_id", "disabled")


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody is to be; checked."""

    name: str
    role: Role
    locale: str = "zh"
    departments: Sequence[str] = ()
    reach: Reach | None = None               # None: as the role has it
    agent_id: uuid.UUID | None = None
    disabled: bool = False


class LastOne(Conflict):
    """Nobody would be left who may manage the people of the console."""

    id = "last-administrator"


def mark(user: User) -> str:
    """Tells what a page showed of a user from what they are by now."""
    told = json.dumps([str(getattr(user, name)) for name in FIELDS])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


async def add_person(session: AsyncSession, username: str, person: Person, *, actor: str,
                     address: str = "") -> tuple[User, str]:
    """A new user, and the password to hand to them. InvalidInput names the field; Conflict when
    the user name is taken."""
    password = generate_password()
    user = await create_user(session, username, password, name=person.name, role=person.role,
                             locale=person.locale, actor=actor, one_time=True)
    _become(user, person)
    _write_down(session, user, actor, address)
    return user, password


async def change_person(session: AsyncSession, user_id: uuid.UUID, person: Person, *, seen: str,
                        actor: str, address: str = "") -> User:
    """Change a user; who is disabled is signed out. NotFound; Conflict when they are no more what
    the page had shown (``seen``); LastOne."""
    user = await _taken(session, user_id)
    if mark(user) != seen:
        raise Conflict("somebody else has changed this user meanwhile")
    _become(user, person)
    _write_down(session, user, actor, address)
    await session.flush()
    await _somebody_is_left(session)
    if user.disabled:
        await end_sessions(session, user, actor=actor, address=address)
    return user


async def reset_password(session: AsyncSession, user_id: uuid.UUID, *,
                         actor: str) -> tuple[User, str]:
    """A new password to hand to them; they are signed out, and a lock is lifted."""
    user = await _taken(session, user_id)
    password = generate_password()
    await change_password(session, user.username, password, actor=actor, one_time=True)
    return user, password


async def _taken(session: AsyncSession, user_id: uuid.UUID) -> User:
    # two who take away the last administrators at once take turns
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("people"))))
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("there is no such user")
    return user


def _become(user: User, person: Person) -> None:
    user.name, user.role, user.locale = person.name, person.role, person.locale
    user.departments, user.reach = sorted(person.departments), person.reach
    user.agent_id, user.disabled = person.agent_id, person.disabled


def _write_down(session: AsyncSession, user: User, actor: str, address: str) -> None:
    told = audit.difference(user, only=FIELDS)
    if told["after"]:
        audit.record(session, audit.CHANGE_USER, actor=actor, subject=f"user:{user.username}",
                     address=address, **told)


async def _somebody_is_left(session: AsyncSession) -> None:
    roles = await roles_that_may(session, MANAGES_PEOPLE)
    if not await session.scalar(select(exists().where(
            User.disabled.is_(False), User.role.in_(roles)))):
        raise LastOne
