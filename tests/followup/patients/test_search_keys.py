"""By what letters a patient is found."""

from __future__ import annotations

import pytest

from followup.patients.search_keys import fold, last_digits, search_keys


def found(typed: str, name: str, mrn: str = "MR2026001") -> bool:
    return any(key.startswith(fold(typed)) for key in search_keys(name, mrn))


@pytest.mark.parametrize(("typed", "name"), [
    ("王", "王秀英"), ("秀英", "王秀英"), ("wangxiu", "王秀英"), ("Wang Xiuying", "王秀英"),
    ("xiuying", "王秀英"), ("wxy", "王秀英"), ("WXY", "王秀英"), ("oywb", "欧阳文博"),
    ("wenbo", "欧阳文博"), ("lvceng", "吕曾"), ("luceng", "吕曾"), ("lüceng", "吕曾"),
    ("zengguo", "曾国强"), ("cengguo", "曾国强"), ("shan", "单雄"), ("emily", "Emily Carter"),
    ("carter", "Emily Carter"), ("emilyc", "Emily Carter"), ("ec", "Emily Carter"),
    ("lefevre", "Camille Lefèvre"), ("艾山", "买买提·艾山"), ("aishan", "买买提·艾山"),
    ("ＷＸＹ", "王秀英"), ("mr2026", "王秀英"), ("2026001", "王秀英")])
def test_what_people_type_finds_the_patient(typed: str, name: str) -> None:
    assert found(typed, name)


@pytest.mark.parametrize("typed", ["xw", "王英", "angxiu", "lihong", "026001"])
def test_other_letters_do_not(typed: str) -> None:
    assert not found(typed, "王秀英")


def test_a_name_of_signs_and_a_number_that_is_long_have_keys_too() -> None:
    assert search_keys("', \\ {", "") == []
    assert all(0 < len(key) <= 60 for key in search_keys("张" * 200, "9" * 200))


@pytest.mark.parametrize(("typed", "digits"), [
    ("0001", "1000"), ("138 0013-8000", "00083100831"), ("+8613800138000", "0008310083168"),
    ("００01", "1000"), ("001", None), ("12a4", None), ("", None), ("王秀英", None)])
def test_only_digits_are_the_end_of_a_number(typed: str, digits: str | None) -> None:
    assert last_digits(typed) == digits
