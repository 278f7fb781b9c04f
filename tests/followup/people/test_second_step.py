"""The second step: setting up an app, its codes, recovery codes, and what lies in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, SettingsError
from followup.people import lockout, second_step
from followup.people.accounts import create_user, reset_second_step
from followup.people.models import RecoveryCode, SecondFactor, User
from followup.people.sealing import Sealer
from followup.people.sign_in import Accounts, SignInRefused
from followup.people.totp import STEP_S

GOOD = "correct-horse-9"
KEY = "k" * 43


@pytest.fixture
async def nurse(database: Database) -> User:
    async with database.session() as session:
        return await create_user(session, "lin", GOOD)


@pytest.fixture
def desk(database: Database) -> Accounts:
    return Accounts(database, key=lambda: KEY)


def code(secret: str, steps: int = 0) -> str:
    """What an app shows, so many steps of time from now."""
    return pyotp.TOTP(secret).at(now() + timedelta(seconds=STEP_S * steps))


async def set_up(database: Database, user: User) -> tuple[str, list[str]]:
    """An app that is in use; its secret and the recovery codes. The code of a step ago is spent."""
    async with database.session() as session:
        secret = await second_step.begin(session, user, Sealer(KEY))
        codes = await second_step.confirm(session, user, code(secret, -1), Sealer(KEY))
    return secret, codes


async def refused(desk: Accounts, user: User, typed: str) -> None:
    with pytest.raises(SignInRefused):
        await desk.check_code(user.id, typed)


async def test_an_app_counts_once_it_has_shown_that_it_works(
        database: Database, nurse: User) -> None:
    async with database.session() as session:
        first = await second_step.begin(session, nurse, Sealer(KEY))
        second = await second_step.begin(session, nurse, Sealer(KEY))      # the page was reloaded
        assert second != first
        assert await second_step.begun(session, nurse, Sealer(KEY)) == second
        with pytest.raises(second_step.WrongCode):
            await second_step.confirm(session, nurse, code(first), Sealer(KEY))
    async with database.session() as session:
        assert not await session.scalar(select(User.second_step))
        await second_step.confirm(session, nurse, code(second), Sealer(KEY))
    async with database.session() as session:
        assert await session.scalar(select(User.second_step))
        with pytest.raises(Conflict):
            await second_step.begin(session, nurse, Sealer(KEY))           # nor replaced in passing


async def test_no_code_is_good_twice_nor_for_two_at_once(
        database: Database, nurse: User, desk: Accounts) -> None:
    secret, _ = await set_up(database, nurse)
    await refused(desk, nurse, code(secret, -1))           # the one that confirmed it
    typed = code(secret)
    outcomes = await asyncio.gather(*(desk.check_code(nurse.id, typed) for _ in range(3)),
                                    return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(User) == 1
    await desk.check_code(nurse.id, code(secret, 1))       # the phone's clock is half a minute fast
    await refused(desk, nurse, typed)                      # older than the last one


async def test_a_recovery_code_replaces_the_app_once(
        database: Database, nurse: User, desk: Accounts) -> None:
    _, codes = await set_up(database, nurse)
    assert len(set(codes)) == second_step.CODES
    await desk.check_code(nurse.id, f" {codes[0].upper()} ")
    await refused(desk, nurse, codes[0])
    async with database.session() as session:
        assert await second_step.codes_left(session, nurse) == second_step.CODES - 1
        new = await second_step.renew_codes(session, nurse)
    await refused(desk, nurse, codes[1])
    await desk.check_code(nurse.id, new[1])


async def test_guessed_codes_lock_though_the_password_is_right_each_time(
        database: Database, nurse: User, desk: Accounts) -> None:
    secret, codes = await set_up(database, nurse)
    for _ in range(lockout.ACCOUNT_FAILURES):
        user = await desk.verify("lin", GOOD)
        assert user.second_step
        await refused(desk, nurse, "000000")
    with pytest.raises(SignInRefused):
        await desk.verify("lin", GOOD)
    for typed in (code(secret), codes[0]):
        await refused(desk, nurse, typed)
    async with database.session() as session:
        await session.execute(update(User).values(locked_until=now() - timedelta(seconds=1)))
    await desk.verify("lin", GOOD)
    await desk.check_code(nurse.id, code(secret))
    async with database.session() as session:
        assert await session.scalar(select(User.failed_sign_ins)) == 0


async def test_what_is_stored_opens_with_the_key_alone_and_for_its_owner_alone(
        database: Database, nurse: User, desk: Accounts) -> None:
    secret, codes = await set_up(database, nurse)
    async with database.session() as session:
        row = (await session.scalars(select(SecondFactor))).one()
        hashes = (await session.scalars(select(RecoveryCode.code_hash))).all()
    assert secret.encode() not in row.secret
    assert Sealer(KEY).open(row.secret, nurse.id.bytes) == secret
    assert not any(each in hashes for each in codes)
    for key, owner in (("x" * 43, nurse.id.bytes), (KEY, b"somebody else")):
        with pytest.raises(SettingsError):
            Sealer(key).open(row.secret, owner)
    # secrets.toml was lost: a recovery code lets in, and an administrator can reset
    lost = Accounts(database, key=lambda: "x" * 43)
    with pytest.raises(SettingsError):
        await lost.check_code(nurse.id, code(secret))
    await lost.check_code(nurse.id, codes[0])


async def test_an_administrator_resets_it_for_who_has_lost_the_phone(
        database: Database, nurse: User, desk: Accounts) -> None:
    secret, codes = await set_up(database, nurse)
    async with database.session() as session:
        await reset_second_step(session, "lin", actor="chen")
    for typed in (code(secret), codes[0]):
        await refused(desk, nurse, typed)
    assert not (await desk.verify("lin", GOOD)).second_step
