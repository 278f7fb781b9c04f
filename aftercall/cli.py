"""The command line: ``aftercall COMMAND``. Each command parses, calls one function, and prints."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from aftercall.audit_command import audit_app
from aftercall.bench_command import bench
from aftercall.campaign_command import campaign_app
from aftercall.holiday_command import holiday_app
from aftercall.models.command import models_app
from aftercall.prompts_command import prompts_app
from aftercall.questionnaire_command import questionnaire_app, response_app
from aftercall.recordings_command import recordings_app
from aftercall.roles.starting import run_role
from aftercall.seed_command import seed
from aftercall.simulate_command import simulate
from aftercall.terminal import actor, err, run, say, settings_for, today, told_in_a_line
from aftercall.try_command import try_questionnaire
from aftercall.user_security_command import disable, list_users, reset_totp, sign_out, unlock
from followup.errors import InvalidInput
from followup.log import configure
from followup.settings import load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Aftercall: looking after patients once they have gone home.")
user_app = typer.Typer(no_args_is_help=True, help="Users of the console.")
app.add_typer(user_app, name="user")
for name, command in (("list", list_users), ("unlock", unlock), ("reset-totp", reset_totp),
                      ("sign-out", sign_out), ("disable", disable)):
    user_app.command(name)(command)
app.add_typer(audit_app, name="audit")
app.add_typer(campaign_app, name="campaign")
app.add_typer(holiday_app, name="holiday")
app.add_typer(models_app, name="models")
app.add_typer(questionnaire_app, name="questionnaire")
app.add_typer(response_app, name="response")
app.add_typer(recordings_app, name="recordings")
app.add_typer(prompts_app, name="prompts")
app.command("try")(try_questionnaire)
app.command()(bench)
app.command()(simulate)
app.command(hidden=True)(seed)


@app.command()
def up() -> None:
    """Run Aftercall: database, Asterisk and all its parts. Ctrl-C stops it."""
    from aftercall.house import open_house
    from aftercall.roles.stopping import until_stopped

    settings = settings_for()

    async def work() -> None:
        async with open_house(settings, say) as house:
            say(f"console: {settings.console_url}")
            if not await _has_users(house.database):
                say("nobody can sign in yet: aftercall user add NAME --role administrator")
            await asyncio.Event().wait()

    run(until_stopped(work))


@app.command()
def demo(exit_: Annotated[bool, typer.Option("--exit", help="End when the report is out.")] = False,
         as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object."),
                            ] = False) -> None:
    """Follow up a week of sample patients on a simulated voice gateway."""
    from aftercall.demo.run import demo as run_demo
    from aftercall.reaper import end_with_us
    from aftercall.roles.stopping import until_stopped
    from followup.settings import default_data_dir

    folder = default_data_dir() / "demo"
    # The demo is a hospital of its own: nobody's real database, trunk or settings reach it.
    for name in [name for name in os.environ if name.startswith("AFTERCALL_")]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    os.environ["AFTERCALL_DATA_DIR"] = str(folder)
    end_with_us()
    code = 130

    async def work() -> None:
        nonlocal code
        code = await run_demo(folder, stay=not exit_, as_json=as_json)

    run(until_stopped(work))
    raise typer.Exit(code if exit_ else 0)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check every part, and say what to do about what is wrong."""
    from aftercall.doctor import as_json as to_json
    from aftercall.doctor import as_table, examine, exit_code, settings_fault
    from followup.errors import SettingsError

    try:
        settings = load_settings()
    except SettingsError as error:
        results = [settings_fault(error)]
    else:
        configure("error", settings.log.format)
        results = run(examine(settings))
    if as_json:
        print(to_json(results))
    else:
        Console().print(as_table(results))
    raise typer.Exit(exit_code(results))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from aftercall.house import running_database

    async def work() -> None:
        async with running_database(settings_for(), say):
            say("the database is up to date")

    run(work())


@app.command("import")
def import_list(file: Annotated[Path, typer.Argument(help="CSV or .xlsx", exists=True,
                                                     dir_okay=False)],
                report: Annotated[Path | None, typer.Option(
                    help="Write the refused rows to this CSV.")] = None) -> None:
    """Take over a list of discharged patients; refused rows are told with their reason."""
    from aftercall.house import running_database
    from followup.patients.importing import import_patients

    settings = settings_for()

    async def work() -> int:
        async with running_database(settings, say) as (database, _):
            result = await import_patients(database, await asyncio.to_thread(file.read_bytes),
                                           region=settings.phone_region, today=today(settings))
        table = Table("row", "column", "value", "reason", "原因")
        for fault in result.refused:
            table.add_row(str(fault.row), fault.column, fault.value, fault.reason.en,
                          fault.reason.zh)
        if result.refused:
            err.print(table)
        for note in result.notes:
            say(f"{note.zh} / {note.en}")
        print(f"created {result.created}, updated {result.updated}, unchanged "
              f"{result.unchanged}, refused rows {result.refused_rows}")
        if report is not None:
            await asyncio.to_thread(report.write_bytes, result.to_csv())
        return 1 if result.refused else 0

    raise typer.Exit(run(work()))


@user_app.command("add")
def user_add(username: str, role: str = "agent", name: str = "",
             department: Annotated[list[str] | None, typer.Option(
                 help="May repeat. Whom a doctor sees: without one, nobody.")] = None) -> None:
    """Add a user of the console; prints the one-time password made for them."""
    from aftercall.house import running_database
    from followup.people.accounts import create_user
    from followup.people.models import Role
    from followup.people.passwords import generate_password
    from followup.people.permissions import SEES_ALL_DEPARTMENTS
    from followup.people.policy import policy_of
    from followup.people.roles import load_grants

    if role not in list(Role):
        raise InvalidInput(f"role = {role!r}: expected {', '.join(Role)}", field="role")

    async def work() -> str:
        settings = settings_for()
        password = generate_password(settings.sign_in.password_min_length)
        async with running_database(settings, say) as (database, _), \
                database.session() as session:
            await create_user(session, username, password, name=name or username, role=Role(role),
                              actor=actor(), policy=policy_of(settings), one_time=True,
                              departments=department or ())
            grants = await load_grants(session)
        if not department and not grants.may(Role(role), SEES_ALL_DEPARTMENTS):
            say(f"{username} sees no patient until a department is given: --department, or the "
                "page of people")
        return password

    print(run(work()))


@user_app.command("password")
def user_password(username: str) -> None:
    """Give a user a new one-time password; prints it. They are signed out and unlocked."""
    from aftercall.house import running_database
    from followup.people.accounts import change_password
    from followup.people.passwords import generate_password
    from followup.people.policy import policy_of

    async def work() -> str:
        settings = settings_for()
        password = generate_password(settings.sign_in.password_min_length)
        async with running_database(settings, say) as (database, _), \
                database.session() as session:
            await change_password(session, username, password, actor=actor(),
                                  policy=policy_of(settings), one_time=True)
        return password

    print(run(work()))


@app.command(hidden=True)
def role(name: str) -> None:
    """Run one part; `aftercall up` starts all of them."""
    run_role(name)


async def _has_users(database: Any) -> bool:
    from sqlalchemy import select

    from followup.people.models import User

    async with database.session() as session:
        return await session.scalar(select(User.id).limit(1)) is not None


def main() -> None:
    """Entry point: our own errors are told in a line, never as a traceback."""
    with told_in_a_line():
        app()
