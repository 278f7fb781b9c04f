"""The simulated gateway's own account of who was called: proof that nobody was dialled twice."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from followup.errors import InvalidInput
from simgateway.personas import persona_code as code_of

FILE = "calls.csv"
COLUMNS = ("start", "answer", "end", "disposition", "number", "uniqueid")


@dataclass(frozen=True)
class GatewayCall:
    """One INVITE that reached the gateway; times in UTC."""

    number: str                      # as dialled; an agent's phone has agent-8001
    started: datetime
    answered_at: datetime | None
    ended: datetime
    duration_s: float                # from INVITE to the end
    disposition: str                 # ANSWERED, NO ANSWER, BUSY, CONGESTION, FAILED
    persona_code: str | None         # None: an agent's phone, or a number that is nobody's


def read_calls(log_dir: Path) -> list[GatewayCall]:
    """Every call that has ended, in the order of their beginnings.

    ``log_dir`` is the gateway's; nothing called yet gives an empty list. A row is written when its
    call ends, so a call under way is not among them. InvalidInput names a line that is damaged.
    """
    try:
        text = (log_dir / FILE).read_text("utf-8")
    except FileNotFoundError:
        return []
    calls = []
    for line, row in enumerate(csv.reader(text.splitlines()), start=1):
        try:
            calls.append(_call(dict(zip(COLUMNS, row, strict=True))))
        except ValueError as error:
            raise InvalidInput(f"{FILE}: line {line}: expected {', '.join(COLUMNS)}",
                               field=f"line {line}", expected=", ".join(COLUMNS)) from error
    return sorted(calls, key=lambda call: call.started)


def _call(row: dict[str, str]) -> GatewayCall:
    started, ended = _time(row["start"]), _time(row["end"])
    if started is None or ended is None:
        raise ValueError("no time")
    return GatewayCall(row["number"], started, _time(row["answer"]), ended,
                       (ended - started).total_seconds(), row["disposition"],
                       code_of(row["number"]))


def _time(epoch: str) -> datetime | None:
    seconds = float(epoch or 0)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
