"""Small patient lists for tests, as CSV bytes and as workbooks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter

from followup.patients.importing import PatientList, read

TODAY = date(2026, 11, 24)
HEADER = ("病历号", "姓名", "性别", "出生日期", "电话", "科室", "诊断", "手术", "主治医生",
          "出院日期", "语言")
WANG = ("H1001", "王秀英", "女", "1958-03-02", "13800130101", "心内科", "冠心病", "PCI", "李强",
        "2026-11-20", "普通话")
SMITH = ("H1002", "John O'Neil", "男", "1970-01-31", "+1 650 253 0000", "骨科", "骨折", "", "赵敏",
         "2026-11-21", "英语")


def changed(row: Sequence[str], **cells: str) -> tuple[str, ...]:
    """``row`` with other cells; the keys are header names."""
    return tuple(cells.get(title, cell) for title, cell in zip(HEADER, row, strict=True))


def as_csv(*rows: Sequence[str], header: Sequence[str] = HEADER, delimiter: str = ",",
           encoding: str = "utf-8") -> bytes:
    """Rows below a header; cells must not need quotes."""
    return "\r\n".join(delimiter.join(row) for row in (header, *rows)).encode(encoding)


def as_xlsx(*rows: Sequence[Any], header: Sequence[str] = HEADER, titles: int = 0,
            more_sheets: Sequence[str] = (), **options: Any) -> bytes:
    """A workbook whose first sheet holds the rows; dates become real dates of Excel."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("出院")
    for number, row in enumerate((header, *rows), start=titles):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, str) and value.startswith("FORMULA "):
                sheet.write_formula(number, column, value.removeprefix("FORMULA "))
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            elif value is not None:
                sheet.write(number, column, value)
    for title in more_sheets:
        book.add_worksheet(title)
    book.close()
    return out.getvalue()


def read_list(data: bytes) -> PatientList:
    """As the hospital in China reads it on the day of these tests."""
    return read(data, region="CN", today=TODAY)
