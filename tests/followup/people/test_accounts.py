"""Who may sign in, and who is kept out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import accounts, passwords
from followup.people.accounts import Accounts, SignInRefused, create_user
from followup.people.models import AuditEvent, Role, User, WebSession
from followup.people.sessions import close_session, find_session, open_session

GOOD, BAD = "correct-horse-9", "battery-staple"


@pytest.fixture
async def nurse(database: Database) -> User:
    async with database.session() as session:
        return await create_user(session, " Lin ", GOOD, name="林护士", role=Role.AGENT)


async def refused(desk: Accounts, username: str, password: str, address: str = "") -> None:
    with pytest.raises(SignInRefused):
        await desk.verify(username, password, address)


async def audited(database: Database) -> list[tuple[str, str, str]]:
    async with database.session() as session:
        rows = await session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(row.action, row.actor, row.detail.get("reason", "")) for row in rows]


async def test_the_right_password_signs_in_and_is_never_stored(
        database: Database, nurse: User) -> None:
    user = await Accounts(database).verify("LIN", GOOD, "10.0.0.7")
    assert (user.id, user.name, user.role) == (nurse.id, "林护士", Role.AGENT)
    assert nurse.password_hash.startswith("$argon2id$")
    assert GOOD not in nurse.password_hash
    assert (await audited(database))[-1] == ("sign-in", "lin", "")


@pytest.mark.parametrize("username", ["", "a", "空格", "has space", "x" * 40, "-dash", "a\x00b"])
async def test_a_bad_user_name_is_refused_by_field(database: Database, username: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        async with database.session() as session:
            await create_user(session, username, GOOD)
    assert refusal.value.field == "username"


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaa", "x1y2" * 100])
async def test_a_weak_password_is_refused_by_field(database: Database, password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        async with database.session() as session:
            await create_user(session, "somebody", password)
    assert refusal.value.field == "password"


async def test_a_user_name_is_taken_once(database: Database, nurse: User) -> None:
    async with database.session() as session:
        with pytest.raises(Conflict):
            await create_user(session, "lin", GOOD)
        await create_user(session, "gao", GOOD)          # the transaction goes on


def test_generated_passwords_differ_and_pass_the_policy() -> None:
    made = {passwords.generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_policy(password)


async def test_five_failures_lock_the_account_even_for_the_right_password(
        database: Database, nurse: User) -> None:
    desk = Accounts(database)
    for _ in range(accounts.ACCOUNT_FAILURES):
        await refused(desk, "lin", BAD)
    await refused(desk, "lin", GOOD)
    assert (await audited(database))[-1] == ("sign-in-refused", "lin", "account locked")
    async with database.session() as session:
        await session.execute(update(User).values(locked_until=now() - timedelta(seconds=1)))
    await desk.verify("lin", GOOD)                       # the lock is over
    for _ in range(accounts.ACCOUNT_FAILURES - 1):
        await refused(desk, "lin", BAD)
    await desk.verify("lin", GOOD)                       # a success forgives earlier failures


async def test_guesses_at_the_same_moment_do_not_slip_through_together(
        database: Database, nurse: User) -> None:
    desks = [Accounts(database), Accounts(database)]      # two consoles
    await asyncio.gather(*(refused(desks[place % 2], "lin", f"{BAD}-{place}")
                           for place in range(12)))
    reasons = [reason for action, _, reason in await audited(database)
               if action == "sign-in-refused"]
    assert reasons.count("no match") == accounts.ACCOUNT_FAILURES
    assert reasons.count("account locked") == 12 - accounts.ACCOUNT_FAILURES


async def test_an_address_that_fails_too_often_is_shut_out_for_every_account(
        database: Database, nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ADDRESS_FAILURES", 3)
    desk = Accounts(database)
    for place in range(3):
        await refused(desk, f"nobody{place}", BAD, "10.6.6.6")
    await refused(desk, "lin", GOOD, "10.6.6.6")
    await desk.verify("lin", GOOD, "10.0.0.7")


async def test_a_refusal_tells_nothing_and_keeps_no_stranger_s_typing(
        database: Database, nurse: User) -> None:
    desk, told = Accounts(database), set()
    async with database.session() as session:
        gone = await create_user(session, "gone", GOOD)
        gone.disabled = True
    for username, password in (("lin", BAD), (GOOD, GOOD), ("gone", GOOD)):
        with pytest.raises(SignInRefused) as refusal:
            await desk.verify(username, password)
        told.add(refusal.value.message)
    assert len(told) == 1
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent))).all()
    assert all(GOOD not in f"{row.actor}{row.subject}{row.detail}" for row in rows)


async def test_a_new_password_ends_sessions_and_locks(database: Database, nurse: User) -> None:
    desk = Accounts(database)
    for _ in range(accounts.ACCOUNT_FAILURES):
        await refused(desk, "lin", BAD)
    async with database.session() as session:
        token = await open_session(session, nurse, timedelta(hours=1))
        await accounts.change_password(session, "lin", "another-pass-7")
    async with database.session() as session:
        assert await find_session(session, token) is None
        with pytest.raises(NotFound):
            await accounts.change_password(session, "nobody", "another-pass-7")
    await desk.verify("lin", "another-pass-7")


async def test_a_session_is_kept_as_a_hash_and_ends_when_it_should(
        database: Database, nurse: User) -> None:
    async with database.session() as session:
        first = await open_session(session, nurse, timedelta(hours=1))
        second = await open_session(session, nurse, timedelta(hours=1), replaces=first)
        over = await open_session(session, nurse, timedelta(seconds=-1))
    async with database.session() as session:
        rows = (await session.scalars(select(WebSession))).all()
        assert all(token not in str(vars(row)) for row in rows for token in (second, over))
        assert await find_session(session, first) is None          # replaced
        assert await find_session(session, over) is None           # expired
        found = await find_session(session, second)
        assert found and found.user.username == "lin"
        await close_session(session, second)
    async with database.session() as session:
        assert await find_session(session, second) is None
        third = await open_session(session, nurse, timedelta(hours=1))
        await session.execute(update(User).values(disabled=True))
        assert await find_session(session, third) is None          # the account is disabled
