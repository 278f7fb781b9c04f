"""One row of a patient list: what each cell must be, and what it becomes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from followup.errors import InvalidInput
from followup.patients.importing.report import CellFault
from followup.patients.models import Sex
from followup.patients.phones import InvalidPhone, parse_phone
from followup.patients.zones import checked_timezone

_MRN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/-]{0,38}[A-Za-z0-9])?", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9]+\.[0-9]+e\+[0-9]+", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年 ?(\d{1,2})月 ?(\d{1,2})日)"
                   r"(?:[ T]?\d{1,2}:[0-9:.]+Z?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
_EARLIEST_BIRTH = date(1895, 1, 1)
_EARLIEST_DISCHARGE = date(2000, 1, 1)

_SEX = {"男": Sex.MALE, "男性": Sex.MALE, "m": Sex.MALE, "male": Sex.MALE, "1": Sex.MALE,
        "女": Sex.FEMALE, "女性": Sex.FEMALE, "f": Sex.FEMALE, "female": Sex.FEMALE,
        "2": Sex.FEMALE, "未知": Sex.UNKNOWN, "不详": Sex.UNKNOWN, "unknown": Sex.UNKNOWN,
        "u": Sex.UNKNOWN, "0": Sex.UNKNOWN, "9": Sex.UNKNOWN}      # digits: GB/T 2261.1
_LANGUAGE = {"zh": "zh", "zh-cn": "zh", "中文": "zh", "普通话": "zh", "汉语": "zh", "国语": "zh",
             "chinese": "zh", "mandarin": "zh", "en": "en", "英语": "en", "英文": "en",
             "english": "en", "yue": "yue", "粤语": "yue", "广东话": "yue", "cantonese": "yue"}


def _plain(value: Any) -> str:
    """Text of a cell: a fault found on reading it is raised, white space made single."""
    if isinstance(value, CellFault):
        raise value
    text = " ".join(unicodedata.normalize("NFC", str(value)).split())
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") for char in text):
        raise CellFault("含有无法识别的字符", "holds control or unknown characters")
    return text


def _needed(value: Any) -> str:
    if text := _plain(value):
        return text
    raise CellFault("不能为空", "must not be empty")


def _given(info: ValidationInfo) -> dict[str, Any]:
    return dict(info.context or {})


def _mrn(value: Any) -> str:
    text = unicodedata.normalize("NFKC", _needed(value))
    if _SCIENTIFIC.fullmatch(text):
        raise CellFault("电子表格把号码变成了科学计数法：请把该列设为文本格式",
                        "the spreadsheet has shortened it: format the column as text")
    if not _MRN.fullmatch(text):
        raise CellFault("应为 1 至 40 位字母、数字或 . _ / -",
                        "expected 1 to 40 letters, digits, or . _ / -")
    return text


def _name(value: Any) -> str:
    text = _needed(value)
    letters = unicodedata.category(text[0]).startswith("L") and all(
        unicodedata.category(char)[0] in "LMN" or char in " ·•・.'’-‐()（）,，" for char in text)
    if not letters or len(text) > 60:
        raise CellFault("应为姓名：以文字开头，不超过 60 字，不含符号或公式",
                        "expected a name: starts with a letter, up to 60 characters, no symbols")
    return text


def _phone(value: Any, info: ValidationInfo) -> str:
    try:
        return parse_phone(_needed(value), _given(info)["region"])
    except InvalidPhone as error:
        raise CellFault(error.zh, error.message) from error


def _other_phone(value: Any, info: ValidationInfo) -> str | None:
    return _phone(value, info) if _plain(value) else None


def _timezone(value: Any) -> str | None:
    text = _plain(value)
    try:
        return checked_timezone(text) if text else None
    except InvalidInput as error:
        raise CellFault("应为时区，如 Asia/Shanghai", f"expected {error.expected}") from error


def _sex(value: Any) -> Sex | None:
    text = _plain(value)
    if text and text.casefold() not in _SEX:
        raise CellFault("应为 男、女 或 未知", "expected male, female or unknown")
    return _SEX[text.casefold()] if text else None


def _language(value: Any) -> str | None:
    text = _plain(value)
    if text and text.casefold() not in _LANGUAGE:
        raise CellFault("应为 普通话、英语 或 粤语", "expected zh, en or yue")
    return _LANGUAGE[text.casefold()] if text else None


def parse_date(text: str, epoch: date) -> date:
    """2026-11-20, 2026/11/20, 2026年11月20日, 20261120, with a time or not, or a date number."""
    plain = unicodedata.normalize("NFKC", text)
    try:
        if found := _SERIAL.fullmatch(plain):
            return epoch + timedelta(days=int(found[1]))
        if found := _COMPACT.fullmatch(plain):
            return date(*map(int, found.groups()))
        if found := _DATE.fullmatch(plain):
            return date(int(found[1]), int(found[3] or found[5]), int(found[4] or found[6]))
    except ValueError as error:
        raise CellFault("没有这一天", "there is no such day") from error
    raise CellFault("应为日期，如 2026-11-20 或 2026年11月20日",
                    "expected a date such as 2026-11-20")


def _birth_date(value: Any, info: ValidationInfo) -> date | None:
    text = _plain(value)
    if not text:
        return None
    day = parse_date(text, _given(info)["epoch"])
    if not _EARLIEST_BIRTH <= day <= _given(info)["today"]:
        raise CellFault("出生日期应在 1895 年之后，且不晚于今天",
                        "expected a day from 1895 until today")
    return day


def _discharged_on(value: Any, info: ValidationInfo) -> date:
    day = parse_date(_needed(value), _given(info)["epoch"])
    if not _EARLIEST_DISCHARGE <= day <= _given(info)["today"]:
        raise CellFault("出院日期应在 2000 年之后，且不晚于今天",
                        "expected a day from 2000 until today")
    return day


def _text(most: int, *, needed: bool = False) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        text = _needed(value) if needed else _plain(value)
        if len(text) > most:
            raise CellFault(f"不应超过 {most} 字", f"expected up to {most} characters")
        return text or None
    return check


class PatientRow(BaseModel):
    """A row that fits. ``None`` means the list does not say: what is known already stays.

    Validate with a context: ``region`` (ISO 3166), ``today`` and ``epoch`` (dates).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mrn: Annotated[str, BeforeValidator(_mrn)]
    name: Annotated[str, BeforeValidator(_name)]
    sex: Annotated[Sex | None, BeforeValidator(_sex)] = None
    birth_date: Annotated[date | None, BeforeValidator(_birth_date)] = None
    phone: Annotated[str, BeforeValidator(_phone)]
    phone2: Annotated[str | None, BeforeValidator(_other_phone)] = None
    relative_phone: Annotated[str | None, BeforeValidator(_other_phone)] = None
    relation: Annotated[str | None, BeforeValidator(_text(20))] = None
    timezone: Annotated[str | None, BeforeValidator(_timezone)] = None
    language: Annotated[str | None, BeforeValidator(_language)] = None
    department: Annotated[str, BeforeValidator(_text(60, needed=True))]
    discharged_on: Annotated[date, BeforeValidator(_discharged_on)]
    diagnosis: Annotated[str | None, BeforeValidator(_text(500))] = None
    operation: Annotated[str | None, BeforeValidator(_text(500))] = None
    attending_doctor: Annotated[str | None, BeforeValidator(_text(60))] = None

    @model_validator(mode="after")
    def _born_before(self) -> PatientRow:
        if self.birth_date and self.birth_date > self.discharged_on:
            raise CellFault("出生日期晚于出院日期", "the birth date is after the discharge")
        return self


