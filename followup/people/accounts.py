"""Users: creating them, their passwords, and what an administrator does for who cannot sign in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import audit, passwords, second_step
from followup.people.models import FormerPassword, Role, Source, User
from followup.people.passwords import generate_password
from followup.people.permissions import MANAGES_PEOPLE
from followup.people.policy import Policy, Weakness, WeakPassword
from followup.people.roles import roles_that_may
from followup.people.sessions import end_sessions

__all__ = ["LastOne", "change_password", "create_user", "end_all_sessions", "find_user",
           "follow_directory", "generate_password", "keep_out", "reset_second_step", "set_disabled",
           "somebody_is_left", "take_turns", "unlock"]

LOCALES = ("zh", "en")
DEPARTMENT_MOST, DEPARTMENTS_MOST = 60, 40
STANDARD = Policy()
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class LastOne(Conflict):
    """Nobody would be left who may manage the people of the console."""

    id = "last-administrator"


def clean_username(typed: str) -> str:
    """A user name as stored: lower case, no blanks around; InvalidInput when it is none."""
    username = typed.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(
            "username: expected 2 to 32 of a-z 0-9 . _ -, beginning with a letter or digit",
            field="username", expected="2-32 of a-z 0-9 . _ -")
    return username


async def create_user(session: AsyncSession, username: str, password: str, *, name: str = "",
                      role: Role = Role.AGENT, locale: str = "zh", actor: str = "system",
                      policy: Policy = STANDARD, one_time: bool = False,
                      departments: Sequence[str] = ()) -> User:
    """Add a user. InvalidInput names the field; Conflict when the user name is taken.

    ``one_time``: the password was made for them, and must be changed at the first sign-in.
    """
    username = clean_username(username)
    policy.check(password, (username, name))
    if locale not in LOCALES:
        raise InvalidInput("locale: expected zh or en", field="locale", expected="zh or en")
    name = name.strip() or username
    if len(name) > 40:
        raise InvalidInput("name: expected at most 40 characters", field="name",
                           expected="1-40 characters")
    if len(departments) > DEPARTMENTS_MOST or not all(
            0 < len(each.strip()) <= DEPARTMENT_MOST for each in departments):
        raise InvalidInput(
            f"department: expected at most {DEPARTMENTS_MOST} names of 1 to {DEPARTMENT_MOST} "
            "characters", field="department", expected=f"1-{DEPARTMENT_MOST} characters")
    user = User(username=username, name=name, role=role, locale=locale,
                departments=sorted({each.strip() for each in departments}),
                must_change_password=one_time,
                password_hash=await passwords.hash_password(password))
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise Conflict(f"username: {username} is taken", field="username") from error
    audit.record(session, audit.CREATE_USER, actor=actor, subject=f"user:{username}",
                 role=role.value)
    return user


async def find_user(session: AsyncSession, username: str) -> User:
    """The user of that name, locked for a change. NotFound: no such user."""
    user = await session.scalar(
        select(User).where(User.username == clean_username(username)).with_for_update())
    if user is None:
        raise NotFound("username: there is no such user", field="username")
    return user


async def change_password(session: AsyncSession, username: str, password: str, *,
                          actor: str = "system", address: str = "", policy: Policy = STANDARD,
                          one_time: bool = False, keep: str | None = None) -> None:
    """Set a new password, end the user's sessions but that of token ``keep``, and any lock.

    ``one_time``: somebody else made it, and the user must change it at the next sign-in.
    NotFound: no such user; WeakPassword; Conflict: the directory knows the password.
    """
    user = await find_user(session, username)
    if user.source is Source.DIRECTORY:
        raise Conflict("password: it is changed in the hospital's directory", field="password")
    policy.check(password, (user.username, user.name))
    await _check_history(session, user, password, policy)
    session.add(FormerPassword(user_id=user.id, password_hash=user.password_hash))
    user.password_hash = await passwords.hash_password(password)
    user.must_change_password = one_time
    await _forgive(session, user)
    await end_sessions(session, user, actor=actor, address=address, but=keep)
    audit.record(session, audit.CHANGE_PASSWORD, actor=actor, subject=f"user:{user.username}",
                 address=address)


async def unlock(session: AsyncSession, username: str, *, actor: str, address: str = "") -> None:
    """Forgive all failures: the user may try again at once. NotFound: no such user."""
    user = await find_user(session, username)
    await _forgive(session, user)
    audit.record(session, audit.UNLOCK_USER, actor=actor, subject=f"user:{user.username}",
                 address=address)


async def reset_second_step(session: AsyncSession, username: str, *, actor: str,
                            address: str = "") -> None:
    """For who has lost the app and the recovery codes; signs them out. NotFound: no such user."""
    user = await find_user(session, username)
    await second_step.reset(session, user, actor=actor, address=address)
    await end_sessions(session, user, actor=actor, address=address)


async def end_all_sessions(session: AsyncSession, username: str, *, actor: str,
                           address: str = "") -> int:
    """Sign a user out everywhere; how many sessions ended. NotFound: no such user."""
    return await end_sessions(session, await find_user(session, username), actor=actor,
                              address=address)


async def set_disabled(session: AsyncSession, username: str, disabled: bool, *, actor: str,
                       address: str = "") -> None:
    """Keep a user out, signed out at once, or let them in again. NotFound, LastOne."""
    await take_turns(session)
    user = await find_user(session, username)
    await keep_out(session, user, disabled, actor=actor, address=address)
    if disabled and user.role in await roles_that_may(session, MANAGES_PEOPLE):
        await somebody_is_left(session)


async def keep_out(session: AsyncSession, user: User, disabled: bool, *, actor: str,
                   address: str = "") -> None:
    """The same for a user that is locked for a change; the caller sees to it that
    ``somebody_is_left``."""
    if user.disabled == disabled:
        return
    user.disabled = disabled
    if disabled:
        await end_sessions(session, user, actor=actor, address=address)
    audit.record(session, audit.DISABLE_USER if disabled else audit.ENABLE_USER,
                 actor=actor, subject=f"user:{user.username}", address=address)


async def follow_directory(session: AsyncSession, user: User, name: str, role: Role) -> None:
    """Name and role become what the directory says."""
    if (user.role, user.name) == (role, name):
        return
    kept = await session.get(User, user.id, with_for_update=True)
    if kept is not None:
        kept.role, kept.name = role, name
        audit.record(session, audit.FOLLOW_DIRECTORY, actor="directory",
                     subject=f"user:{kept.username}",
                     **audit.difference(kept, only=("name", "role")))


async def take_turns(session: AsyncSession) -> None:
    """Two who take away the last administrators at once do it one after the other."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("people"))))


async def somebody_is_left(session: AsyncSession) -> None:
    """LastOne when nobody is who may manage people."""
    await session.flush()
    roles = await roles_that_may(session, MANAGES_PEOPLE)
    if not await session.scalar(select(exists().where(
            User.disabled.is_(False), User.role.in_(roles)))):
        raise LastOne


async def _forgive(session: AsyncSession, user: User) -> None:
    user.failed_sign_ins, user.locked_until = 0, None
    await clear_alarm(session, AlarmKind.ACCOUNT_GUESSED, user.username)


async def _check_history(session: AsyncSession, user: User, password: str,
                         policy: Policy) -> None:
    """WeakPassword when it is one of the last few, the present one included; others are let go."""
    former = (await session.scalars(
        select(FormerPassword).where(FormerPassword.user_id == user.id)
        .order_by(FormerPassword.created_at.desc()))).all()
    recent = former[:max(policy.history - 1, 0)]
    for stored in (user.password_hash, *(row.password_hash for row in recent)):
        if policy.history and await passwords.verify(stored, password):
            raise WeakPassword(Weakness.USED, policy)
    if forgotten := [row.id for row in former[len(recent):]]:
        await session.execute(delete(FormerPassword).where(FormerPassword.id.in_(forgotten)))
