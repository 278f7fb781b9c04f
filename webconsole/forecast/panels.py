"""From simulated days to what the page shows: four figures as bands, and their table. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dialer.simulator.outlook import quantile
from webconsole.forecast.ahead import Plan, Run
from webconsole.forecast.plot import Axis, Band, even_ticks

PANELS = ("end", "lines", "agents", "lost")
Show = Callable[[float], str]


@dataclass(frozen=True)
class Panel:
    """One figure of all variants; ``table``: agents on duty, then 5%, 50% and 95% as text."""

    name: str
    bands: Sequence[Band]
    axis: Axis
    table: Sequence[tuple[int, str, str, str]]


def panels(plan: Plan, runs: Sequence[Run], label: Callable[[int], str]) -> list[Panel]:
    """End, lines and agents in use, and who was not served in time; ``label`` names a variant."""
    day_s, lines = plan.scenario.day_s, plan.scenario.lines

    def clock(seconds: float) -> str:
        late = seconds >= day_s
        moment = plan.opens + timedelta(seconds=min(seconds, day_s))
        return f"{'≥ ' if late else ''}{moment:%H:%M}"

    def number(value: float) -> str:
        return f"{value:.1f}"

    def percent(share: float) -> str:
        return f"{100 * share:.1f}%"

    def rounded(share: float) -> str:
        return f"{100 * share:g}%"

    ends = [value for run in runs for value in run.values("end_s")]
    last = min(day_s, max(ends) * 1.05)
    lost = max([plan.budget * 1.5, *(value for run in runs for value in run.values("abandon"))])
    used = min(float(lines), max(1.0, 1.05 * max(
        value for run in runs for value in run.values("lines_used"))))
    hours = [(tick, clock(tick).removeprefix("≥ ")) for tick in _clock_ticks(plan, last)]
    return [
        _panel("end", "end_s", runs, label, clock, Axis(0.0, last, hours)),
        _panel("lines", "lines_used", runs, label, number,
               Axis(0.0, used, [(tick, f"{tick:g}") for tick in even_ticks(0.0, used)])),
        _panel("agents", "utilisation", runs, label, percent,
               Axis(0.0, 1.0, [(tick, rounded(tick)) for tick in even_ticks(0.0, 1.0)])),
        _panel("lost", "abandon", runs, label, percent,
               Axis(0.0, lost, [(tick, rounded(tick)) for tick in even_ticks(0.0, lost)],
                    limit=plan.budget)),
    ]


def first_day(plan: Plan, run: Run) -> tuple[int, int]:
    """Calls of the first round that an ordinary first day places, and days that all of it takes."""
    _, placed, _ = run.band("placed")
    return round(placed), math.ceil(plan.calls / max(1.0, placed))


def rate(run: Run) -> float:
    """Calls an hour that an ordinary day places."""
    return quantile([day["placed"] / max(60.0, day["end_s"]) * 3600 for day in run.days], 0.5)


def _panel(name: str, figure: str, runs: Sequence[Run], label: Callable[[int], str], show: Show,
           axis: Axis) -> Panel:
    bands, table = [], []
    for run in runs:
        low, middle, high = run.band(figure)
        bands.append(Band(label(run.agents), low, middle, high, run.values(figure), show(middle)))
        table.append((run.agents, show(low), show(middle), show(high)))
    return Panel(name, bands, axis, table)


def _clock_ticks(plan: Plan, last: float) -> list[float]:
    """Seconds from the opening to round times of the day."""
    opening = plan.opens.hour * 3600 + plan.opens.minute * 60 + plan.opens.second
    step = next((each for each in (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800)
                 if last / each <= 5), 14400)
    first = math.ceil(opening / step) * step - opening
    return [float(tick) for tick in range(first, int(last) + 1, step)]
