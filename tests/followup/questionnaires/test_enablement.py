"""enableWhen as FHIR R4 says, for all operators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.definition import Operator, Scalar
from followup.questionnaires.enablement import enabled_items, unanswered
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.values import compare, fhir_value, satisfied, scalar, together
from tests.followup.questionnaires.build import choice, item, questionnaire


@pytest.mark.parametrize(("left", "operator", "right", "holds"), [
    (5, "=", 5, True), (5, "!=", 5, False), (5, ">", 4, True), (5, "<", 4, False),
    (5, ">=", 5, True), (5, "<=", 4, False),
    (Decimal("38.5"), ">=", Decimal("38.5"), True), (Decimal("38.4"), ">=", Decimal("38.5"), False),
    (date(2026, 3, 5), "<", date(2026, 3, 6), True),
    ("a", "=", "a", True), ("a", "!=", "b", True), (False, "=", False, True),
    (1, "=", True, False), (True, ">", 0, False), ("a", ">", "b", False), (5, ">", "a", False),
    (None, "=", 5, False), (None, ">", 5, False), (None, "!=", 5, True),
    (None, "exists", False, True), (None, "exists", True, False), (0, "exists", True, True),
])
def test_operators(left: Scalar | None, operator: str, right: Scalar, holds: bool) -> None:
    assert compare(left, Operator(operator), right) is holds


@pytest.mark.parametrize("value", [True, 7, Decimal("38.5"), date(2026, 3, 5)])
def test_a_value_survives_the_way_to_fhir_and_back(value: Any) -> None:
    assert scalar(fhir_value(value)) == value


ANSWERS = st.lists(st.integers(0, 4), min_size=1, max_size=4)


@given(ANSWERS, st.sampled_from([each for each in Operator if each is not Operator.EXISTS]),
       st.integers(0, 4))
def test_of_several_answers_one_is_enough_but_for_unequal_which_none_may_equal(
        given_: list[int], operator: Operator, right: int) -> None:
    value = together({"valueInteger": one} for one in given_)
    holds = {Operator.EQUAL: right in given_, Operator.NOT_EQUAL: right not in given_,
             Operator.GREATER: max(given_) > right, Operator.LESS: min(given_) < right,
             Operator.GREATER_OR_EQUAL: max(given_) >= right,
             Operator.LESS_OR_EQUAL: min(given_) <= right}[operator]
    assert satisfied(value, operator, right) is holds


@given(ANSWERS, st.booleans())
def test_several_answers_exist_as_one_does(given_: list[int], wanted: bool) -> None:
    value = together({"valueInteger": one} for one in given_)
    assert satisfied(value, Operator.EXISTS, wanted) is wanted
    assert satisfied(None, Operator.EXISTS, wanted) is not wanted


def branched(behavior: str = "all") -> dict[str, Any]:
    return questionnaire(
        choice("a"), item("b", "integer"),
        item("g", "group", item=[item("inner", "boolean")], enableBehavior=behavior, enableWhen=[
            {"question": "a", "operator": "=", "answerCoding": {"code": "b"}},
            {"question": "b", "operator": ">", "answerInteger": 3}]),
        item("c", "boolean", item=[item("below", "boolean")]))


A_IS_B = {"valueCoding": {"code": "b"}}


@pytest.mark.parametrize(("behavior", "answers", "asked"), [
    ("all", {}, ["a", "b", "c"]),
    ("all", {"a": A_IS_B}, ["b", "c"]),
    ("all", {"a": A_IS_B, "b": {"valueInteger": 4}}, ["inner", "c"]),
    ("any", {"a": A_IS_B}, ["b", "inner", "c"]),
    ("any", {"b": {"valueInteger": 3}}, ["a", "c"]),
    ("all", {"c": {"valueBoolean": False}}, ["a", "b", "below"]),
])
def test_groups_and_items_below_questions(behavior: str, answers: dict[str, Any],
                                          asked: list[str]) -> None:
    loaded = load_questionnaire(branched(behavior))
    assert [item.link_id for item in unanswered(loaded, answers)] == asked


def test_an_answer_to_a_question_no_longer_enabled_counts_as_none() -> None:
    loaded = load_questionnaire(questionnaire(
        item("first", "boolean"),
        item("second", "boolean", enableWhen=[
            {"question": "first", "operator": "=", "answerBoolean": True}]),
        item("third", "boolean", enableWhen=[
            {"question": "second", "operator": "=", "answerBoolean": True}])))
    answers = {"first": {"valueBoolean": False}, "second": {"valueBoolean": True}}
    assert [item.link_id for item in enabled_items(loaded, answers)] == ["first"]
