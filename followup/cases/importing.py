"""Cases from a CSV or Excel list: each faulty row is named, the others are kept.

The same list again changes nothing.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.intake import OWN, Fault, NotTaken, Wrong, check
from followup.cases.models import Channel
from followup.cases.register import By, store
from followup.cases.setup import load_setup
from followup.cases.states import CaseKind
from followup.database.base import now
from followup.errors import InvalidInput
from followup.patients.importing.report import ListRefused as NoTable
from followup.patients.importing.tables import read_table

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5000
SOURCE = "import"
UNREAD = "\0"                # a cell of a workbook that is no plain value
# the columns that are read; others are left out and told
HEADERS = {
    "external_id": ("外部编号", "编号", "工单号", "external id"),
    "kind": ("类型", "kind"), "channel": ("渠道", "来源", "channel"),
    "category": ("分类", "类别", "category"), "severity": ("严重程度", "级别", "severity"),
    "patient": ("病历号", "mrn", "patient"), "departments": ("涉及科室", "科室", "departments"),
    "people": ("涉及人员", "人员", "people"), "reporter": ("反映人", "投诉人", "reporter"),
    "contact": ("联系方式", "contact"), "happened_on": ("发生日期", "日期", "happened on"),
    "description": ("内容", "描述", "description"),
}
NEEDED = ("external_id", "kind", "channel", "description")
# what people write for our words
WORDS: dict[str, dict[str, str]] = {
    "kind": {"投诉": CaseKind.COMPLAINT, "表扬": CaseKind.PRAISE},
    "channel": {"电话": Channel.PHONE, "随访": Channel.FOLLOW_UP, "来访": Channel.VISIT,
                "现场": Channel.VISIT, "来信": Channel.LETTER, "网站": Channel.WEB,
                "网络": Channel.WEB, "微信": Channel.WECHAT, "短信": Channel.SMS,
                "热线": Channel.HOTLINE, "12345": Channel.HOTLINE, "其他": Channel.OTHER},
}


class ListRefused(InvalidInput):
    """The file is no list of cases; ``reason`` is a word of ``REASONS``."""

    id = "case-list-refused"
    REASONS = ("empty", "large", "encoding", "quotes", "excel", "columns", "rows")

    def __init__(self, reason: str, expected: str) -> None:
        super().__init__(f"file: expected {expected}", field="file", expected=expected)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row was not taken; ``row`` as a spreadsheet counts, the header being 1."""

    row: int
    fault: Fault


@dataclass
class Report:
    """What became of a list."""

    created: int = 0
    known: int = 0
    faults: list[RowFault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)     # columns that mean nothing to us

    @property
    def refused(self) -> int:
        """How many rows were not taken."""
        return len({fault.row for fault in self.faults})


async def import_cases(session: AsyncSession, data: bytes, by: By, today: date) -> Report:
    """Register what a list tells. ListRefused when it is none."""
    setup = await load_setup(session)
    own = {name: each.key for each in setup.own_fields()
           for name in (each.name_en, each.name_zh) if name}
    rows, ignored = await asyncio.to_thread(read_rows, data, own)
    report = Report(ignored=ignored)
    source = By(by.username, by.name, by.address, SOURCE)
    for number, raw in rows:
        try:
            told = check(_as_told(raw), setup, today, numbered=True)
            _, new = await store(session, told, setup, source, now())
        except NotTaken as refused:
            report.faults += [RowFault(number, fault) for fault in refused.faults]
        else:
            report.created += new
            report.known += not new
    return report


def _as_told(raw: Mapping[str, str]) -> dict[str, Any]:
    """A row as ``check`` takes it: the hospital's own fields apart. NotTaken: a formula."""
    if unread := [name for name, value in raw.items() if value == UNREAD]:
        raise NotTaken(Fault(name, Wrong.NO_TEXT, "a text or number, no formula or error")
                       for name in unread)
    told: dict[str, Any] = {name: value for name, value in raw.items()
                            if value and not name.startswith("own_")}
    own = {name.removeprefix("own_"): value for name, value in raw.items()
           if value and name.startswith("own_")}
    return told | {OWN: own} if own else told


def read_rows(data: bytes, own: Mapping[str, str] | None = None,
              ) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """The rows as fields, each with its number, and the headers that were left out. ``own``: the
    hospital's own fields, name -> key."""
    if not data.strip():
        raise ListRefused("empty", "a CSV file with rows")
    if len(data) > MAX_BYTES:
        raise ListRefused("large", f"at most {MAX_BYTES >> 20} MB")
    lines = _sheet(data) if data.startswith(b"PK") else _lines(_decode(data))
    columns, ignored = _columns(next(lines, (1, []))[1], own or {})
    rows = []
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            told = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
            rows.append((number, {name: WORDS.get(name, {}).get(value, value)
                                  for name, value in told.items()}))
        if len(rows) > MAX_ROWS:
            raise ListRefused("rows", f"at most {MAX_ROWS} rows")
    return rows, ignored


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ListRefused("encoding", "text in UTF-8 or GB18030")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the sheet, numbered as a spreadsheet does it."""
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1)
    except csv.Error as error:
        raise ListRefused("quotes", "quotes that are closed") from error


def _sheet(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet of a workbook; days without the midnight that Excel adds."""
    try:
        rows = read_table(data).rows
    except NoTable as error:
        raise ListRefused("excel", error.message) from error
    for number, cells in rows:
        yield number, [cell.removesuffix(" 00:00:00") if isinstance(cell, str) else UNREAD
                       for cell in cells]


def _columns(header: list[str], own: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    names = {name.replace(" ", "").casefold(): key for name, key in own.items()}
    names |= {alias.replace(" ", ""): name for name, aliases in HEADERS.items()
              for alias in (name, *aliases)}
    found: dict[str, int] = {}
    ignored = []
    for at, title in enumerate(header):
        name = names.get(title.replace(" ", "").strip("*").casefold())
        if name is None or name in found:
            ignored += [title.strip()] if title.strip() else []
        else:
            found[name] = at
    if missing := [HEADERS[name][0] for name in NEEDED if name not in found]:
        raise ListRefused("columns", f"the columns {', '.join(missing)}")
    return found, ignored
