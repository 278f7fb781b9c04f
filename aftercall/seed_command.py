"""``aftercall seed``: invented patients by the million, for trials and measurements."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from aftercall.terminal import err, run, say, settings_for, today
from followup.errors import InvalidInput


def seed(patients: Annotated[int, typer.Option(min=1, help="How many.")],
         number: Annotated[int, typer.Option(
             "--seed", min=0, max=15, help="Another number: other people.")] = 1,
         yes: Annotated[bool, typer.Option(
             "--yes", help="Although there are patients in this database already.")] = False,
         ) -> None:
    """Fill the database with invented patients, their calls, answers, alerts and cases.

    The same seed makes the same people. Their numbers belong to nobody, and no campaign of theirs
    runs. They cannot be taken out again: use a database of its own.
    """
    from aftercall.house import running_database
    from bench.seed import MOST, has_patients, plant

    if patients > MOST:
        raise InvalidInput(f"patients = {patients}: expected at most {MOST}", field="patients",
                           expected=f"1 to {MOST}")
    settings = settings_for()

    async def work() -> dict[str, int]:
        async with running_database(settings, say) as (database, _):
            if not yes and await has_patients(database):
                raise InvalidInput(
                    "yes: expected --yes, as there are patients in this database: invented ones "
                    "would be among them for good", field="yes", expected="--yes")
            say(f"making {patients} patients")
            return await plant(database, patients, seed=number, today=today(settings))

    table = Table("table", "rows")
    for name, count in run(work()).items():
        table.add_row(name, str(count))
    err.print(table)
