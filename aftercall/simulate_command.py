"""``aftercall simulate``: what a day on the telephone will look like, before it is there."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from aftercall.terminal import run, say, settings_for
from dialer.simulator.scenario import Scenario
from followup.errors import InvalidInput

WORDS = {
    "end_s": "结束时间（开始后小时）/ ends after, hours",
    "placed": "拨出电话 / calls placed",
    "completed": "完成 / completed",
    "completed_per_hour": "每小时完成 / completed an hour",
    "utilisation": "坐席利用率 / agents' utilisation",
    "lines_used": "占用线路 / lines in use",
    "abandon": "未及时接通 / not served in time",
    "wait_s": "等待秒数 / seconds waited for a person",
}


def simulate(
        scenario: Annotated[Path | None, typer.Option(
            help="A scenario, TOML or JSON; see bench/README.md.")] = None,
        history: Annotated[int | None, typer.Option(
            min=1, max=365, help="Instead: as the calls of the last so many days went.")] = None,
        days: Annotated[int, typer.Option(min=1, max=10_000, help="Simulated days.")] = 20,
        seed: Annotated[int, typer.Option(min=0, help="Another number: other chances.")] = 1,
        calls: Annotated[int | None, typer.Option(
            min=1, help="Length of the list; else calls are placed until closing time.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Forecast a day under the live dialer's own pacing: 5%, 50% and 95% of simulated days."""
    from dialer.simulator.outlook import look_ahead
    from dialer.simulator.scenario import load_scenario

    if (scenario is None) == (history is None):
        raise InvalidInput("expected either --scenario FILE or --history DAYS", field="scenario",
                           expected="either --scenario FILE or --history DAYS")
    loaded = load_scenario(scenario) if scenario else run(_recorded(history or 1))
    outlook = look_ahead(loaded, days=days, seed=seed, calls=calls)
    if as_json:
        sys.stdout.write(json.dumps({"scenario": loaded.name, "seed": seed, **outlook.as_json()},
                                    ensure_ascii=False) + "\n")
        return
    table = Table("", "5%", "50%", "95%", title=f"{loaded.name} · {days}")
    for name, band in outlook.bands.items():
        table.add_row(WORDS[name], *(_shown(name, value) for value in band))
    Console().print(table)


def _shown(name: str, value: float) -> str:
    if name in ("utilisation", "abandon"):
        return f"{value:.1%}"
    return f"{value / 3600:.2f}" if name == "end_s" else f"{value:.1f}"


async def _recorded(days: int) -> Scenario:
    from aftercall.house import running_database
    from dialer.simulator.history import scenario_from
    from followup.database.base import now
    from followup.views.telephone import telephone_history

    settings = settings_for()
    async with running_database(settings, say) as (database, _), database.session() as session:
        return scenario_from(await telephone_history(session, now() - timedelta(days=days)),
                             settings)
