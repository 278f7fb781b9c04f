"""The results for people, as a table, and for machines, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from aftercall.doctor.result import Result, Status, exit_code

_LOOK = {Status.OK: ("✓ ok", "green"), Status.WARN: ("! look", "yellow"),
         Status.FAIL: ("✗ fails", "bold red")}


def as_table(results: Sequence[Result]) -> Table:
    """A table for rich's console; nothing seen in a system is read as markup."""
    table = Table(show_edge=False, pad_edge=False)
    for title in ("Part", "State", "Seen", "What to do"):
        table.add_column(title, overflow="fold", no_wrap=title == "State")
    for result in results:
        text, style = _LOOK[result.status]
        table.add_row(Text(result.name), Text(text, style=style), Text(result.seen),
                      Text(result.what_to_do))
    return table


def as_json(results: Sequence[Result]) -> str:
    """One object: ``ok`` and ``results``, each with name, status, seen and what_to_do."""
    return json.dumps({"ok": not exit_code(results),
                       "results": [asdict(result) for result in results]}, ensure_ascii=False)
