"""Tables for spreadsheets, as CSV or .xlsx, made line by line; no cell can act as a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol
from xml.sax.saxutils import escape

from aiohttp import web
from openpyxl import Workbook

from followup.errors import InvalidInput
from followup.patients.importing.report import inert

Cell = str | int | float | None
Rows = Iterable[Sequence[Cell]]
FORMATS = ("csv", "xlsx")
# of a file, its head aside: what a person still opens, and far from 4 GB, from where on Excel
# takes a sheet for a broken one
MOST = {"csv": 1_000_000, "xlsx": 200_000}
_TYPES = {"csv": "text/csv", "pdf": "application/pdf",
          "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_SHEET = "xl/worksheets/sheet1.xml"
_LONGEST = 32_767                # characters that a cell of Excel takes
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def wanted_format(request: web.Request, formats: Sequence[str] = FORMATS) -> str:
    """The ``format`` of the address, csv where it has none; InvalidInput if it is none of these."""
    kind = request.query.get("format", "csv")
    if kind not in formats:
        expected = ", ".join(formats)
        raise InvalidInput(f"format: expected one of {expected}", field="format",
                           expected=expected)
    return kind


class Sheet(Protocol):
    """A file in the making: each call gives the bytes that come next."""

    def add(self, rows: Rows) -> bytes:
        """So many lines more."""
        ...

    def end(self) -> bytes:
        """What closes the file."""
        ...

    def drop(self) -> None:
        """It is not wanted any more."""
        ...


def sheet(kind: str) -> Sheet:
    """A new file of one of ``FORMATS``."""
    return _Csv() if kind == "csv" else _Xlsx()


def table(rows: Rows, kind: str) -> bytes:
    """The rows as a whole file. Blocking."""
    made = sheet(kind)
    return made.add(rows) + made.end()


class _Csv:
    def __init__(self) -> None:
        self._mark = "\ufeff"            # Excel takes UTF-8 by its mark only

    def add(self, rows: Rows) -> bytes:
        out = io.StringIO()
        out.write(self._mark)
        self._mark = ""
        csv.writer(out).writerows([_safe(cell) for cell in row] for row in rows)
        return out.getvalue().encode("utf-8", "replace")

    def drop(self) -> None:
        pass

    def end(self) -> bytes:
        return b""


class _Xlsx:
    """A workbook whose one sheet is written as it comes; openpyxl makes all that is around it."""

    def __init__(self) -> None:
        self._out = _Pipe()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED)
        for name, content in _around():
            self._zip.writestr(name, content)
        self._sheet = self._zip.open(_SHEET, "w")
        self._sheet.write(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
                          b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
                          b'2006/main"><sheetData>')

    def add(self, rows: Rows) -> bytes:
        for row in rows:
            self._sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
        return self._out.take()

    def drop(self) -> None:
        self._sheet.close()
        self._zip.close()
        self._out.take()

    def end(self) -> bytes:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._zip.close()
        return self._out.take()


class _Pipe(io.RawIOBase):
    """What a ZipFile writes to, front to back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:      # type: ignore[override]
        self._parts.append(bytes(content))
        return len(content)

    def take(self) -> bytes:
        """What was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


@cache
def _around() -> list[tuple[str, bytes]]:
    """All parts of a workbook but the sheet."""
    book, out = Workbook(write_only=True), io.BytesIO()
    book.create_sheet()
    book.save(out)
    with zipfile.ZipFile(out) as made:
        return [(name, made.read(name)) for name in made.namelist() if name != _SHEET]


def _cell(value: Cell) -> str:
    safe = _safe(value)
    if safe is None or safe == "":
        return "<c/>"
    if not isinstance(safe, str):
        return f"<c><v>{safe}</v></c>"
    told = escape(_NOT_IN_XML.sub("", safe)[:_LONGEST])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'


def _safe(cell: Cell) -> Cell:
    return inert(cell) if isinstance(cell, str) else cell


def headers(name: str, kind: str) -> dict[str, str]:
    """Of an answer that is a file to save; ``name`` without ending, ASCII."""
    return {"Content-Type": _TYPES[kind],
            "Content-Disposition": f'attachment; filename="{name}.{kind}"'}


def download(content: bytes, name: str, kind: str) -> web.Response:
    """``content`` as a file to save."""
    return web.Response(body=content, headers=headers(name, kind))
