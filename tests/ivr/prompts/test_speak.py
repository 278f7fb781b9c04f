"""Numbers, dates and names as people say them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ivr.prompts.prompt import Value
from ivr.prompts.speak import (
    chinese_number,
    english_number,
    fill,
    latin_name,
    name_pinyin,
    pinyin,
    plain,
)


@pytest.mark.parametrize(("digits", "words"), [
    ("0", "零"), ("7", "七"), ("10", "十"), ("11", "十一"), ("20", "二十"), ("38", "三十八"),
    ("38.5", "三十八点五"), ("36.0", "三十六点零"), ("100", "一百"), ("105", "一百零五"),
    ("110", "一百一十"), ("140", "一百四十"), ("1005", "一千零五"), ("1050", "一千零五十"),
    ("10010", "一万零一十"), ("05", "零五"), ("20260305", "二零二六零三零五")])
def test_chinese_numbers(digits: str, words: str) -> None:
    assert chinese_number(digits) == words


@pytest.mark.parametrize(("digits", "words"), [
    ("0", "zero"), ("10", "ten"), ("38.5", "thirty-eight point five"), ("40", "forty"),
    ("140", "one hundred forty"), ("1005", "one thousand five"),
    ("123456", "one two three four five six")])
def test_english_numbers(digits: str, words: str) -> None:
    assert english_number(digits) == words


@pytest.mark.parametrize(("language", "template", "value", "said"), [
    ("zh", "体温是{v}度", Decimal("38.5"), "体温是三十八点五度"),
    ("zh", "体温是{v}度", Decimal("38.0"), "体温是三十八度"),
    ("zh", "{v}到10", 0, "零到十"),
    ("zh", "在{v}复诊", date(2026, 3, 5), "在二零二六年三月五日复诊"),
    ("yue", "请按{v}", "8", "请按八"),
    ("en", "{v} degrees", Decimal("38.5"), "thirty-eight point five degrees"),
    ("en", "on {v}", date(2026, 3, 5), "on March five, two thousand twenty-six"),
    ("en", "this is {v}", "和安医院", "this is He an yi yuan")])
def test_variables(language: str, template: str, value: Value, said: str) -> None:
    assert fill(template, {"v": value}, language) == said


def test_names_are_read_as_names() -> None:
    assert name_pinyin("单小明")[0] == "shan4"
    assert name_pinyin("曾芳")[0] == "zeng1"
    assert name_pinyin("尉迟恭")[:2] == ["yu4", "chi2"]
    said = fill("请问您是{name}吗", {"name": "单小明"}, "zh")
    assert plain(said) == "请问您是单小明吗"
    assert "shan4 xiao3 ming2 ma5" in pinyin(said)
    assert pinyin("简单") == "jian3 dan1"
    assert [latin_name(name) for name in ("张三丰", "尉迟恭", "吕布", "Ann Lee")] == [
        "Zhang Sanfeng", "Yuchi Gong", "Lu Bu", "Ann Lee"]
    assert plain(fill("Are you {name}?", {"name": "张三"}, "en")) == "Are you Zhang San?"


def test_braces_and_digits_in_a_name_do_no_harm() -> None:
    assert plain(fill("是{name}吗", {"name": "{hospital}"}, "zh")) == "是{hospital}吗"


def test_pinyin_has_tones_and_plain_punctuation_only() -> None:
    said = pinyin(fill("您好\uff0c女儿\uff1f请按1。", {}, "zh"))
    assert said == "nin2 hao3, nv3 er2? qing3 an4 yi1."
