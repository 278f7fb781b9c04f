"""What tomorrow will look like: many simulated days under the live pacing, in bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dialer.pacing import Knowledge, Pacer, Terms
from dialer.simulator.day import Day, DayResult
from dialer.simulator.draws import Draws
from dialer.simulator.scenario import Scenario

BAND = (0.05, 0.5, 0.95)
WARM_UP = 2               # days from which the pacing learns before those that count


@dataclass(frozen=True)
class Outlook:
    """5%, 50% and 95% of the days, by figure; times in seconds from opening, shares of 1."""

    days: int
    bands: dict[str, tuple[float, float, float]]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"days": self.days, "bands": {
            name: dict(zip(("p5", "p50", "p95"), band, strict=True))
            for name, band in self.bands.items()}}


def terms_of(scenario: Scenario, hold_s: float = 20.0) -> Terms:
    """What the pacing is told of a scenario: what a hospital would have set."""
    items = scenario.items if scenario.mode == "ivr_first" else 0
    return Terms(patience_s=scenario.patience_s, items=items, hold_s=hold_s)


def look_ahead(scenario: Scenario, *, days: int, seed: int = 1, calls: int | None = None,
               knowledge: Knowledge | None = None) -> Outlook:
    """Simulate; ``calls`` is the length of the list (else it never ends), ``knowledge`` what the
    live dialer has learned (else the pacing learns on days of its own first)."""
    pacer = Pacer(terms_of(scenario), knowledge)
    if knowledge is None:
        for day in range(WARM_UP):
            Day(scenario, pacer, Draws(scenario, seed + 1_000_003, day)).run()
    results = [Day(scenario, pacer, Draws(scenario, seed, day), list_length=calls).run()
               for day in range(days)]
    return Outlook(days, _bands(scenario, results))


Band = tuple[float, float, float]


def _bands(scenario: Scenario, results: Sequence[DayResult]) -> dict[str, Band]:
    def open_s(result: DayResult) -> float:
        return max(1.0, min(result.ended_at, scenario.day_s))

    figures = {
        "end_s": [r.ended_at for r in results],
        "placed": [float(r.placed) for r in results],
        "completed": [float(r.completed) for r in results],
        "completed_per_hour": [r.completed / open_s(r) * 3600 for r in results],
        "utilisation": [r.busy_s / scenario.agents / open_s(r) for r in results],
        "lines_used": [r.lines_s / open_s(r) for r in results],
        "abandon": [r.lost / max(1, r.needed) for r in results],
        "wait_s": [r.waited_s / max(1, r.needed) for r in results],
    }
    return {name: _band(values) for name, values in figures.items()}


def _band(values: Sequence[float]) -> Band:
    low, middle, high = (round(quantile(values, share), 4) for share in BAND)
    return low, middle, high


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed, between neighbours in a line."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (place - low) * (ranked[high] - ranked[low])
