"""Who is there: user name and password, here or in the directory, then a code; locks who guesses.

A failure is counted before anything is looked at and forgiven after it proves right, so that
guesses sent at the same moment cannot slip through together. With an authenticator app, the right
password takes back its own failure only: guessed codes add up.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Forbidden, InvalidInput
from followup.log import get_logger
from followup.people import audit, lockout, passwords, second_step
from followup.people.accounts import clean_username, follow_directory
from followup.people.directory import Directory, Person
from followup.people.ldap import DirectoryAway
from followup.people.models import AuditEvent, Source, User
from followup.people.sealing import SealBroken, Sealer

# refusals that are guesses; being turned away unheard is none
_GUESSES = ("no match", "no code", "disabled", "directory says no", "no role")

log = get_logger(__name__)


class SignInRefused(Forbidden):
    """User name or password is wrong, or signing in is locked for a while."""

    id = "sign-in-refused"


@dataclass(frozen=True)
class _Try:
    """One try, counted as a failure already. ``refusal``: why it is not even heard."""

    user: User | None
    refusal: str = ""
    lock: datetime | None = None         # that it has set


class Accounts:
    """Checks who somebody is, for one process."""

    def __init__(self, database: Database, *, directory: Directory | None = None,
                 key: Callable[[], str] | None = None) -> None:
        """``key``: gives the key of the second step's secrets; it may read a file."""
        self._database = database
        self._directory = directory
        self._turns = asyncio.Semaphore(passwords.AT_ONCE)
        self._key = key
        self._sealer: Sealer | None = None

    async def sealer(self) -> Sealer:
        """What opens the second step's secrets."""
        if self._sealer is None:
            assert self._key is not None, "a console is told where the key is"
            self._sealer = Sealer(await asyncio.to_thread(self._key))
        return self._sealer

    async def verify(self, username: str, password: str, address: str = "") -> User:
        """The user these belong to; each outcome leaves an audit row.

        SignInRefused, always with one and the same message, when the name or the password is
        wrong, the account is disabled or locked, or the address has failed too often.
        DirectoryAway: nothing can be said, and nothing is counted.
        """
        username = username.strip().lower()[:64]
        tried = await self._take_a_try(User.username == username, address)
        reason = tried.refusal
        person: Person | None = None
        if tried.refusal != "address locked":
            # whether there is such a user, or a lock, is not told by the time this takes
            heard = tried.user if not tried.refusal and tried.user \
                and tried.user.source is Source.LOCAL else None
            async with self._turns:
                fits = await passwords.verify(heard.password_hash if heard else None,
                                              password[:passwords.MAX_LENGTH + 1])
            if not fits and not reason:
                reason = "no match"
                if self._directory and heard is None:
                    person = await self._ask_directory(tried, username, password)
                    reason = "" if person else "directory says no"
        async with self._database.session() as session:
            user = tried.user
            if not reason and person:
                user, reason = await self._person(session, user, username, person)
            if user and user.disabled and not reason:
                reason = "disabled"
            if not reason:
                assert user is not None
                if user.second_step:
                    await self._give_back(session, tried)
                else:
                    await self._welcome(session, user, address)
                return user
            await self._refuse(session, tried, reason, address)
        raise SignInRefused

    async def check_code(self, user_id: uuid.UUID, code: str, address: str = "") -> User:
        """The user, whose password was right, now with a code that is right too; SignInRefused.

        SealBroken: no code of the app can be checked, and nothing is counted.
        """
        tried = await self._take_a_try(User.id == user_id, address)
        sealer = await self.sealer()
        try:
            async with self._database.session() as session:
                user, reason = tried.user, tried.refusal or "no code"
                if user and not tried.refusal and not user.disabled and await second_step.spend(
                        session, user, code[:64], sealer, address=address):
                    await self._welcome(session, user, address)
                    return user
                await self._refuse(session, tried, reason, address)
        except SealBroken as error:
            log.warning("a second step cannot be checked", reason=error.message)
            async with self._database.session() as session:
                await self._give_back(session, tried)
            raise
        raise SignInRefused

    async def confirm(self, user: User, password: str, address: str = "") -> bool:
        """Is it still ``user`` who sits there? Failures count as those at the door do.

        DirectoryAway: nothing can be said.
        """
        tried = await self._take_a_try(User.id == user.id, address)
        fits = False
        if not tried.refusal:
            if user.source is Source.DIRECTORY:
                fits = self._directory is not None and await self._ask_directory(
                    tried, user.username, password) is not None
            else:
                async with self._turns:
                    fits = await passwords.verify(user.password_hash,
                                                  password[:passwords.MAX_LENGTH + 1])
        async with self._database.session() as session:
            if fits:
                await self._give_back(session, tried)
            else:
                await self._refuse(session, tried, tried.refusal or "no match", address)
        return fits

    async def _take_a_try(self, whose: ColumnElement[bool], address: str) -> _Try:
        """Count a failure beforehand, and lock when there were too many."""
        async with self._database.session() as session:
            if address and await _guesses(session, address) >= lockout.ADDRESS_FAILURES:
                return _Try(None, "address locked")
            user = await session.scalar(select(User).where(whose).with_for_update())
            if user is None:
                return _Try(None)
            if user.locked_until and user.locked_until > now():
                return _Try(user, "account locked")
            user.failed_sign_ins += 1
            lock = lockout.lock_after(user.failed_sign_ins)
            user.locked_until = now() + lock if lock else None
            return _Try(user, lock=user.locked_until)

    async def _give_back(self, session: AsyncSession, tried: _Try) -> None:
        """This try was no failure; those before it stay."""
        if tried.user:
            await session.execute(update(User).where(User.id == tried.user.id).values(
                failed_sign_ins=func.greatest(User.failed_sign_ins - 1, 0),
                locked_until=case((User.locked_until == tried.lock, None),
                                  else_=User.locked_until)).execution_options(
                synchronize_session=False))

    async def _welcome(self, session: AsyncSession, user: User, address: str) -> None:
        await session.execute(update(User).where(User.id == user.id).values(
            failed_sign_ins=0, locked_until=None).execution_options(synchronize_session=False))
        await clear_alarm(session, AlarmKind.ACCOUNT_GUESSED, user.username)
        audit.record(session, audit.SIGN_IN, actor=user.username,
                     subject=f"user:{user.username}", address=address)

    async def _refuse(self, session: AsyncSession, tried: _Try, reason: str,
                      address: str) -> None:
        # what was typed may be a password: only a real user's name is written down
        name = tried.user.username if tried.user else ""
        audit.record(session, audit.SIGN_IN_REFUSED, actor=name,
                     subject=f"user:{name}" if name else "", address=address, reason=reason)
        if tried.user and tried.user.failed_sign_ins >= lockout.ALARM_FAILURES:
            await raise_alarm(session, AlarmKind.ACCOUNT_GUESSED, name, address=address,
                              failures=tried.user.failed_sign_ins)

    async def _ask_directory(self, tried: _Try, username: str, password: str) -> Person | None:
        """DirectoryAway takes the failure back, and raises an alarm until it answers again."""
        assert self._directory is not None
        subject = self._directory.settings.url
        try:
            clean_username(username)
            person = await self._directory.sign_in(username, password)
        except InvalidInput:
            return None
        except DirectoryAway as error:
            log.warning("the directory does not answer", reason=error.message)
            async with self._database.session() as session:
                await self._give_back(session, tried)
                await raise_alarm(session, AlarmKind.DIRECTORY_LOST, subject,
                                  reason=error.message)
            raise
        async with self._database.session() as session:
            await clear_alarm(session, AlarmKind.DIRECTORY_LOST, subject)
        return person

    async def _person(self, session: AsyncSession, user: User | None, username: str,
                      person: Person) -> tuple[User | None, str]:
        """The user that a person of the directory is here, made or brought up to date."""
        assert self._directory is not None
        if person.role is None:
            return user, "no role"
        if user is None:
            if not self._directory.settings.create_users:
                return None, "not added here"
            user = User(username=username, name=person.name, role=person.role,
                        source=Source.DIRECTORY, password_hash="", failed_sign_ins=0,
                        disabled=False, second_step=False)
            try:
                async with session.begin_nested():
                    session.add(user)
            except IntegrityError:       # two first sign-ins at once: the other one made it
                return await session.scalar(select(User).where(User.username == username)), ""
            audit.record(session, audit.CREATE_USER, actor="directory",
                         subject=f"user:{username}", role=person.role.value)
        else:
            await follow_directory(session, user, person.name, person.role)
        return user, ""


async def _guesses(session: AsyncSession, address: str) -> int:
    return int(await session.scalar(select(func.count()).where(
        AuditEvent.action == audit.SIGN_IN_REFUSED, AuditEvent.address == address,
        AuditEvent.at > now() - lockout.ADDRESS_WINDOW,
        AuditEvent.detail["reason"].astext.in_(_GUESSES))) or 0)
