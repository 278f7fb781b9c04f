"""Who may sign in, and who is kept out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from followup.alarms.models import AlarmKind
from followup.alarms.register import open_alarms
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import accounts, lockout, passwords
from followup.people.accounts import create_user
from followup.people.models import AuditEvent, Role, User, WebSession
from followup.people.policy import Policy
from followup.people.sessions import close_session, find_session, open_session, touch
from followup.people.sign_in import Accounts, SignInRefused

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


async def test_five_failures_lock_the_account_even_for_the_right_password(
        database: Database, nurse: User) -> None:
    desk = Accounts(database)
    for _ in range(lockout.ACCOUNT_FAILURES):
        await refused(desk, "lin", BAD)
    await refused(desk, "lin", GOOD)
    assert (await audited(database))[-1] == ("sign-in-refused", "lin", "account locked")
    async with database.session() as session:
        await session.execute(update(User).values(locked_until=now() - timedelta(seconds=1)))
    await desk.verify("lin", GOOD)                       # the lock is over
    for _ in range(lockout.ACCOUNT_FAILURES - 1):
        await refused(desk, "lin", BAD)
    await desk.verify("lin", GOOD)                       # a success forgives earlier failures


async def test_guesses_at_the_same_moment_do_not_slip_through_together(
        database: Database, nurse: User) -> None:
    desks = [Accounts(database), Accounts(database)]      # two consoles
    await asyncio.gather(*(refused(desks[place % 2], "lin", f"{BAD}-{place}")
                           for place in range(12)))
    reasons = [reason for action, _, reason in await audited(database)
               if action == "sign-in-refused"]
    assert reasons.count("no match") == lockout.ACCOUNT_FAILURES
    assert reasons.count("account locked") == 12 - lockout.ACCOUNT_FAILURES


async def test_an_address_that_fails_too_often_is_shut_out_for_every_account(
        database: Database, nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "ADDRESS_FAILURES", 3)
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
    for _ in range(lockout.ACCOUNT_FAILURES):
        await refused(desk, "lin", BAD)
    async with database.session() as session:
        token = await open_session(session, nurse, timedelta(hours=1))
        await accounts.change_password(session, "lin", "blue-bicycle-7")
    async with database.session() as session:
        assert await find_session(session, token) is None
        with pytest.raises(NotFound):
            await accounts.change_password(session, "nobody", "blue-bicycle-7")
    await desk.verify("lin", "blue-bicycle-7")


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


async def test_a_locked_account_is_looked_at_as_long_as_any_other(
        database: Database, nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    verify = passwords.verify

    async def counting(stored: str | None, password: str) -> bool:
        hashed.append(password)
        return await verify(stored, password)

    monkeypatch.setattr(passwords, "verify", counting)
    desk = Accounts(database)
    async with database.session() as session:
        await session.execute(update(User).values(locked_until=now() + timedelta(hours=1)))
    for username in ("lin", "nobody"):
        await refused(desk, username, GOOD)
    assert len(hashed) == 2


async def test_locks_grow_until_the_password_is_right_or_somebody_unlocks(
        database: Database, nurse: User) -> None:
    desk = Accounts(database)

    async def fail_after_the_lock() -> float:
        async with database.session() as session:
            await session.execute(update(User).values(locked_until=None))
        await refused(desk, "lin", BAD)
        async with database.session() as session:
            until = await session.scalar(select(User.locked_until))
        return round((until - now()).total_seconds() / 60) if until else 0

    assert [await fail_after_the_lock() for _ in range(8)] == [0, 0, 0, 0, 1, 2, 4, 8]
    async with database.session() as session:
        alarm = (await open_alarms(session))[0]
        assert (alarm.kind, alarm.subject) == (AlarmKind.ACCOUNT_GUESSED, "lin")
        await accounts.unlock(session, "lin", actor="chen")
    async with database.session() as session:
        assert not await open_alarms(session)
    await refused(desk, "lin", BAD)                      # a fresh start: no lock
    await desk.verify("lin", GOOD)


async def test_former_passwords_are_not_taken_again_until_they_are_forgotten(
        database: Database, nurse: User) -> None:
    policy = Policy(history=2)

    async def change(password: str) -> None:
        async with database.session() as session:
            await accounts.change_password(session, "lin", password, policy=policy)

    await change("blue-bicycle-7")
    for used in ("blue-bicycle-7", GOOD):
        with pytest.raises(InvalidInput) as refusal:
            await change(used)
        assert refusal.value.field == "password"
    await change("green-umbrella-8")
    await change(GOOD)                                   # two others came between
    await Accounts(database).verify("lin", GOOD)


async def test_a_password_that_was_given_out_must_be_changed(database: Database) -> None:
    async with database.session() as session:
        user = await create_user(session, "gao", GOOD, one_time=True)
        assert user.must_change_password
        await accounts.change_password(session, "gao", "blue-bicycle-7")
        assert not user.must_change_password
        await accounts.change_password(session, "gao", "green-umbrella-8", one_time=True)
        assert user.must_change_password


async def test_disabling_and_signing_out_by_an_administrator_end_sessions(
        database: Database, nurse: User) -> None:
    async with database.session() as session:
        tokens = [await open_session(session, nurse, timedelta(hours=1)) for _ in range(2)]
        assert await accounts.end_all_sessions(session, "lin", actor="chen") == 2
        tokens.append(await open_session(session, nurse, timedelta(hours=1)))
        await accounts.set_disabled(session, "lin", True, actor="chen")
        await accounts.set_disabled(session, "lin", False, actor="chen")
    async with database.session() as session:
        for token in tokens:
            assert await find_session(session, token) is None
    told = await audited(database)
    assert ("end-session", "chen", "") in told
    assert ("disable-user", "chen", "") in told


async def test_a_session_ends_when_nothing_is_done_and_lives_on_when_something_is(
        database: Database, nurse: User) -> None:
    async with database.session() as session:
        token = await open_session(session, nurse, timedelta(hours=9), idle=timedelta(minutes=5))
        await session.execute(update(WebSession).values(seen_at=now() - timedelta(minutes=4)))
    async with database.session() as session:
        found = await find_session(session, token)
        assert found
        before = found.idle_until
        await touch(session, found, timedelta(minutes=30))
    async with database.session() as session:
        found = await find_session(session, token)
        assert found
        assert found.idle_until > before + timedelta(minutes=20)
        await touch(session, found, timedelta(minutes=90))   # seen a moment ago: not written again
    async with database.session() as session:
        assert await session.scalar(select(WebSession.idle_until)) == found.idle_until
        await session.execute(update(WebSession).values(idle_until=now() - timedelta(seconds=1)))
    async with database.session() as session:
        assert await find_session(session, token) is None
