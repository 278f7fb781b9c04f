"""Phone numbers: from what hospitals type to E.164, and from E.164 to what may be dialled.

``DialNumber`` is the only thing that may become part of a dial string: nothing but digits (and
one leading plus) fits into it. Messages here never hold the number itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, Self

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from followup.errors import InvalidInput

DialFormat = Literal["national", "e164", "e164-plus"]

EXPECTED = "a number such as 13800138000, 0315-555 0100 or +1 650 253 0000"

_DIALABLE = re.compile(r"\+?[0-9]{3,15}", re.ASCII)
_PREFIX = re.compile(r"\+[1-9][0-9]{0,8}", re.ASCII)
_TYPED = re.compile(r"\(?\+?[0-9 ().-]+", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?e\+?[0-9]+", re.ASCII | re.IGNORECASE)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー"), "-")
# patients are people: premium, shared-cost and company-wide numbers are never theirs
_PERSONAL = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE,
                       PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP,
                       PhoneNumberType.PERSONAL_NUMBER})


class InvalidPhone(InvalidInput):
    """The text is not one phone number that a patient can have; ``zh`` says so in Chinese."""

    id = "invalid-phone"

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en, field="phone", expected=EXPECTED, zh=zh)
        self.zh = zh


class NumberNotAllowed(InvalidInput):
    """The number lies outside the prefixes that the trunk may call."""

    id = "number-not-allowed"


class DialNumber(str):
    """Three to 15 digits, perhaps after a plus: safe within a dial string or a dialplan."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not _DIALABLE.fullmatch(value):
            raise InvalidInput("a number to dial holds digits only", field="number",
                               expected="3 to 15 digits, perhaps after a plus")
        return super().__new__(cls, value)


def parse_phone(text: str, region: str = "CN") -> str:
    """E.164 (``+8613800138000``) of a number as people type it; InvalidPhone says what is wrong.

    ``region`` (ISO 3166, e.g. ``CN``) is where a number without country code belongs. Spaces,
    dashes, brackets, full-width digits, ``+86``, ``0086`` and area codes are all fine.
    """
    typed = _tidy(text)
    if not typed:
        raise InvalidPhone("the phone number is empty", "电话号码是空的")
    if _SCIENTIFIC.fullmatch(typed):
        raise InvalidPhone("the spreadsheet has shortened the number: format the column as text",
                           "电子表格把号码变成了科学计数法：请把该列设为文本格式")
    if not _TYPED.fullmatch(typed):
        raise InvalidPhone("expected one phone number of digits, without extension or remark",
                           "只能填一个电话号码，不能带分机号或备注")
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(f"not a phone number; expected {EXPECTED}",
                           "不是电话号码；例如 13800138000、0315-5550100") from error
    _check(number, region)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def check_allowed(e164: str, prefixes: Iterable[str]) -> None:
    """NumberNotAllowed unless ``e164`` starts with one of ``prefixes`` (``+86``): toll fraud."""
    if not any(_PREFIX.fullmatch(prefix) and e164.startswith(prefix) for prefix in prefixes):
        raise NumberNotAllowed("the number lies outside what the trunk may call", field="phone",
                               expected="a prefix of trunk.allowed_prefixes")


def to_dial(e164: str, dial_format: DialFormat, region: str,
            allowed_prefixes: Iterable[str]) -> DialNumber:
    """What the trunk is asked to dial for ``e164``; InvalidInput when it may not be called.

    ``national``: as dialled from a phone in ``region`` (mobiles bare, landlines with their area
    code, other countries after 00); ``e164``: country code first; ``e164-plus``: with the plus.
    """
    if not re.fullmatch(r"\+[1-9][0-9]{5,14}", e164, re.ASCII):
        raise InvalidPhone("the stored number is not E.164", "保存的号码不是 E.164 格式")
    check_allowed(e164, allowed_prefixes)
    number = phonenumbers.parse(e164)
    _check(number, region)
    if dial_format == "e164-plus":
        return DialNumber(e164)
    if dial_format == "e164":
        return DialNumber(e164[1:])
    dialled = phonenumbers.format_out_of_country_calling_number(number, region)
    return DialNumber("".join(char for char in dialled if char in "0123456789"))


def _tidy(text: str) -> str:
    """Full-width to ASCII, every dash to ``-``, invisible marks and Excel's text marks gone."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(plain.split()).lstrip("'")


def _check(number: PhoneNumber, region: str) -> None:
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone("no such number exists: check its length, and a landline's area code",
                           "号码不存在：请检查位数，座机要带区号")
    if phonenumbers.number_type(number) not in _PERSONAL:
        raise InvalidPhone("a service number, not a patient's phone",
                           "这是服务号码，不是患者的电话")
