"""The demo's patients: a week of discharges, kept as a list like a hospital's own.

Each phone is ``1380013PPXX``, PP the code of the persona that answers it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

FILE = Path(__file__).with_name("patients.csv")
DISCHARGED_ON = "出院日期"

Row = dict[str, str]


def sample_rows() -> list[Row]:
    """The rows of the sample list, by column name, with the dates they were written with."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def shift_dates(rows: Iterable[Row], today: date) -> list[Row]:
    """The same rows with every discharge moved by one and the same number of days.

    The last one falls on the day before ``today``; the days between discharges stay.
    """
    rows = list(rows)
    if not rows:
        return []
    last = max(date.fromisoformat(row[DISCHARGED_ON]) for row in rows)
    by = today - timedelta(days=1) - last
    return [{**row, DISCHARGED_ON: (date.fromisoformat(row[DISCHARGED_ON]) + by).isoformat()}
            for row in rows]


def sample_list(today: date) -> bytes:
    """The sample patients as a CSV file for the import, discharged in the week before ``today``."""
    rows = shift_dates(sample_rows(), today)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")
