"""Kinds of questions that published questionnaires use: numbers to pick, strings, quantities."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from followup.questionnaires.definition import Control, Item, ItemType
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.rules import evaluate
from ivr.prompts.texts import keys_text
from tests.followup.questionnaires.build import (
    choice,
    coding,
    control,
    item,
    ours,
    questionnaire,
    rule,
    standard,
)

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
KG = standard("questionnaire-unit", valueCoding={"code": "kg", "display": "公斤"})


def numbers(*values: int, link_id: str = "a", kind: str = "choice", **more: Any) -> dict[str, Any]:
    return item(link_id, kind, answerOption=[{"valueInteger": value} for value in values], **more)


def asked(raw: dict[str, Any]) -> Item:
    return load_questionnaire(questionnaire(raw)).order[0]


FAULTS = [
    ("answerOption", item("a", "choice", answerOption=[
        {"valueInteger": 3}, {"valueCoding": coding("y")}])),
    ("answerOption", item("a", "choice", answerOption=[
        {"valueInteger": -1}, {"valueInteger": 0}])),
    ("answerOption", item("a", "choice", answerOption=[
        {"valueInteger": 3}, {"valueInteger": 3, "extension": [ours("key", valueString="4")]}])),
    ("key", item("a", "open-choice", answerOption=[{"valueInteger": 0}, {"valueInteger": 1}],
                 extension=[ours("other-key", valueString="1")])),
    ("key", item("a", "choice", answerOption=[{"valueInteger": 2 * n} for n in range(10)])),
    ("answerOption", item("a", "integer", answerOption=[{"valueCoding": coding("y")}])),
    ("answerOption", item("a", "quantity", answerOption=[{"valueString": "y"}],
                          extension=[KG])),
    ("enableWhen.0.value", item("a", "boolean", enableWhen=[
        {"question": "points", "operator": "=", "answerInteger": 7}])),
    ("enableWhen.0.value", item("a", "boolean", enableWhen=[
        {"question": "points", "operator": "=", "answerString": "1"}])),
    ("questionnaire-unit", item("a", "quantity")),
    ("questionnaire-unit", item("a", "quantity", extension=[
        standard("questionnaire-unitOption", valueCoding={"code": code}) for code in "gk"])),
    ("questionnaire-unit", item("a", "quantity", extension=[
        KG,
        standard("questionnaire-unitValueSet", valueCanonical="urn:x")])),
    ("minValue.code", item("a", "quantity", extension=[
        KG,
        {"url": SDC + "minQuantity", "valueQuantity": {"value": 3, "code": "g"}}])),
    ("initial.0.code", item("a", "quantity", initial=[{"valueQuantity": {"value": 3, "code": "g"}}],
        extension=[KG])),
    ("enableWhen.0.answerQuantity.code", item("a", "boolean", enableWhen=[
        {"question": "weight", "operator": ">", "answerQuantity": {"value": 3, "code": "g"}}])),
    ("enableWhen.0", item("a", "boolean", enableWhen=[
        {"question": "weight", "operator": ">",
         "answerQuantity": {"value": 3, "code": "kg", "comparator": "<"}}])),
    ("enableWhen.0.operator", item("a", "boolean", enableWhen=[
        {"question": "short", "operator": "=", "answerString": "x"}])),
]


@pytest.mark.parametrize(("where", "wrong"), FAULTS, ids=[str(n) for n in range(len(FAULTS))])
def test_what_cannot_be_asked_is_refused_by_name(where: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(questionnaire(
            numbers(0, 1, 2, link_id="points"), item("weight", "quantity", extension=[KG]),
            item("short", "string"), wrong))
    assert [(fault.link_id, fault.field) for fault in refused.value.faults] == [("a", where)]


def test_a_number_of_one_digit_is_its_own_key_nought_too() -> None:
    points = asked(numbers(0, 1, 2, 3))
    assert {key: (option.value if (option := points.option_for(key)) else None)
            for key in "01239"} == {
        **{str(value): {"valueInteger": value} for value in range(4)}, "9": None}
    assert points.key_for(Control.PERSON) == ""                # 0 is an answer here
    assert keys_text(points, "zh") == "请按0到3之间的数字键。"
    assert keys_text(points, "en") == "Press a key from 0 to 3."


def test_keys_and_a_person_may_be_put_elsewhere() -> None:
    moved = numbers(0, 1, extension=[control("person", "8")])
    for option, key in zip(moved["answerOption"], "57", strict=True):
        option["extension"] = [ours("key", valueString=key)]
    item_ = asked(moved)
    assert [option.keys for option in item_.options] == [("5",), ("7",)]
    assert item_.key_for(Control.PERSON) == "8"
    assert asked(numbers(1, 2)).key_for(Control.PERSON) == "0"
    assert keys_text(asked(numbers(10, 20)), "en") == "10: press 1. 20: press 2."


@pytest.mark.parametrize("kind", ["choice", "integer"])
def test_a_scale_to_ten_is_typed_as_a_number(kind: str) -> None:
    scale = numbers(*range(11), kind=kind, required=True, extension=[
        rule("abnormal", ">=", valueInteger=7)])
    scale["answerOption"][0]["extension"] = [ours("spoken", extension=[
        {"url": "language", "valueCode": "zh"}, {"url": "words", "valueString": "一点不疼"}])]
    pain = asked(scale)
    assert (pain.type, pain.minimum, pain.maximum) == (ItemType.INTEGER, 0, 10)
    assert [(spoken.value, spoken.words) for spoken in pain.spoken_values] == [(0, ("一点不疼",))]
    assert evaluate(pain, {"valueInteger": 6}) is None
    assert evaluate(pain, {"valueInteger": 7}) is not None


def test_integers_and_strings_to_pick_from_are_choices() -> None:
    assert asked(numbers(0, 1, kind="integer")).type is ItemType.CHOICE
    words = item("a", "string", answerOption=[{"valueString": "好"}, {"valueString": "坏"}])
    assert asked({**words, "text": "问"} | {"answerOption": [
        {"valueString": text, "_valueString": coding("x")["_display"]} for text in "好坏"]}
    ).options[1].value == {"valueString": "坏"}


def test_a_condition_may_compare_numbers_that_were_picked() -> None:
    asked_ = load_questionnaire(questionnaire(
        numbers(0, 1, 2, 3, link_id="points"), item("more", "boolean", enableWhen=[
            {"question": "points", "operator": ">=", "answerInteger": 2}])))
    for value in range(4):
        enabled = enabled_items(asked_, {"points": {"valueInteger": value}})
        assert (asked_.item("more") in enabled) == (value >= 2)


def test_a_value_on_record_is_one_of_the_numbers() -> None:
    assert asked(numbers(0, 1, initial=[{"valueInteger": 1}])).initial == ({"valueInteger": 1},)
    selected = numbers(*range(11))
    selected["answerOption"][4]["initialSelected"] = True
    assert asked(selected).initial == ({"valueInteger": 4},)


@pytest.mark.parametrize("named", ["questionnaire-unit", "questionnaire-unitOption"])
def test_a_quantity_is_a_number_of_its_one_unit(named: str) -> None:
    weight = asked(item("a", "quantity", initial=[{"valueQuantity": {"value": 60, "code": "kg"}}],
                        extension=[
        standard(named, valueCoding={"code": "kg", "display": "公斤"}),
        {"url": SDC + "minQuantity", "valueQuantity": {"value": 20, "code": "kg"}},
        standard("maxValue", valueInteger=250),
        rule("abnormal", ">", valueDecimal=120.5)]))
    assert (weight.type, weight.unit, weight.minimum, weight.maximum) == (
        ItemType.QUANTITY, "kg", Decimal(20), Decimal(250))
    assert weight.initial == ({"valueDecimal": 60.0},)
    assert evaluate(weight, {"valueDecimal": 121.0}) is not None
    asked_ = load_questionnaire(questionnaire(
        item("weight", "quantity", extension=[KG]), item("more", "boolean", enableWhen=[
            {"question": "weight", "operator": ">", "answerQuantity": {
                "value": 90, "code": "kg"}}])))
    for kilograms in (90.0, 90.5):
        enabled = enabled_items(asked_, {"weight": {"valueDecimal": kilograms}})
        assert (asked_.item("more") in enabled) == (kilograms > 90)


def test_a_string_is_a_message() -> None:
    assert asked(item("a", "string")).type.is_message
    assert asked(choice("a")).is_numbered is False
