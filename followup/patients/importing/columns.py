"""Which column of a list holds what: header names in Chinese and English."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from followup.patients.importing.report import ListRefused, Said

# the first two names of each are what messages call it, in Chinese and in English
ALIASES: dict[str, tuple[str, ...]] = {
    "mrn": ("病历号", "MRN", "病案号", "住院号", "患者编号", "medical record number", "patient id"),
    "name": ("姓名", "Name", "患者姓名", "病人姓名", "patient name", "full name"),
    "sex": ("性别", "Sex", "gender"),
    "birth_date": ("出生日期", "Birth date", "生日", "出生年月日", "date of birth", "dob",
                   "birthdate", "birthday"),
    "phone": ("电话", "Phone", "手机", "手机号", "手机号码", "电话号码", "联系电话", "患者电话",
              "联系方式", "mobile", "telephone", "tel", "phone number"),
    "department": ("科室", "Department", "出院科室", "病区", "ward", "dept"),
    "diagnosis": ("诊断", "Diagnosis", "出院诊断", "主要诊断", "discharge diagnosis"),
    "operation": ("手术", "Operation", "手术名称", "surgery", "procedure"),
    "attending_doctor": ("主治医生", "Attending doctor", "主治医师", "主管医生", "经治医生", "医生",
                         "attending", "attending physician", "doctor"),
    "discharged_on": ("出院日期", "Discharge date", "出院时间", "discharged on", "discharged",
                      "date of discharge"),
    "phone2": ("备用电话", "Second phone", "电话2", "备用手机", "备用号码", "phone 2",
               "other phone"),
    "relative_phone": ("家属电话", "Relative's phone", "家属手机", "联系人电话", "紧急联系电话",
                       "relative phone", "emergency phone", "next of kin phone"),
    "relation": ("家属关系", "Relation", "与患者关系", "relationship"),
    "timezone": ("时区", "Time zone", "timezone"),
    "language": ("语言", "Language", "沟通语言", "preferred language"),
}
REQUIRED = ("mrn", "name", "phone", "department", "discharged_on")
HEADER_WITHIN = 10     # a title or two may stand above the header


def _key(header: str) -> str:
    plain = unicodedata.normalize("NFKC", header).casefold()
    return "".join(char for char in plain if char.isalnum())


_FIELD_OF = {_key(alias): field for field, aliases in ALIASES.items() for alias in aliases}


@dataclass(frozen=True)
class Layout:
    """Where the header is (row as in the sheet), and each field's column index and title."""

    header_row: int
    index: dict[str, int]
    title: dict[str, str]
    notes: tuple[Said, ...]


def known(cells: Sequence[str]) -> int:
    """How many of ``cells`` are names of columns we know."""
    return sum(_key(cell) in _FIELD_OF for cell in cells)


def find_layout(rows: Sequence[tuple[int, Sequence[str]]]) -> Layout:
    """Find the header among the first ``rows`` (number, cells); ListRefused names what is amiss."""
    head = [row for row in rows if any(row[1])][:HEADER_WITHIN]
    if not head:
        raise ListRefused("文件是空的", "the file is empty")
    number, cells = max(head, key=lambda row: (known(row[1]), -row[0]))
    index: dict[str, int] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for position, cell in enumerate(cells):
        field = _FIELD_OF.get(_key(cell))
        if field is None:
            if cell:
                unknown.append(cell[:30])
        elif field in index:
            twice.append(f"{cells[index[field]]} / {cell}")
        else:
            index[field] = position
    missing = [field for field in REQUIRED if field not in index]
    if missing:
        zh = "、".join(ALIASES[field][0] for field in missing)
        en = ", ".join(ALIASES[field][1] for field in missing)
        raise ListRefused(f"第 {number} 行应为表头，缺少列：{zh}",
                          f"row {number} should be the header; columns missing: {en}")
    if twice:
        names = "; ".join(twice)
        raise ListRefused(f"以下列重复，请只保留一列：{names}",
                          f"these columns say the same thing, keep one of each: {names}")
    notes = (Said(f"未使用的列：{'、'.join(unknown)}", f"columns not used: {', '.join(unknown)}"),
             ) if unknown else ()
    return Layout(number, index, {field: cells[at] for field, at in index.items()}, notes)
