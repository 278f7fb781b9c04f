"""The people who sign in, as an administrator changes them: what they are and what they see."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import Conflict, NotFound
from followup.people import audit
from followup.people.accounts import (
    DEPARTMENT_MOST,
    DEPARTMENTS_MOST,
    LastOne,
    change_password,
    create_user,
    keep_out,
    somebody_is_left,
    take_turns,
)
from followup.people.models import Reach, Role, User
from followup.people.passwords import generate_password

__all__ = ["DEPARTMENTS_MOST", "DEPARTMENT_MOST", "NAME_MOST", "LastOne", "Person", "add_person",
           "change_person", "mark", "reset_password"]

NAME_MOST = 40
# of a user's row, what is told in the audit trail when it changes, and what the page of people
# shows beside it
FIELDS = ("name", "role", "locale", "departments", "reach", "agent_id")
SHOWN = (*FIELDS, "disabled")


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


def mark(user: User) -> str:
    """Tells what a page showed of a user from what they are by now."""
    told = json.dumps([str(getattr(user, name)) for name in SHOWN])
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
    await keep_out(session, user, person.disabled, actor=actor, address=address)
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
    await keep_out(session, user, person.disabled, actor=actor, address=address)
    await somebody_is_left(session)
    return user


async def reset_password(session: AsyncSession, user_id: uuid.UUID, *,
                         actor: str) -> tuple[User, str]:
    """A new password to hand to them; they are signed out, and a lock is lifted."""
    user = await _taken(session, user_id)
    password = generate_password()
    await change_password(session, user.username, password, actor=actor, one_time=True)
    return user, password


async def _taken(session: AsyncSession, user_id: uuid.UUID) -> User:
    await take_turns(session)
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("there is no such user")
    return user


def _become(user: User, person: Person) -> None:
    user.name, user.role, user.locale = person.name, person.role, person.locale
    user.departments, user.reach = sorted(person.departments), person.reach
    user.agent_id = person.agent_id


def _write_down(session: AsyncSession, user: User, actor: str, address: str) -> None:
    told = audit.difference(user, only=FIELDS)
    if told["after"]:
        audit.record(session, audit.CHANGE_USER, actor=actor, subject=f"user:{user.username}",
                     address=address, **told)

