"""Answers of a value set that the questionnaire holds are its options; others are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.questionnaires.fhir import load_questionnaire
from tests.followup.questionnaires.build import choice, english, item, questionnaire, rule

HOW = item("how", "choice", answerValueSet="#how-often")


def value_set(**what: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "id": "how-often", "status": "active", **what}


def concept(code: str, zh: str, en: str) -> dict[str, Any]:
    return {"code": code, "display": zh, "designation": [{"language": "en", "value": en}]}


def composed(*concepts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return value_set(compose={"include": [
        {"system": "urn:loinc", "concept": list(concepts), **more}]})


NEVER, OFTEN = concept("LA1", "完全没有", "not at all"), concept("LA2", "好几天", "several days")
EXPANDED = value_set(expansion={"timestamp": "2026-01-01", "contains": [
    {"system": "urn:loinc", "code": "LA1", "display": "完全没有",
     "_display": english("not at all")},
    {"system": "urn:loinc", "code": "LA2", "display": "好几天",
     "_display": english("several days")}]})


@pytest.mark.parametrize("contained", [composed(NEVER, OFTEN), EXPANDED])
def test_the_codes_of_a_contained_value_set_are_options(contained: dict[str, Any]) -> None:
    raw = questionnaire(
        {**HOW, "extension": [rule("abnormal", "=", valueString="LA2")]},
        item("more", "boolean", enableWhen=[{"question": "how", "operator": "=", "answerCoding": {
            "system": "urn:loinc", "code": "LA2"}}]), contained=[contained])
    loaded = load_questionnaire(json.dumps(raw))
    options = loaded.item("how").options
    assert [option.text for option in options] == [{"zh": "完全没有", "en": "not at all"},
                                                   {"zh": "好几天", "en": "several days"}]
    assert [option.keys for option in options] == [("1",), ("2",)]
    assert options[1].value == {"valueCoding": {"system": "urn:loinc", "code": "LA2",
                                                "display": "好几天"}}
    assert loaded.resource == raw
    assert load_questionnaire(raw, stored=True).item("how").options == options


@pytest.mark.parametrize("contained", [
    [], [value_set()], [composed(NEVER, filter=[{"property": "p", "op": "=", "value": "x"}])],
    [value_set(compose={"include": [{"system": "urn:loinc"}]})],
    [value_set(compose={"include": [{"system": "urn:loinc", "concept": [NEVER]}],
                        "exclude": [{"system": "urn:loinc", "concept": [OFTEN]}]})],
    [value_set(expansion={"timestamp": "2026-01-01", "contains": [
        {"display": "组", "abstract": True}]})]])
def test_a_value_set_that_does_not_list_its_codes_is_refused(
        contained: list[dict[str, Any]]) -> None:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(json.dumps(questionnaire(HOW, contained=contained)))
    assert ("how", "answerValueSet", "value-set") in [
        (each.link_id, each.field, each.code) for each in refused.value.faults]


def test_a_condition_on_a_code_of_another_system_is_refused() -> None:
    raw = questionnaire(HOW, item("more", "boolean", enableWhen=[
        {"question": "how", "operator": "=",
         "answerCoding": {"system": "urn:snomed", "code": "LA1"}}]), contained=[composed(NEVER)])
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(raw)
    assert [(each.link_id, each.field) for each in refused.value.faults] == [
        ("more", "enableWhen.0.answerCoding.system")]


def test_an_answer_without_a_translation_is_named() -> None:
    plain = {"code": "LA1", "display": "完全没有"}
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(json.dumps(questionnaire(HOW, contained=[composed(plain)])))
    assert [(each.link_id, each.field) for each in refused.value.faults] == [
        ("how", "answerOption.0.display")]


def test_options_and_a_value_set_do_not_go_together() -> None:
    both = choice("how", "xy", answerValueSet="#how-often")
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(json.dumps(questionnaire(both, contained=[composed(NEVER)])))
    assert [(each.link_id, each.field) for each in refused.value.faults] == [
        ("how", "answerValueSet")]
