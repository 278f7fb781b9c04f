"""Phone numbers as people type them, and what may be dialled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.errors import InvalidInput
from followup.patients.phones import (
    DialFormat,
    DialNumber,
    InvalidPhone,
    NumberNotAllowed,
    check_allowed,
    parse_phone,
    to_dial,
)

CHINA = ("+86",)


@pytest.mark.parametrize("typed", [
    "13800138000", "138 0013 8000", "138-0013-8000", "１３８００１３８０００", "+86 13800138000",
    "0086-138-0013-8000", "86 13800138000", "（+86）138–0013–8000", "'13800138000",
    "\u202d13800138000\u202c", " 13800138000\t", "013800138000",
])
def test_every_way_to_type_a_mobile_is_the_same_number(typed: str) -> None:
    assert parse_phone(typed, "CN") == "+8613800138000"


@pytest.mark.parametrize(("typed", "e164"), [
    ("0315-5550100", "+863155550100"), ("（０３１５）５５５０１００", "+863155550100"),
    ("010 6555 0100", "+861065550100"), ("+1 (650) 253-0000", "+16502530000"),
    ("+44 20 7946 0018", "+442079460018"), ("0085223456789", "+85223456789"),
])
def test_landlines_and_foreign_numbers(typed: str, e164: str) -> None:
    assert parse_phone(typed, "CN") == e164


@pytest.mark.parametrize("typed", [
    "", "   ", "无", "5550100", "110", "120", "12345", "95588", "4008001234", "13800138",
    "138001380001", "1.38E+10", "13800138000/13900139000", "13800138000、13900139000",
    "0315-5550100转801", "13800138000,,1", "1380013${8000}", "13800138000@evil", "1-800-FLOWERS",
    "13800138000&PJSIP/agent", "++8613800138000", "+8613800138000;ext=5", "13800\n138000x",
])
def test_what_is_not_one_personal_number_is_refused_in_both_languages(typed: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        parse_phone(typed, "CN")
    assert caught.value.field == "phone"
    assert "13800138000" in caught.value.expected
    assert any("一" <= char <= "鿿" for char in caught.value.zh)
    digits = "".join(filter(str.isdigit, typed))
    assert len(digits) < 7 or digits not in caught.value.message      # never repeated in a message


@given(st.text(max_size=30))
def test_any_text_gives_a_number_or_a_clear_refusal(typed: str) -> None:
    try:
        e164 = parse_phone(typed, "CN")
    except InvalidPhone:
        return
    assert e164.startswith("+")
    assert e164[1:].isascii()
    assert e164[1:].isdigit()
    assert parse_phone(e164, "CN") == e164


@pytest.mark.parametrize(("e164", "dial_format", "dialled"), [
    ("+8613800138000", "national", "13800138000"), ("+8613800138000", "e164", "8613800138000"),
    ("+8613800138000", "e164-plus", "+8613800138000"), ("+863155550100", "national", "03155550100"),
    ("+16502530000", "national", "0016502530000"), ("+16502530000", "e164", "16502530000"),
])
def test_the_trunk_gets_the_form_it_expects(e164: str, dial_format: DialFormat,
                                            dialled: str) -> None:
    assert to_dial(e164, dial_format, "CN", ["+86", "+1"]) == dialled


def test_a_number_outside_the_allowed_prefixes_is_never_dialled() -> None:
    with pytest.raises(NumberNotAllowed):
        to_dial("+16502530000", "national", "CN", CHINA)
    with pytest.raises(NumberNotAllowed):
        check_allowed("+8613800138000", [])
    with pytest.raises(NumberNotAllowed):
        check_allowed("+8613800138000", ["", "86", "+"])
    check_allowed("+8613800138000", CHINA)


@pytest.mark.parametrize("stored", ["13800138000", "+8613800138000&x", "+86138\r\nAction: Command",
                                    "+86400800123400", "+８６１３８００１３８０００", ""])
def test_a_stored_number_that_is_not_e164_is_not_dialled(stored: str) -> None:
    with pytest.raises(InvalidInput):
        to_dial(stored, "e164", "CN", CHINA)


@pytest.mark.parametrize("text", ["", "12", "1234567890123456", "138&139", "138@trunk", "138,1",
                                  "${X}", "138\n", "１３８００", "+", "138+1", "*67138"])
def test_nothing_but_digits_becomes_a_dial_number(text: str) -> None:
    with pytest.raises(InvalidInput):
        DialNumber(text)


def test_a_dial_number_goes_into_a_dial_string_as_it_is() -> None:
    assert f"PJSIP/{DialNumber('13800138000')}@trunk" == "PJSIP/13800138000@trunk"
