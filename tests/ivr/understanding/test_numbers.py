"""Numbers as people say them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ivr.understanding.lexicon import normal
from ivr.understanding.numbers import chinese_whole, english_whole, read, ways


@pytest.mark.parametrize(("said", "number"), [
    ("三十八度五", "38.5"), ("三八点五", "38.5"), ("三十八度半", "38.5"), ("三十八点五度", "38.5"),
    ("三十八五", "38.5"), ("38度5", "38.5"), ("38.5", "38.5"), ("３８．５度", "38.5"),
    ("幺二零", "120"),
    ("一百四十", "140"), ("一百二", "120"), ("一百零五", "105"), ("两百", "200"), ("十", "10"),
    ("零", "0"), ("廿五", "25"), ("卅八度半", "38.5"), ("体温是三十七度二吧", "37.2")])
def test_chinese(said: str, number: str) -> None:
    assert read(normal(said), "zh", 1)[0] == [Decimal(number)]


@pytest.mark.parametrize(("said", "number"), [
    ("thirty-eight point five", "38.5"), ("thirty eight and a half", "38.5"),
    ("one hundred and forty", "140"), ("one forty", "140"), ("a hundred", "100"), ("oh", "0"),
    ("one hundred five", "105"), ("about thirty seven degrees", "37"), ("38.5", "38.5"),
    ("thirty seven point oh five", "37.05")])
def test_english(said: str, number: str) -> None:
    assert read(normal(said), "en", 1)[0] == [Decimal(number)]


@pytest.mark.parametrize("said", ["一百四十九十", "三十八三十九", "三十六度五或者三十七度",
                                  "一百四十九", "十三十"])
def test_what_may_be_two_numbers_is_never_quietly_one(said: str) -> None:
    found, _ = read(said, "zh", 0)
    assert len(set(found)) > 1 or found == [Decimal(149)]


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "两千"), ("zh", "一万"), ("zh", "八千多"), ("zh", "大概一千二百毫升"), ("yue", "兩萬"),
    ("en", "two thousand"), ("en", "ten thousand and ten"), ("en", "a thousand two hundred")])
def test_a_number_in_thousands_is_not_taken_for_its_first_digit(language: str, said: str) -> None:
    found, _ = read(normal(said), language, 0)
    assert len(set(found)) > 1
    assert read("万一疼", "zh", 0) == ([], "万一疼")


@pytest.mark.parametrize(("said", "meant"), [
    ("两三次", {2, 3}), ("一两天", {1, 2}), ("五六次", {5, 6}), ("三、四次", {3, 4}),
    ("三五次", {3, 5}), ("三四度", {3, 4})])
def test_two_or_three_is_not_twenty_three(said: str, meant: set[int]) -> None:
    assert set(read(normal(said), "zh", 0)[0]) == meant


@pytest.mark.parametrize(("said", "number"), [
    ("三四度五", "34.5"), ("三四点五", "34.5"), ("三八", "38"), ("一二零", "120")])
def test_figures_told_one_by_one_are_one_number(said: str, number: str) -> None:
    assert read(normal(said), "zh", 1)[0] == [Decimal(number)]


def test_two_english_numbers_stay_two_where_there_can_be_no_point() -> None:
    assert len(read("thirty eight five", "en", 0)[0]) == 2
    assert len(read("thirty eight five six", "en", 1)[0]) > 1
    assert len(read("thirty eight thirty nine", "en", 1)[0]) == 2
    assert read("thirty eight five", "en", 1) == ([Decimal("38.5")], "")


def test_a_little_is_no_number() -> None:
    assert read("有一点", "zh", 0) == ([], "有一点")
    assert read("量一下三十八度五", "zh", 1) == ([Decimal("38.5")], "量一下")
    assert read("一", "zh", 0) == ([Decimal(1)], "")


@pytest.mark.parametrize(("language", "spoken"), [("zh", chinese_whole), ("en", english_whole)])
def test_every_whole_number_reads_back(language: str, spoken: object) -> None:
    assert callable(spoken)
    for number in range(1000):
        assert read(spoken(number), language, 0) == ([Decimal(number)], "")


@pytest.mark.parametrize("language", ["zh", "en", "yue"])
def test_every_way_to_say_a_temperature_reads_back(language: str) -> None:
    for tenths in range(340, 431):
        number = Decimal(tenths) / 10
        for said in ways(number, language, degrees=True):
            assert read(normal(said), language, 1) == ([number], ""), said
