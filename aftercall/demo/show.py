"""What the demo shows on a terminal: progress while it runs, a table when it is over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from aftercall.demo.report import Report


@dataclass(frozen=True)
class Tally:
    """Where the campaign stands."""

    tasks: int
    settled: int                     # called, or waiting for another day
    live: Counter[str]               # calls under way by state
    answers: int
    findings: int
    with_agent: int


class Screen:
    """Live progress; give each new tally to ``update``, and show ``render`` in a rich Live."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("[bold]Following up"), BarColumn(), MofNCompleteColumn(),
            TextColumn("patients"), TimeElapsedColumn())
        self._bar = self._progress.add_task("follow-up", total=None)
        self._line = Text("waiting for the first call")

    def update(self, tally: Tally) -> None:
        """Take a new state of affairs."""
        self._progress.update(self._bar, total=tally.tasks, completed=tally.settled)
        live = ", ".join(f"{count} {state}" for state, count in sorted(tally.live.items()))
        self._line = Text(f"on the phone: {live or 'nobody'} · answers {tally.answers} · "
                          f"findings {tally.findings} · with a nurse {tally.with_agent}",
                          style="dim")

    def render(self) -> RenderableType:
        """The screen as it is now."""
        return Group(self._progress, self._line)


def print_report(console: Console, report: Report) -> None:
    """The report as tables."""
    waits = report.answer_to_agent_seconds
    figures = Table(title="The campaign", show_header=False, title_justify="left")
    for name, value in (
            ("patients", report.patients), ("attempts", report.attempts),
            ("answered", report.answered), ("completed", report.completed),
            ("answers", report.answers),
            ("findings", f"{report.findings.get('abnormal', 0)} abnormal, "
                         f"{report.findings.get('critical', 0)} critical"),
            ("escalations", report.escalations),
            ("seconds to an agent", f"{waits['p50']} median, {waits['max']} longest"
             if waits.get("max") is not None else "nobody needed one"),
            ("recordings", report.recordings)):
        figures.add_row(name, str(value))
    people = Table(title="The patients", title_justify="left")
    for column in ("", "persona", "expected", "what happened"):
        people.add_column(column)
    for persona in report.personas:
        people.add_row("[green]✓" if persona.ok else "[red]✗", persona.name, persona.expected,
                       persona.actual)
    console.print()
    console.print(figures, people)
