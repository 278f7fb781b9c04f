"""Scores: what weights add up to, which sums are understood, and what is told as incomplete."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.scores import scored
from followup.rules import findings
from tests.followup.questionnaires.build import choice, item, ours, questionnaire, rule
from tests.followup.questionnaires.published import (
    BASE,
    CALCULATED,
    FREQUENCY,
    PHQ9,
    TOTAL,
    expression,
    looked_up,
    options,
    phq9,
)


def coded(weight: int) -> dict[str, Any]:
    return {"valueCoding": {"code": FREQUENCY[weight][0]}}


def ruled(severity: str, operator: str, **value: Any) -> dict[str, Any]:
    """The extensions of the total with a rule, in the language of the questionnaire."""
    more = rule(severity, operator, **value)
    return {"extension": [*phq9()["item"][-1]["extension"], more]}


def weighed(link_id: str, *weights: float) -> dict[str, Any]:
    built = choice(link_id, "abcdef"[:len(weights)])
    for option, weight in zip(built["answerOption"], weights, strict=True):
        option["extension"] = [{"url": BASE + "itemWeight", "valueDecimal": weight}]
    return built


@given(st.lists(st.integers(0, 3) | st.none(), min_size=9, max_size=9))
def test_phq_9_adds_up_and_tells_what_is_missing(weights: list[int | None]) -> None:
    answers = {link_id: coded(weight) for link_id, weight in zip(PHQ9, weights, strict=True)
               if weight is not None}
    found = scored(load_questionnaire(phq9()), answers)
    if not answers:
        assert found == ()
        return
    [total] = found
    assert (total.score.link_id, total.score.text) == (TOTAL, {"en": "PHQ-9 total score"})
    assert total.value == sum(weight or 0 for weight in weights)
    assert total.complete == (None not in weights)
    assert set(total.missing) == set(PHQ9) - answers.keys()


WEIGHTS_OF_ALL = [
    "%resource.item.answer.value.ordinal().sum()",
    "%resource.item.where(linkId != '/44261-6').answer.value.weight().sum()",
    "%resource.repeat(item).answer.value.ordinal().sum()",
    "%context.repeat(item).where(linkId!='total').answer.weight().sum()",
    "%resource.descendants().answer.value.weight().sum()",
    "QuestionnaireResponse.item.answer.value.ordinal().sum()",
    "%resource.answers().value.ordinal().sum()",
    " + ".join(f"%{name}" for name in "abcdefghi"),
]


@pytest.mark.parametrize("total", WEIGHTS_OF_ALL)
def test_the_common_sums_are_understood(total: str) -> None:
    [score] = load_questionnaire(phq9(total)).sums
    assert score.items == PHQ9


@pytest.mark.parametrize("total", [
    "%a + %b + %c * 2", "%a + %a", "%a.value", "%a - %b", "%nobody", "10", "", "%a +",
    "%resource.item.answer.value.ordinal().avg()", "%resource.item.answer.count()",
    "%resource.item.where(linkId.matches('a')).answer.value.ordinal().sum()",
    "%resource.item.where(linkId='x').answer.value.ordinal().sum()",
    "%resource.item.item.answer.value.ordinal().sum()",
    "%resource.item.value.answer.ordinal().sum()",
    "iif(%a > 2, %a, 0)", "iif(%any, %a + %b, 0)",
    "%resource.item.answer.value.ordinal().sum() / 9",
])
def test_any_other_expression_is_refused_by_name(total: str) -> None:
    raw = phq9(total or " ")
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(raw)
    assert (TOTAL, f"extension {CALCULATED}") in {
        (fault.link_id, fault.field) for fault in refused.value.faults}


def test_variables_that_name_each_other_are_no_sum() -> None:
    raw = phq9("%x")
    raw["extension"] += [expression(BASE + "variable", f"%{of}", name=name)
                         for name, of in (("x", "y"), ("y", "x"))]
    with pytest.raises(UnsoundQuestionnaire):
        load_questionnaire(raw)
    named = phq9("%total")
    named["extension"].append(expression(
        BASE + "variable", WEIGHTS_OF_ALL[0], name="total"))
    assert load_questionnaire(named).sums[0].items == PHQ9


def test_a_sum_is_not_asked_and_no_condition_looks_at_it() -> None:
    asked = load_questionnaire(phq9())
    assert [each.link_id for each in asked.order] == list(PHQ9)
    assert json.loads(json.dumps(asked.resource)) == phq9()
    for wrong, where in (
            ({"enableWhen": [{"question": PHQ9[0], "operator": "exists",
                              "answerBoolean": True}]}, "enableWhen"),
            (ruled("abnormal", "exists", valueBoolean=True), "rule.0.operator"),
            (ruled("abnormal", ">", valueString="9"), "rule.0.value")):
        raw = phq9()
        raw["item"][-1] |= wrong
        with pytest.raises(UnsoundQuestionnaire) as refused:
            load_questionnaire(raw)
        assert [(each.link_id, each.field) for each in refused.value.faults] == [(TOTAL, where)]
    for also in ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
                 {"item": [{"linkId": "below", "type": "boolean", "text": "?"}]},
                 {"answerOption": [{"valueInteger": 1}]}, {"type": "string"}):
        raw = phq9()
        raw["item"][-1] |= also
        with pytest.raises(UnsoundQuestionnaire):
            load_questionnaire(raw)
    raw = phq9()
    raw["item"].append({"linkId": "more", "type": "boolean", "text": "?", "enableWhen": [
        {"question": TOTAL, "operator": ">", "answerInteger": 9}]})
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(raw)
    assert [each.field for each in refused.value.faults] == ["enableWhen.0.question"]


def test_without_a_declared_sum_all_of_it_has_a_score_or_each_of_several_groups() -> None:
    answers = {name: {"valueCoding": {"code": "b"}} for name in "pqrs"}
    one = load_questionnaire(questionnaire(weighed("p", 0, 1.5), weighed("q", 0, 2)))
    assert [(each.score.link_id, each.value) for each in scored(one, answers)] == [
        ("", Decimal("3.5"))]
    two = load_questionnaire(questionnaire(
        item("first", "group", item=[weighed("p", 0, 1), weighed("q", 0, 2)]),
        item("second", "group", item=[weighed("r", 0, 3), weighed("s", 0, 4)])))
    assert [(each.score.link_id, each.value) for each in scored(two, answers)] == [
        ("first", 3), ("second", 7)]
    assert scored(load_questionnaire(questionnaire(weighed("p", 0, 1), choice("q"))), answers) == ()


def test_a_question_that_is_not_asked_is_not_missing_and_an_own_answer_has_no_weight() -> None:
    skipped = weighed("q", 0, 2) | {"enableWhen": [
        {"question": "p", "operator": "=", "answerCoding": {"code": "a"}}]}
    open_ = weighed("r", 0, 4) | {"type": "open-choice",
                                  "extension": [ours("other-key", valueString="7")]}
    asked = load_questionnaire(questionnaire(weighed("p", 0, 1), skipped, open_))
    [total] = scored(asked, {"p": {"valueCoding": {"code": "b"}},
                             "r": {"valueAttachment": {"url": "m.wav"}}})
    assert (total.value, total.missing) == (1, ("r",))


def test_weights_stand_on_options_on_codings_and_in_value_sets() -> None:
    [first, second] = options()[:2]
    second["valueCoding"]["extension"] = second.pop("extension")
    codes = [{"code": code, "display": text, "extension": [
        {"url": BASE + "ordinalValue", "valueDecimal": weight}]}
        for weight, (code, text) in enumerate(FREQUENCY)]
    asked = load_questionnaire(phq9("%resource.item.answer.value.weight().sum()", contained=[{
        "resourceType": "ValueSet", "id": "often", "status": "active", "compose": {"include": [
            {"system": "urn:x", "concept": codes}]}}], item=[
        {"linkId": "a", "type": "choice", "text": "?", "answerOption": [first, second]},
        {"linkId": "b", "type": "choice", "text": "?", "answerValueSet": "#often"},
        {"linkId": "c", "type": "integer", "text": "?", "answerOption": [
            {"valueInteger": number, "extension": [
                {"url": BASE + "ordinalValue", "valueDecimal": number * 10}]}
            for number in range(11)]}]))
    [total] = scored(asked, {"a": coded(1), "b": coded(3), "c": {"valueInteger": 10}})
    assert (total.value, total.complete) == (104, True)


def test_a_group_of_nothing_but_a_sum_may_stand() -> None:
    raw = phq9()
    raw["item"].append({"linkId": "result", "type": "group", "item": [raw["item"].pop()]})
    assert load_questionnaire(raw).sums[0].below == "result"
    assert looked_up("x").count("'x'") == 2


def test_a_rule_of_a_sum_looks_at_it_once_it_is_complete() -> None:
    raw = phq9()
    raw["item"][-1] |= ruled("abnormal", ">=", valueInteger=10)
    asked = load_questionnaire(raw)
    answers = {link_id: coded(2) for link_id in PHQ9[:-1]}
    assert findings(asked, answers) == ()
    [hit] = findings(asked, {**answers, PHQ9[-1]: coded(0)})
    assert (hit.link_id, hit.severity) == (PHQ9[-1], "abnormal")
    assert findings(asked, {**{link_id: coded(1) for link_id in PHQ9}}) == ()
