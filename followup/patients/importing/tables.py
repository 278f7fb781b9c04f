"""Bytes to a table of text cells: CSV in the encodings hospitals send, and Excel's .xlsx.

Row numbers are those a person sees in a spreadsheet. A cell that cannot be told as text (a
formula, an error, a number too long for Excel to keep) is a ``Fault`` in its place.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from charset_normalizer import from_bytes

from followup.patients.importing import xlsx
from followup.patients.importing.columns import HEADER_WITHIN, known
from followup.patients.importing.report import CellFault, ListRefused, Said

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 200
_MOST_ROWS = MAX_ROWS + HEADER_WITHIN
_MAX_CELL = 4_000
_EXACT = 10 ** 15                 # Excel keeps 15 digits of a number
_TEXT_MARK = re.compile(r'="([^"]*)"')      # ="0123": how CSV exports keep leading zeros

Cell = str | CellFault


@dataclass(frozen=True)
class Table:
    """Rows that hold anything, each with its number; ``notes`` tell what was left aside."""

    rows: list[tuple[int, list[Cell]]]
    notes: tuple[Said, ...] = ()
    epoch: date = date(1899, 12, 30)      # day 0 of date numbers


def read_table(data: bytes) -> Table:
    """The first sheet of a CSV or .xlsx file, told apart by content; ListRefused says why not."""
    if len(data) > MAX_BYTES:
        raise ListRefused(f"文件超过 {MAX_BYTES >> 20} MB，请分成几个文件",
                          f"the file is over {MAX_BYTES >> 20} MB: split it")
    if not data.strip():
        raise ListRefused("文件是空的", "the file is empty")
    if data.startswith(b"PK"):
        sheet = xlsx.read_sheet(data, MAX_COLUMNS, _MOST_ROWS)
        rows = ((number, [_excel_cell(value) for value in values]) for number, values in sheet.rows)
        return Table(_bounded(rows), sheet.notes, sheet.epoch)
    _refuse_other_formats(data)
    return Table(_bounded(_csv_rows(_decode(data))))


def _refuse_other_formats(data: bytes) -> None:
    start = data[:512].lstrip().lower()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ListRefused("这是旧版 Excel（.xls）或加密的文件：请另存为 .xlsx 或 CSV",
                          "an old .xls or an encrypted file: save it as .xlsx or CSV")
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise ListRefused("这是网页格式的表格：请用 Excel 打开后另存为 .xlsx",
                          "a web page, not a spreadsheet: open it in Excel and save as .xlsx")
    if start.startswith(b"%pdf") or (b"\0" in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff")):
        raise ListRefused("不是 CSV 或 .xlsx 文件", "neither CSV nor .xlsx")


def _decode(data: bytes) -> str:
    """UTF-16 by its mark, UTF-8 if it is, else the Chinese encoding in which the header reads."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        guesses = from_bytes(data, cp_isolation=["gb18030", "big5hkscs"])
        candidates = ["utf-8-sig", *(guess.encoding for guess in guesses), "gb18030"]
    texts = []
    for encoding in candidates:
        try:
            texts.append(data.decode(encoding))
        except UnicodeDecodeError:
            continue
        if encoding.startswith("utf"):
            break
    if not texts:
        raise ListRefused("无法识别文字编码：请另存为 UTF-8 的 CSV",
                          "the encoding is neither UTF-8 nor GB18030: save as CSV UTF-8")
    return max(texts, key=lambda text: known(re.split(r"[,;\t\r\n]", text[:2000])))


def _csv_rows(text: str) -> Iterator[tuple[int, list[Cell]]]:
    top = text[:4000].splitlines()[:HEADER_WITHIN]
    delimiter = max(",;\t", key=lambda char: max(
        (known(line.replace('"', "").split(char)) for line in top), default=0))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, [_csv_cell(cell) for cell in cells[:MAX_COLUMNS]]
    except csv.Error as error:
        raise ListRefused(f"第 {number + 1} 行：引号不成对或单元格过长",
                          f"row {number + 1}: a quote is not closed, or a cell is too long"
                          ) from error


def _bounded(rows: Iterator[tuple[int, list[Cell]]]) -> list[tuple[int, list[Cell]]]:
    kept = []
    for number, cells in rows:
        if any(cell != "" for cell in cells):
            kept.append((number, cells))
        if len(kept) > _MOST_ROWS:
            raise ListRefused(f"超过 {MAX_ROWS} 行，请分成几个文件",
                              f"more than {MAX_ROWS} rows: split the file")
    return kept


def _csv_cell(text: str) -> Cell:
    marked = _TEXT_MARK.fullmatch(text.strip())
    return _text(marked[1] if marked else text)


def _text(text: str) -> Cell:
    if len(text) > _MAX_CELL:
        return CellFault(f"内容超过 {_MAX_CELL} 个字", f"longer than {_MAX_CELL} characters")
    return text.strip().strip("\ufeff")


def _excel_cell(value: object) -> Cell:
    """An openpyxl value as text: dates in ISO form, whole numbers without a point."""
    match value:
        case None:
            return ""
        case CellFault():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            if not math.isfinite(value) or abs(value) >= _EXACT:
                return CellFault("数字超过 15 位，Excel 已丢失末位：请将该列设为文本后重填",
                                 "over 15 digits, of which Excel keeps 15: make the column text")
            return str(int(value)) if value == int(value) else repr(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return _text(str(value))
