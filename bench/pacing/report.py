"""The comparison as text, for a terminal or a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = (("utilisation", 100, ".1f"), ("abandon", 100, ".2f"), ("p95_day", 100, ".2f"),
           ("completed_per_hour", 1, ".1f"), ("wait_s", 1, ".2f"))


def as_text(result: Mapping[str, Any]) -> Iterator[str]:
    """Markdown: a table a scenario; shares in per cent, the interval behind the utilisation."""
    yield f"{result['days']} days, seed {result['seed']}"
    for scenario in result["scenarios"]:
        yield f"\n**{scenario['name']}**\n"
        yield "| policy | utilisation % | lost % | 95% day | completed/h | wait s |"
        yield "|---|---|---|---|---|---|"
        for name, row in scenario["policies"].items():
            cells = [_cell(row.get(key), factor, form) for key, factor, form in COLUMNS]
            if row.get("ci95"):
                low, high = row["ci95"]["utilisation"]
                cells[0] += f" ± {(high - low) * 50:.1f}"
            yield f"| {name} | {' | '.join(cells)} |"


def _cell(value: float | None, factor: float, form: str) -> str:
    return "" if value is None else format(value * factor, form)
