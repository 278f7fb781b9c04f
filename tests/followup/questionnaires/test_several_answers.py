"""Several answers, values to offer and control keys: read, or refused where they make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from followup.questionnaires.definition import Control, ItemType
from followup.questionnaires.fhir import load_questionnaire
from tests.followup.questionnaires.build import (
    BOUND,
    choice,
    control,
    english,
    item,
    ours,
    questionnaire,
)
from tests.followup.questionnaires.test_fhir import faults, low_high

MOST = BOUND + "questionnaire-maxOccurs"
LEAST = BOUND + "questionnaire-minOccurs"


def test_how_many_answers_there_may_be() -> None:
    read = load_questionnaire(questionnaire(
        choice("symptoms", "abc", repeats=True),
        choice("two", "abc", repeats=True, extension=[{"url": MOST, "valueInteger": 2}]),
        choice("own", "ab", kind="open-choice", repeats=True,
               extension=[ours("other-key", valueString="7")]),
        item("sugar", "decimal", repeats=True),
        item("days", "date", repeats=True, extension=[{"url": MOST, "valueInteger": 3},
                                                      {"url": LEAST, "valueInteger": 2}]),
        item("once", "integer")))
    assert [(each.link_id, each.min_answers, each.max_answers) for each in read.order] == [
        ("symptoms", 1, 3), ("two", 1, 2), ("own", 1, 3), ("sugar", 1, 5), ("days", 2, 3),
        ("once", 1, 1)]


def test_an_option_that_goes_with_no_other() -> None:
    raw = choice("symptoms", "ab", repeats=True)
    raw["answerOption"][1]["extension"] = [
        {"url": BOUND + "questionnaire-optionExclusive", "valueBoolean": True}]
    read = load_questionnaire(questionnaire(raw)).item("symptoms")
    assert [option.exclusive for option in read.options] == [False, True]


def test_values_to_offer_are_read_as_answers() -> None:
    picked = choice("picked", "abc", repeats=True)
    for place in (0, 2):
        picked["answerOption"][place]["initialSelected"] = True
    read = load_questionnaire(questionnaire(
        item("degrees", "decimal", initial=[{"valueDecimal": 37}]),
        item("count", "integer", initial=[{"valueInteger": 2}]),
        item("day", "date", initial=[{"valueDate": "2026-03-05"}]),
        item("yes", "boolean", initial=[{"valueBoolean": False}]),
        choice("one", initial=[{"valueCoding": {"code": "b"}}]), picked))
    assert [each.initial for each in read.order] == [
        ({"valueDecimal": 37.0},), ({"valueInteger": 2},), ({"valueDate": "2026-03-05"},),
        ({"valueBoolean": False},), ({"valueCoding": {"code": "b", "display": "选b"}},),
        tuple({"valueCoding": {"code": code, "display": f"选{code}"}} for code in "ac")]


def test_control_keys_are_the_usual_ones_unless_told_otherwise() -> None:
    read = load_questionnaire(questionnaire(
        choice("usual"), item("typed", "integer"),
        choice("own", extension=[control("person", "9"), control("back", "#"), control("end")]),
        choice("nine", "abcdefghi"), item("say", "text", extension=[control("person", "0")])))
    keys = {each.link_id: [each.key_for(one) for one in Control] for each in read.order}
    assert keys == {"usual": ["*", "#", "0", "9"], "typed": ["*", "#", "", ""],
                    "own": ["*", "", "9", "#"], "nine": ["*", "#", "0", ""],
                    "say": ["*", "#", "0", ""]}


def test_a_unit_is_called_what_its_display_says() -> None:
    read = load_questionnaire(questionnaire(item("pressure", "integer", extension=[
        {"url": BOUND + "questionnaire-unit", "valueCoding": {
            "code": "mm[Hg]", "display": "毫米汞柱"}}]))).item("pressure")
    assert (read.unit, read.unit_text) == ("mm[Hg]", {"zh": "毫米汞柱"})


def unit_option(code: str, *parts: dict[str, Any], english_too: bool = True) -> dict[str, Any]:
    coded = {"code": code, "display": "某单位", "_display": english("some unit")}
    return ours("unit-option", extension=[
        {"url": "unit", "valueCoding": coded if english_too else {"code": code, "display": "某"}},
        *parts])


def no_pain(**value: Any) -> dict[str, Any]:
    return ours("spoken-value", extension=[
        {"url": "value", **value}, {"url": "language", "valueCode": "zh"},
        {"url": "words", "valueString": "不疼"}])


def measured(*more: dict[str, Any], unit: str = "Cel") -> dict[str, Any]:
    return item("a", "decimal", extension=[
        *([{"url": BOUND + "questionnaire-unit", "valueCoding": {"code": unit}}] if unit else []),
        *more])


@pytest.mark.parametrize(("field", "wrong"), [
    ("repeats", item("a", "group", repeats=True, item=[item("b", "boolean")])),
    ("repeats", item("a", "boolean", repeats=True)),
    ("questionnaire-maxOccurs", item("a", "integer", repeats=True, extension=[
        {"url": MOST, "valueInteger": 11}])),
    ("questionnaire-minOccurs", item("a", "integer", repeats=True, extension=[
        {"url": LEAST, "valueInteger": 6}])),
    (f"extension {MOST}", item("a", "integer", extension=[{"url": MOST, "valueInteger": 2}])),
    ("initial.0", item("a", "integer", initial=[{"valueString": "1"}])),
    ("initial.0", item("a", "text", initial=[{"valueString": "1"}])),
    ("initial.0", choice("a", initial=[{"valueCoding": {"code": "z"}}])),
    ("initial.0", item("a", "integer", extension=low_high("valueInteger", 0, 10),
                       initial=[{"valueInteger": 11}])),
    ("initial", item("a", "integer", initial=[{"valueInteger": 1}, {"valueInteger": 2}])),
    ("questionnaire-hidden", item("a", "integer", extension=[
        {"url": BOUND + "questionnaire-hidden", "valueBoolean": True}])),
    ("control-key", choice("a", extension=[control("person", "1")])),
    ("control-key", choice("a", extension=[control("person", "x")])),
    ("control-key", choice("a", extension=[control("leave", "8")])),
    ("control-key", choice("a", extension=[control("person", "8"), control("person", "7")])),
    ("control-key", choice("a", extension=[control("person", "8"), control("back", "8")])),
    ("control-key", item("a", "integer", extension=[control("person", "0")])),
    ("control-key", item("a", "decimal", extension=[control("end", "*")])),
    ("control-key", item("a", "display", extension=[control("repeat", "5")])),
    ("control-key", choice("a", repeats=True, extension=[control("end")])),
    ("spoken-value.0", measured(ours("spoken-value", extension=[]))),
    ("spoken-value.0", measured(no_pain(valueString="0"))),
    ("spoken-value.0", measured(no_pain(valueDecimal=5), *low_high("valueDecimal", 0, 4))),
    ("spoken-value.0", item("a", "integer", extension=[no_pain(valueDecimal=0.5)])),
    ("spoken-value", choice("a", extension=[no_pain(valueInteger=0)])),
    ("unit-option.0.unit", measured(ours("unit-option", extension=[]))),
    ("unit-option.0.unit", measured(unit_option("[degF]", english_too=False))),
    ("unit-option.0.factor", measured(unit_option("mg/dL"))),
    ("unit-option.0.factor", measured(unit_option(
        "mg/dL", {"url": "factor", "valueDecimal": -0.5}))),
    ("unit-option.0.factor", measured(unit_option(
        "[degF]", {"url": "factor", "valueString": "5/9"}))),
    ("unit-option.0.usual", measured(unit_option("[degF]", {"url": "usual", "valueCode": "fr"}))),
    ("unit-option", measured(unit_option("mg/dL", {"url": "factor", "valueDecimal": 0.0555}),
                             unit="")),
    ("unit-option", choice("a", extension=[unit_option(
        "mg/dL", {"url": "factor", "valueDecimal": 0.0555})])),
])
def test_what_makes_no_sense_is_refused(field: str, wrong: dict[str, Any]) -> None:
    assert faults(questionnaire(item("first", "integer"), wrong)) == [("a", field)]


@pytest.mark.parametrize(("link_id", "field", "change"), [
    ("a", "colour", lambda raw: raw["item"][0].update(colour="red")),
    ("b", "answerOption.1", lambda raw: raw["item"][1]["answerOption"][1].update(valueString="x")),
    ("b", "maxLength", lambda raw: raw["item"][1].update(maxLength="long")),
    ("b", "extension.0", lambda raw: raw["item"][1].update(extension=[
        {"url": "urn:other", "valueString": "x", "valueInteger": 1}])),
    ("b", "extension.0._valueString.color", lambda raw: raw["item"][1].update(extension=[
        {"url": "urn:other", "valueString": "x", "_valueString": {"color": 1}}])),
    ("", "date", lambda raw: raw.update(date="yesterday")),
    ("", "_title", lambda raw: raw.update(_title=True)),
    ("", "publisher", lambda raw: raw.update(publisher=["x"])),
])
def test_what_is_not_fhir_is_refused_where_it_stands(link_id: str, field: str, change: Any) -> None:
    raw = questionnaire(item("a", "integer"), choice("b"))
    change(raw)
    assert faults(raw) == [(link_id, field)]


def test_a_stored_questionnaire_is_read_without_looking_at_its_shape_again() -> None:
    raw = questionnaire(item("a", "decimal", colour="red"))
    assert load_questionnaire(raw, stored=True).item("a").type is ItemType.DECIMAL
