"""How often, about how much, and none: numbers as people tell them without a figure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from followup.questionnaires.definition import Item, ItemType
from ivr.understanding import Answered, Unclear, grammar_for, understand

TIMES = Item("times", ItemType.INTEGER, prompt={"zh": "您吐了几次？"}, minimum=0, maximum=99)
BY_DAY = replace(TIMES, prompt={"zh": "您一天拉几次？", "en": "How many times a day?"})
HEAT = Item("heat", ItemType.DECIMAL, minimum=Decimal(34), maximum=Decimal(43), decimals=1)
SHARE = Item("share", ItemType.INTEGER, minimum=50, maximum=100)


def reading(item: Item, language: str, text: str) -> str:
    """The number, with a ? where it is to be read back; else why there is none."""
    match understand(item, language, text):
        case Answered(value, certain):
            return str(next(iter(value.values()))) + ("" if certain else "?")
        case Unclear(why):
            return why
    return "wish"


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (TIMES, "zh", "两次", "2"), (TIMES, "zh", "二次", "2"), (TIMES, "zh", "三回", "3"),
    (TIMES, "zh", "俩", "2"), (TIMES, "yue", "兩次", "2"), (TIMES, "en", "twice", "2"),
    (TIMES, "en", "just the once", "1"), (TIMES, "en", "a dozen times", "12"),
    (BY_DAY, "zh", "一天三次", "3"), (BY_DAY, "zh", "一天三回", "3"),
    (BY_DAY, "yue", "一日三次", "3"),
    (BY_DAY, "en", "three times a day", "3"), (SHARE, "zh", "百分之九十五", "95"),
    (HEAT, "zh", "三十八点儿五", "38.5"), (HEAT, "zh", "三十八度点五", "38.5")])
def test_a_number_is_told_in_many_ways(item: Item, language: str, said: str, meant: str) -> None:
    assert reading(item, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said"), [
    (TIMES, "zh", "两三次"), (TIMES, "zh", "一两次"), (TIMES, "zh", "七八回"),
    (TIMES, "zh", "十五六次"),
    (TIMES, "yue", "兩三次"), (TIMES, "en", "once or twice"), (TIMES, "en", "two or three times"),
    (HEAT, "zh", "三十六七度"), (HEAT, "zh", "三十七八"), (BY_DAY, "zh", "两天一次")])
def test_one_number_or_the_next_is_neither(item: Item, language: str, said: str) -> None:
    assert reading(item, language, said) == "ambiguous"


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (TIMES, "zh", "没有", "0?"), (TIMES, "zh", "一次也没有", "0?"),
    (TIMES, "zh", "一次都没有啊", "0?"), (TIMES, "zh", "一次都没吐", "0?"),
    (TIMES, "yue", "冇", "0?"), (TIMES, "en", "none at all", "0?"), (TIMES, "en", "never", "0?"),
    (TIMES, "en", "a couple of times", "2?"), (TIMES, "zh", "一天三次", "3?"),
    (HEAT, "zh", "三八五", "38.5?"), (HEAT, "en", "three eight five", "38.5?")])
def test_what_is_only_likely_is_read_back(item: Item, language: str, said: str,
                                          meant: str) -> None:
    assert reading(item, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said"), [
    (SHARE, "zh", "没有"), (replace(TIMES, repeats=True, max_answers=3), "zh", "没有"),
    (TIMES, "zh", "不对"), (TIMES, "zh", "好几次"), (TIMES, "zh", "没几次"), (HEAT, "en", "none")])
def test_a_no_is_no_number_where_none_may_be_none(item: Item, language: str, said: str) -> None:
    assert reading(item, language, said) == "nothing"


def test_a_recogniser_listens_for_none() -> None:
    assert "一次也没有" in grammar_for(TIMES, "zh").phrases
    assert "没有" not in grammar_for(SHARE, "zh").phrases
