"""What an import came to: counts, each refused row with its reason, and the report as a CSV."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

from followup.errors import InvalidInput
from followup.log import mask_phone

_PHONE_LIKE = re.compile(r"\+?[0-9][0-9 -]{6,}[0-9]")
_ACTIVE = tuple("=+-@|%＝＋－＠\t\r\n")      # what a spreadsheet may take for a formula
_SHOWN = 40


@dataclass(frozen=True)
class Said:
    """One sentence in both languages of the interface."""

    zh: str
    en: str


class CellFault(ValueError):
    """A cell does not fit; ``said`` tells what was expected."""

    def __init__(self, zh: str, en: str) -> None:
        self.said = Said(zh, en)
        super().__init__(en)


class ListRefused(InvalidInput):
    """The whole file cannot be read as a patient list; ``said`` gives the reason."""

    id = "patient-list-refused"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en, field="file", expected="a patient list, CSV or .xlsx", zh=zh)
        self.said = Said(zh, en)

    def told(self, locale: str) -> str:
        """The reason in the reader's language."""
        return self.said.en if locale == "en" else self.said.zh


@dataclass(frozen=True)
class RowFault:
    """One cell for which a row was refused; ``value`` has phone numbers masked."""

    row: int          # as in the sheet, the first row being 1
    column: str       # as the file's header names it
    value: str
    reason: Said


@dataclass
class ImportReport:
    """Patients by what became of them; ``refused`` may hold several faults of one row."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    encounters: int = 0                       # discharges that were not known before
    refused: list[RowFault] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)   # columns or sheets that were left out

    @property
    def refused_rows(self) -> int:
        """How many rows of the file were not taken."""
        return len({fault.row for fault in self.refused})

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "created": self.created, "updated": self.updated, "unchanged": self.unchanged,
            "encounters": self.encounters, "refused_rows": self.refused_rows,
            "refused": [{"row": fault.row, "column": fault.column, "value": fault.value,
                         "reason": {"zh": fault.reason.zh, "en": fault.reason.en}}
                        for fault in self.refused],
            "notes": [{"zh": note.zh, "en": note.en} for note in self.notes],
        }

    def to_csv(self) -> bytes:
        """The refused rows for a spreadsheet: UTF-8 with BOM, no cell can act as a formula."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["行 Row", "列 Column", "内容 Value", "原因", "Reason"])
        for fault in self.refused:
            writer.writerow([fault.row, *map(inert, (fault.column, fault.value, fault.reason.zh,
                                                     fault.reason.en))])
        return out.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """``text`` as a spreadsheet shows it and never runs it: a quote goes before =, +, -, @."""
    return f"'{text}" if text.startswith(_ACTIVE) or text.lstrip().startswith(_ACTIVE) else text


def shown(value: str, *, phone: bool = False) -> str:
    """A cell's content for the report: short, and nothing in it that could be dialled."""
    if phone:
        value = mask_phone(value)
    value = _PHONE_LIKE.sub(lambda found: mask_phone(found.group()), value)
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
