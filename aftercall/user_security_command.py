"""``aftercall user …``: who there is; and for who cannot sign in: unlock, second step, sign out,
disable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich import print as show
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from aftercall.terminal import actor, run, say, settings_for

T = TypeVar("T")


def list_users() -> None:
    """Who may sign in: role, departments, whether they see all of them, how the account stands."""
    from sqlalchemy import select

    from followup.people.models import User
    from followup.people.permissions import SEES_ALL_DEPARTMENTS
    from followup.people.roles import load_grants
    from followup.people.scope import scope_of

    async def look(session: AsyncSession) -> Table:
        grants = await load_grants(session)
        table = Table("user", "name", "role", "departments", "sees", "account")
        for user in await session.scalars(select(User).order_by(User.username)):
            scope = scope_of(user, all_by_role=grants.may(user.role, SEES_ALL_DEPARTMENTS))
            sees = "these" if user.departments else "nobody"
            table.add_row(user.username, user.name, user.role.value, ", ".join(user.departments),
                          sees if scope.limited else "all",
                          "disabled" if user.disabled else user.source.value)
        return table

    show(_do(look))


def unlock(username: str) -> None:
    """Let a user try again at once after too many failures."""
    from followup.people import accounts

    _do(lambda session: accounts.unlock(session, username, actor=actor()))
    print(f"{username}: unlocked")


def reset_totp(username: str) -> None:
    """Forget a lost authenticator app and its recovery codes; signs the user out."""
    from followup.people import accounts

    _do(lambda session: accounts.reset_second_step(session, username, actor=actor()))
    print(f"{username}: signs in with the password alone, until the second step is set up anew")


def sign_out(username: str) -> None:
    """End all sessions of a user."""
    from followup.people import accounts

    print(f"{username}: sessions ended: " + str(_do(
        lambda session: accounts.end_all_sessions(session, username, actor=actor()))))


def disable(username: str, undo: Annotated[bool, typer.Option(
        "--undo", help="Let them in again.")] = False) -> None:
    """Keep a user out; sessions end at once."""
    from followup.people import accounts

    _do(lambda session: accounts.set_disabled(session, username, not undo, actor=actor()))
    print(f"{username}: {'may sign in again' if undo else 'disabled'}")


def _do(change: Callable[[AsyncSession], Awaitable[T]]) -> T:
    from aftercall.house import running_database

    async def work() -> T:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            return await change(session)

    return run(work())
