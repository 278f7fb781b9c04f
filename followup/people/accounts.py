"""Users: creating them, checking who they are, locking out who guesses.

A failure is counted before the password is looked at and forgiven after it proves right, so that
guesses sent at the same moment cannot slip through together.
"""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, Forbidden, InvalidInput, NotFound
from followup.people import audit, passwords
from followup.people.models import Role, User, WebSession
from followup.people.passwords import generate_password

__all__ = ["Accounts", "SignInRefused", "change_password", "create_user", "generate_password"]

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 30
LOCK = timedelta(minutes=15)
LOCALES = ("zh", "en")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class SignInRefused(Forbidden):
    """User name or password is wrong, or signing in is locked for a while."""

    id = "sign-in-refused"


def clean_username(typed: str) -> str:
    """A user name as stored: lower case, no blanks around; InvalidInput when it is none."""
    username = typed.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(
            "username: expected 2 to 32 of a-z 0-9 . _ -, beginning with a letter or digit",
            field="username", expected="2-32 of a-z 0-9 . _ -")
    return username


async def create_user(session: AsyncSession, username: str, password: str, *, name: str = "",
                      role: Role = Role.AGENT, locale: str = "zh", actor: str = "system") -> User:
    """Add a user. InvalidInput names the field; Conflict when the user name is taken."""
    username = clean_username(username)
    passwords.check_policy(password)
    if locale not in LOCALES:
        raise InvalidInput("locale: expected zh or en", field="locale", expected="zh or en")
    name = name.strip() or username
    if len(name) > 40:
        raise InvalidInput("name: expected at most 40 characters", field="name",
                           expected="1-40 characters")
    user = User(username=username, name=name, role=role, locale=locale,
                password_hash=await passwords.hash_password(password))
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise Conflict(f"username: {username} is taken", field="username") from error
    audit.record(session, audit.CREATE_USER, actor=actor, subject=f"user:{username}",
                 role=role.value)
    return user


async def change_password(session: AsyncSession, username: str, password: str, *,
                          actor: str = "system") -> None:
    """Set a new password, end the user's sessions and any lock. NotFound: no such user."""
    passwords.check_policy(password)
    user = await session.scalar(
        select(User).where(User.username == clean_username(username)).with_for_update())
    if user is None:
        raise NotFound("username: there is no such user", field="username")
    user.password_hash = await passwords.hash_password(password)
    user.failed_sign_ins, user.locked_until = 0, None
    await session.execute(delete(WebSession).where(WebSession.user_id == user.id))
    audit.record(session, audit.CHANGE_PASSWORD, actor=actor, subject=f"user:{user.username}")


class Accounts:
    """Checks user names and passwords, for one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = asyncio.Semaphore(passwords.AT_ONCE)

    async def verify(self, username: str, password: str, address: str = "") -> User:
        """The user these belong to; each outcome leaves an audit row.

        SignInRefused, always with one and the same message, when the name or the password is
        wrong, the account is disabled or locked, or the address has failed too often.
        """
        username = username.strip().lower()[:64]
        async with self._turns:
            user, reason = await self._take_a_try(username, address)
            fits = False
            if not reason:
                stored = user.password_hash if user else None
                fits = await passwords.verify(stored, password[:passwords.MAX_LENGTH + 1])
            async with self._database.session() as session:
                if user and fits and not user.disabled:
                    await session.execute(update(User).where(User.id == user.id).values(
                        failed_sign_ins=0, locked_until=None))
                    audit.record(session, audit.SIGN_IN, actor=user.username,
                                 subject=f"user:{user.username}", address=address)
                    return user
                # what was typed may be a password: only a real user's name is written down
                audit.record(session, audit.SIGN_IN_REFUSED, actor=user.username if user else "",
                             subject=f"user:{user.username}" if user else "", address=address,
                             reason=reason or ("disabled" if user and fits else "no match"))
        raise SignInRefused

    async def _take_a_try(self, username: str, address: str) -> tuple[User | None, str]:
        """Count a failure beforehand. Returns the user, and why there is to be no try at all."""
        async with self._database.session() as session:
            if address and await audit.count(session, audit.SIGN_IN_REFUSED, within=LOCK,
                                             address=address) >= ADDRESS_FAILURES:
                return None, "address locked"
            user = await session.scalar(
                select(User).where(User.username == username).with_for_update())
            if user is None:
                return None, ""
            if user.locked_until and user.locked_until > now():
                return user, "account locked"
            if user.locked_until:                      # a lock that is over: a fresh start
                user.failed_sign_ins, user.locked_until = 0, None
            user.failed_sign_ins += 1
            if user.failed_sign_ins >= ACCOUNT_FAILURES:
                user.locked_until = now() + LOCK
            return user, ""
