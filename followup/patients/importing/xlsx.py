"""Opening an .xlsx from a stranger: what the zip claims is checked before anything is unpacked."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from followup.patients.importing.report import CellFault, ListRefused, Said

MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 100                  # a sheet of text shrinks some 5 to 20 times
MAX_PARTS = 1_000
_RATIO_FROM = 1024 * 1024        # small parts of nothing but zeros do no harm
_LAST_ROW = 1_048_576            # Excel's own limit

# what zipfile, expat and openpyxl raise on a damaged file
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, InvalidFileException, SyntaxError,
            LookupError, ValueError, TypeError, AttributeError, ArithmeticError, EOFError, OSError,
            RuntimeError)


@dataclass(frozen=True)
class Sheet:
    """Rows of the first sheet that hold anything: number as Excel shows it, openpyxl's values."""

    rows: list[tuple[int, list[Any]]]
    notes: tuple[Said, ...]
    epoch: date


def read_sheet(data: bytes, max_columns: int, max_rows: int) -> Sheet:
    """The first sheet; ListRefused when damaged, protected, or unpacking to too much.

    At most one row more than ``max_rows`` is read, so that the caller can tell.
    """
    try:
        _check_zip(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")      # openpyxl tells of styles that it drops
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False,
                                 keep_links=False)
    except _DAMAGED as error:
        raise _damaged() from error
    if not book.worksheets:
        raise ListRefused("工作簿里没有工作表", "the workbook has no sheet")
    first, *others = book.worksheets
    names = [sheet.title for sheet in others]
    notes = (Said(f"只读取了第一个工作表，未读取：{'、'.join(names)}",
                  f"only the first sheet was read, not: {', '.join(names)}"),) if names else ()
    return Sheet(_rows(first, max_columns, max_rows), notes, book.epoch.date())


def _rows(sheet: Any, max_columns: int, max_rows: int) -> list[tuple[int, list[Any]]]:
    rows = []
    try:
        sheet.reset_dimensions()                 # what the file says of its size may be wrong
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cells_of = sheet.iter_rows(max_row=_LAST_ROW, max_col=max_columns)
            for number, cells in enumerate(cells_of, start=1):
                if any(cell.value is not None for cell in cells):
                    rows.append((number, [_value(cell) for cell in cells]))
                if len(rows) > max_rows:
                    break
    except _DAMAGED as error:
        raise _damaged() from error
    return rows


def _value(cell: Any) -> Any:
    if cell.data_type == "f":
        return CellFault("单元格是公式：请复制后“选择性粘贴为数值”",
                         "a formula: paste it as a value")
    if cell.data_type == "e":
        return CellFault("单元格是错误值（如 #N/A）", "an error value such as #N/A")
    return cell.value


def _check_zip(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            raise ListRefused("不是 .xlsx 工作簿", "not an .xlsx workbook")
        unpacked = sum(part.file_size for part in parts)
        packed = sum(part.compress_size for part in parts)
        # zipfile never gives out more than a part's declared size, so the claims can be trusted
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or packed > len(data):
            raise _bomb()
        if any(part.file_size > max(_RATIO_FROM, MAX_RATIO * part.compress_size) for part in parts):
            raise _bomb()
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                _refuse_dtd(archive, part)


def _refuse_dtd(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Entities that grow or read files need a DTD, and Excel never writes one."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(1 << 20):
            seen = tail + chunk.replace(b"\0", b"")      # UTF-16 too
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise ListRefused("工作簿含有 XML 实体定义，已拒绝",
                                  "the workbook defines XML entities: refused")
            tail = seen[-16:]


def _bomb() -> ListRefused:
    return ListRefused("工作簿解压后过大，已拒绝；请另存为 CSV",
                       "the workbook unpacks to far more than its size: refused; save it as CSV")


def _damaged() -> ListRefused:
    return ListRefused("工作簿已损坏或受密码保护：请在 Excel 中打开后另存为 .xlsx",
                       "the workbook is damaged or protected: open it in Excel, save as .xlsx")
