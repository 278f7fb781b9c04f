"""Options that are numbers: what is said is the number, never the place or the key of an option."""

from __future__ import annotations

from typing import Any

import pytest

from followup.questionnaires.definition import Item
from followup.questionnaires.fhir import load_questionnaire
from ivr.understanding import Answered, grammar_for, is_risky, understand
from ivr.understanding.distinct import is_distinct
from tests.followup.questionnaires.build import item, ours, questionnaire, rule
from tests.ivr.understanding.test_counting import reading


def scale(*numbers: int, keys: str = "", **more: Any) -> Item:
    offered: list[dict[str, Any]] = [{"valueInteger": number} for number in numbers]
    for option, key in zip(offered, keys, strict=False):
        option["extension"] = [ours("key", valueString=key)]
    offered[0].setdefault("extension", []).append(ours("spoken", extension=[
        {"url": "language", "valueCode": "zh"}, {"url": "words", "valueString": "完全没有"}]))
    return load_questionnaire(questionnaire(
        item("a", "choice", answerOption=offered, **more))).order[0]


POINTS, MOVED, TENS = scale(0, 1, 2, 3), scale(0, 1, 2, 3, keys="1234"), scale(10, 20, 30)


@pytest.mark.parametrize(("asked", "language", "said", "meant"), [
    (POINTS, "zh", "三", "3"), (POINTS, "zh", "两分", "2"), (POINTS, "en", "three", "3"),
    (POINTS, "yue", "零", "0"), (POINTS, "zh", "完全没有", "0"),
    (POINTS, "zh", "嗯，完全没有", "0?"),
    (MOVED, "zh", "一", "1"), (MOVED, "en", "two", "2"), (TENS, "zh", "二十", "20"),
    (POINTS, "zh", "没有", "0?"), (POINTS, "zh", "第三个", "3?"),
    (POINTS, "zh", "一两分", "ambiguous"), (POINTS, "zh", "四", "out-of-range"),
    (TENS, "zh", "十五", "out-of-range"), (TENS, "zh", "二", "out-of-range"),
    (POINTS, "zh", "十三", "out-of-range"), (POINTS, "zh", "天气", "nothing")])
def test_a_number_is_the_option_of_that_number(asked: Item, language: str, said: str,
                                               meant: str) -> None:
    assert reading(asked, language, said) == meant


@pytest.mark.parametrize("asked", [POINTS, MOVED, TENS])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_may_be_said(asked: Item, language: str) -> None:
    heard = [understand(asked, language, phrase)
             for phrase in grammar_for(asked, language).phrases]
    told = {str(one.value) for one in heard if isinstance(one, Answered)}
    assert told == {str(option.value) for option in asked.options}


def test_a_number_with_a_rule_is_read_back_as_other_numbers_are() -> None:
    ruled = scale(0, 1, 2, 3, extension=[rule("critical", ">=", valueInteger=2)])
    assert not is_risky(ruled, {"valueInteger": 2})
    assert not is_distinct(ruled, "zh", "三")       # so the number again does not confirm it
