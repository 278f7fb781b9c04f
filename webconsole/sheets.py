"""Tables for spreadsheets, as CSV or .xlsx; no cell can act as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from aiohttp import web
from openpyxl import Workbook

from followup.errors import InvalidInput
from followup.patients.importing.report import inert

Cell = str | int | float | None
Rows = Iterable[Sequence[Cell]]
FORMATS = ("csv", "xlsx")
_TYPES = {"csv": "text/csv", "pdf": "application/pdf",
          "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def wanted_format(request: web.Request, formats: Sequence[str] = FORMATS) -> str:
    """The ``format`` of the address, csv where it has none; InvalidInput if it is none of these."""
    kind = request.query.get("format", "csv")
    if kind not in formats:
        expected = ", ".join(formats)
        raise InvalidInput(f"format: expected one of {expected}", field="format",
                           expected=expected)
    return kind


def table(rows: Rows, kind: str) -> bytes:
    """The rows as a file of one of ``FORMATS``. Blocking."""
    safe = [[inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return _csv(safe) if kind == "csv" else _xlsx(safe)


def _csv(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")          # Excel takes UTF-8 by its mark only


def _xlsx(rows: Rows) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def download(content: bytes, name: str, kind: str) -> web.Response:
    """``content`` as a file to save; ``name`` without ending, ASCII."""
    return web.Response(body=content, content_type=_TYPES[kind], headers={
        "Content-Disposition": f'attachment; filename="{name}.{kind}"'})
