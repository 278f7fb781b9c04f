"""The second step of signing in: an authenticator app, and codes for when it is lost."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.errors import Conflict, InvalidInput
from followup.people import audit, totp
from followup.people.models import RecoveryCode, SecondFactor, User
from followup.people.passwords import generate_password
from followup.people.sealing import Sealer

CODES = 10


class WrongCode(InvalidInput):
    """The code does not fit the app that was just shown."""

    id = "wrong-code"


async def begin(session: AsyncSession, user: User, sealer: Sealer) -> str:
    """A new secret for ``user`` to put into an app; it counts once a code of it is given.

    Conflict when an app is already in use.
    """
    row = await session.get(SecondFactor, user.id, with_for_update=True)
    if row is not None and row.confirmed_at is not None:
        raise Conflict("an authenticator app is already in use")
    secret = totp.new_secret()
    sealed = sealer.seal(secret, user.id.bytes)
    if row is None:
        session.add(SecondFactor(user_id=user.id, secret=sealed))
    else:
        row.secret, row.last_step = sealed, 0
    return secret


async def begun(session: AsyncSession, user: User, sealer: Sealer) -> str | None:
    """The secret that was shown and not yet confirmed."""
    row = await session.get(SecondFactor, user.id)
    if row is None or row.confirmed_at is not None:
        return None
    return sealer.open(row.secret, user.id.bytes)


async def confirm(session: AsyncSession, user: User, code: str, sealer: Sealer, *,
                  address: str = "") -> list[str]:
    """The app works: from now on its code is asked for. Returns the recovery codes.

    WrongCode when the code does not fit; Conflict when nothing was begun.
    """
    row = await session.get(SecondFactor, user.id, with_for_update=True)
    if row is None or row.confirmed_at is not None:
        raise Conflict("no authenticator app waits to be confirmed")
    step = totp.step_of(sealer.open(row.secret, user.id.bytes), code, now())
    if step is None:
        raise WrongCode("code: expected the six digits that the app shows now", field="code",
                        expected="the app's six digits")
    row.confirmed_at, row.last_step = now(), step
    await session.execute(update(User).where(User.id == user.id).values(second_step=True))
    audit.record(session, audit.SET_UP_SECOND_STEP, actor=user.username,
                 subject=f"user:{user.username}", address=address)
    return await _new_codes(session, user)


async def renew_codes(session: AsyncSession, user: User, *, address: str = "") -> list[str]:
    """New recovery codes; the former ones are void."""
    audit.record(session, audit.NEW_RECOVERY_CODES, actor=user.username,
                 subject=f"user:{user.username}", address=address)
    return await _new_codes(session, user)


async def codes_left(session: AsyncSession, user: User) -> int:
    """How many recovery codes have not been used."""
    return int(await session.scalar(select(func.count()).where(
        RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))) or 0)


async def spend(session: AsyncSession, user: User, code: str, sealer: Sealer, *,
                address: str = "") -> bool:
    """Does ``code``, of the app or a recovery code, fit? If so it never does again."""
    row = await session.get(SecondFactor, user.id, with_for_update=True)
    if row is None or row.confirmed_at is None:
        return False
    if "-" in code:                      # a recovery code, which needs no key
        return await _spend_recovery(session, user, code, address)
    step = totp.step_of(sealer.open(row.secret, user.id.bytes), code, now())
    if step is None or step <= row.last_step:
        return False
    row.last_step = step
    return True


async def reset(session: AsyncSession, user: User, *, actor: str, address: str = "") -> None:
    """Forget the app and the recovery codes: the next sign-in asks for the password alone."""
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    await session.execute(update(User).where(User.id == user.id).values(second_step=False))
    audit.record(session, audit.REMOVE_SECOND_STEP, actor=actor,
                 subject=f"user:{user.username}", address=address)


async def _spend_recovery(session: AsyncSession, user: User, code: str, address: str) -> bool:
    spent = await session.scalar(
        update(RecoveryCode).where(RecoveryCode.user_id == user.id,
                                   RecoveryCode.code_hash == _hash(code),
                                   RecoveryCode.used_at.is_(None))
        .values(used_at=now()).returning(RecoveryCode.id))
    if spent is None:
        return False
    audit.record(session, audit.USE_RECOVERY_CODE, actor=user.username,
                 subject=f"user:{user.username}", address=address)
    return True


async def _new_codes(session: AsyncSession, user: User) -> list[str]:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [generate_password() for _ in range(CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(code)) for code in codes)
    return codes


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().lower().replace(" ", "").encode()).hexdigest()
