"""``aftercall holiday``: days on which nobody is called, and weekend days that are worked."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from aftercall.terminal import actor, run, say, settings_for, today
from followup.errors import InvalidInput

holiday_app = typer.Typer(no_args_is_help=True, help="Days on which no patient is called.")
Day = Annotated[str, typer.Argument(metavar="DAY", help="Such as 2026-10-01.")]


@holiday_app.command("list")
def holiday_list() -> None:
    """List the days from today on."""
    from aftercall.house import running_database
    from followup.campaigns.holidays import list_holidays

    settings = settings_for()

    async def work() -> Table:
        table = Table("day", "name", "calls")
        async with running_database(settings, say) as (database, _), \
                database.session() as session:
            for one in await list_holidays(session, today(settings)):
                table.add_row(f"{one.day:%Y-%m-%d %a}", one.name, "yes" if one.working else "none")
        return table

    Console().print(run(work()))


@holiday_app.command("add")
def holiday_add(day: Day, name: Annotated[str, typer.Argument(help="What the day is called.")],
                working: Annotated[bool, typer.Option(
                    "--working", help="A weekend day that is worked.")] = False,
                ) -> None:
    """Add a day to the calendar, or change it."""
    from aftercall.house import running_database
    from followup.campaigns.holidays import set_holiday

    wanted = _day(day)

    async def work() -> None:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            await set_holiday(session, wanted, name, actor=actor(), working=working)
        say(f"{wanted}: {'worked' if working else 'no calls'}")

    run(work())


@holiday_app.command("remove")
def holiday_remove(day: Day) -> None:
    """Make it a day like any other."""
    from aftercall.house import running_database
    from followup.campaigns.holidays import remove_holiday

    wanted = _day(day)

    async def work() -> None:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            if not await remove_holiday(session, wanted, actor=actor()):
                raise InvalidInput(f"day = {day}: it is a day like any other", field="day",
                                   expected="a day of aftercall holiday list")
        say(f"{wanted} is a day like any other")

    run(work())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"day = {text!r}: expected a day such as 2026-10-01", field="day",
                           expected="YYYY-MM-DD") from None
