"""``aftercall audit``: is the audit trail as it was written?"""

from __future__ import annotations

import re
from typing import Annotated

import typer

from aftercall.terminal import err, run, say, settings_for
from followup.errors import InvalidInput
from followup.people.chain import BEGIN, Break

audit_app = typer.Typer(no_args_is_help=True, help="The audit trail: who saw or did what.")

WHAT = {Break.CHANGED: "it was changed or put in after it was sealed",
        Break.MISSING: "what was sealed before it is not there, or not in its place",
        Break.OUT_OF_TIME: "it was put in long after it says that it happened"}


@audit_app.callback()
def _commands() -> None:
    """Without it, typer would take the one command there is for the whole."""


@audit_app.command("verify")
def verify_trail(since: Annotated[str, typer.Option(
        "--from", metavar="PLACE:HASH", help="Begin at a row whose place and hash were noted down; "
        "then it also tells a trail that was made anew or cut short.")] = "") -> None:
    """Follow the chain; the exit code is 1, and the first broken row told, when it is broken."""
    from aftercall.house import running_database
    from followup.people.trail import Verdict, verify

    place, known = _noted(since)

    async def work() -> Verdict:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            return await verify(session, place=place, known=known)

    found = run(work())
    if found.broken is None:
        print(f"whole: {found.place} rows sealed, {found.unsealed} to be sealed")
        print(f"{found.place}:{found.hash}")
        return
    row = f"row {found.row_id}" if found.row_id is not None else "no row"
    at = f" at place {found.row_place}" if found.row_place is not None else ""
    err.print(f"[red]broken:[/red] {row}{at}: {WHAT[found.broken]}", highlight=False)
    raise typer.Exit(1)


def _noted(told: str) -> tuple[int, str]:
    if not told:
        return 0, BEGIN
    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", told)
    if found is None:
        raise InvalidInput(f"--from {told!r}: expected PLACE:HASH as an earlier verify printed it",
                           field="from", expected="PLACE:HASH")
    return int(found[1]), found[2]
