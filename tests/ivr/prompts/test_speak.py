"""Numbers, dates and names as people say them."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts.prompt import Value
from ivr.prompts.speak import (
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
    ("10010", "一万零一十"), ("05", "零五"), ("20260305", "二零二六零三零五"),
    ("200", "二百"), ("2000", "两千"), ("22000", "两万两千"),
    ("12", "十二"), ("0.2", "零点二"), ("-3.5", "负三点五"), ("1,200", "一千二百"),
    ("38.05", "三十八点零五"), ("10,010", "一万零一十"), ("1,000,000", "一百万"),
    ("200,000,100", "两亿零一百")])
def test_chinese_numbers(digits: str, words: str) -> None:
    assert fill(digits, {}, "zh") == words


@pytest.mark.parametrize(("digits", "words"), [
    ("0", "零"), ("38.5", "三十八點五"), ("105", "一百零五"), ("2000", "二千"),
    ("10010", "一萬零一十"),
    ("-3", "負三"), ("2", "二"), ("13800138000", "一三八零零一三八零零零")])
def test_cantonese_numbers(digits: str, words: str) -> None:
    assert fill(digits, {}, "yue") == words


@pytest.mark.parametrize(("digits", "words"), [
    ("0", "zero"), ("10", "ten"), ("38.5", "thirty-eight point five"), ("40", "forty"),
    ("140", "one hundred and forty"), ("105", "one hundred and five"), ("200", "two hundred"),
    ("1005", "one thousand and five"), ("-3.5", "minus three point five"),
    ("1234", "one thousand two hundred and thirty-four"),
    ("1,200", "one thousand two hundred"),
    ("123456", "one two three four five six"),
    ("38.05", "thirty-eight point zero five"), ("10,010", "ten thousand and ten"),
    ("2,000,001", "two million and one")])
def test_english_numbers(digits: str, words: str) -> None:
    assert fill(digits, {}, "en") == words


@pytest.mark.parametrize(("language", "text", "said"), [
    ("zh", "2天2个2次", "两天两个两次"),
    ("zh", "第2天, 12个, 2月, 2号", "第二天, 十二个, 二月, 二号"),
    ("zh", "2-3天", "两到三天"), ("zh", "36.5~37℃", "三十六点五到三十七度"),
    ("zh", "-5℃", "零下五度"),
    ("zh", "20%", "百分之二十"), ("zh", "2026年", "二零二六年"),
    ("zh", "请拨打120。", "请拨打幺二零。"),
    ("zh", "电话：10086", "电话：幺零零八六"), ("zh", "打100个电话", "打一百个电话"),
    ("zh", "13800138000", "幺三八零零幺三八零零零"),
    ("zh", "0315-5550100", "零三幺五, 五五五零幺零零"),
    ("zh", "2026-11-25", "二零二六年十一月二十五日"),
    ("zh", "2026-02-30", "两千零二十六 零二 三十"),
    ("zh", "15:30", "下午三点半"), ("zh", "14:05", "下午两点零五分"), ("zh", "8:00", "上午八点"),
    ("zh", "12:10", "中午十二点十分"), ("zh", "0:00", "凌晨零点"), ("zh", "25:30", "二十五:三十"),
    ("zh", "2026/11/25", "二零二六年十一月二十五日"), ("zh", "2026.1.5", "二零二六年一月五日"),
    ("zh", "7:30-9:00", "上午七点半到上午九点"), ("zh", "24:00", "晚上十二点"),
    ("zh", "2岁的2人", "两岁的两人"), ("zh", "2楼2级", "二楼二级"),
    ("zh", "每次1/2片", "每次二分之一片"), ("zh", "血压120/80mmHg", "血压一百二十、八十毫米汞柱"),
    ("zh", "5mg或10 ml", "五毫克或十毫升"), ("zh", "101.3°F", "华氏一百零一点三度"),
    ("zh", "400-820-8820", "四零零, 八二零, 八八二零"), ("zh", "12320热线", "幺二三二零热线"),
    ("zh", "维生素B12", "维生素B十二"), ("zh", "2026/13/25", "两千零二十六 十三 二十五"),
    ("yue", "2歲", "兩歲"), ("yue", "120/80mmHg", "一百二十、八十毫米水銀柱"),
    ("yue", "2日兩點", "二日兩點"), ("yue", "2個鐘頭", "兩個鐘頭"), ("yue", "15:30", "下晝三點半"),
    ("yue", "2026-11-25", "二零二六年十一月二十五號"), ("yue", "請打120", "請打一二零"),
    ("en", "press 1 now", "press one now"), ("en", "2-3 days", "two to three days"),
    ("en", "38.5 °C", "thirty-eight point five degrees"), ("en", "20%", "twenty percent"),
    ("en", "call 120 at once", "call one two zero at once"),
    ("en", "COVID-19", "COVID-nineteen"),
    ("en", "at 15:30", "at three thirty in the afternoon"), ("en", "12:00", "noon"),
    ("en", "9:05", "nine oh five in the morning"),
    ("en", "20:00", "eight o'clock in the evening"),
    ("en", "9:00 pm", "nine o'clock in the evening"),
    ("en", "12:30 a.m.", "twelve thirty in the morning"),
    ("en", "12 pm to 1pm", "noon to one o'clock in the afternoon"), ("en", "24:00", "midnight"),
    ("en", "7:30-9:00 am", "seven thirty in the morning to nine o'clock in the morning"),
    ("en", "on May 2nd", "on May second"), ("en", "the 21st", "the twenty-first"),
    ("en", "1/2 or 3/4", "one half or three quarters"), ("en", "7/10", "seven/ten"),
    ("en", "120/80", "one hundred and twenty over eighty"),
    ("en", "1mg, 5 mg", "one milligram, five milligrams"),
    ("en", "vitamin B12", "vitamin B twelve"),
    ("en", "101.3°F", "one hundred and one point three degrees Fahrenheit"),
    ("en", "555-123-4567", "five five five, one two three, four five six seven"),
    ("en", "2026/11/25", "the twenty-fifth of November, twenty twenty-six"),
    ("en", "2026-11-25", "the twenty-fifth of November, twenty twenty-six")])
def test_figures_in_a_text_are_read_for_what_they_are(language: str, text: str,
                                                     said: str) -> None:
    assert fill(text, {}, language) == said


@pytest.mark.parametrize(("language", "template", "value", "said"), [
    ("zh", "体温是{v}度", Decimal("38.5"), "体温是三十八点五度"),
    ("zh", "体温是{v}度", Decimal("38.0"), "体温是三十八度"),
    ("zh", "体温是{v}度", Decimal("-0.5"), "体温是负零点五度"),
    ("zh", "{v}到10", 0, "零到十"),
    ("zh", "在{v}复诊", date(2026, 11, 25), "在十一月二十五日复诊"),
    ("zh", "在{v:year}复诊", date(2026, 3, 5), "在二零二六年三月五日复诊"),
    ("zh", "{v}打给您", time(15, 30), "下午三点半打给您"),
    ("yue", "请按{v}", "8", "请按八"), ("yue", "{v}覆診", date(2026, 10, 2), "十月二號覆診"),
    ("yue", "{v}打畀您", time(14, 5), "下晝兩點零五分打畀您"),
    ("en", "{v} degrees", Decimal("38.5"), "thirty-eight point five degrees"),
    ("en", "on {v}", date(2026, 11, 25), "on the twenty-fifth of November"),
    ("en", "on {v:year}", date(2005, 3, 30), "on the thirtieth of March, two thousand and five"),
    ("en", "on {v:year}", date(1912, 1, 12), "on the twelfth of January, nineteen twelve"),
    ("en", "at {v}", time(0, 0), "at midnight"),
    ("en", "this is {v}", "和安医院", "this is He an yi yuan")])
def test_variables(language: str, template: str, value: Value, said: str) -> None:
    assert fill(template, {"v": value}, language) == said


@given(st.integers(0, 99_999), st.sampled_from(["zh", "yue", "en"]))
def test_no_two_numbers_sound_the_same_and_no_figure_is_left(number: int, language: str) -> None:
    said, next_said = (fill(str(each), {}, language) for each in (number, number + 1))
    assert said != next_said
    assert not any(character.isdigit() for character in said)


def test_an_answer_is_read_back_with_its_year() -> None:
    assert fill("您输入的是{value}。", {"value": date(2026, 11, 25)}, "zh") == \
        "您输入的是二零二六年十一月二十五日。"


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


@given(st.text("0123456789-/.,:~ %℃°FCmgkLapst年个岁第拨打热线AB½²３٣", max_size=24),
       st.sampled_from(["zh", "yue", "en"]))
def test_any_figures_can_be_read_and_none_is_left(text: str, language: str) -> None:
    assert not any(character.isdecimal() for character in fill("{v}", {"v": text}, language))
