"""Numbers with their units, and with others that people use."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.definition import Item
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.units import Told, usual_units
from ivr.conversation.entry import may_go_on, read
from ivr.prompts.answers import said
from ivr.understanding import Answered, Meaning, Unclear, grammar_for, understand
from tests.followup.questionnaires.build import english, item, ours, questionnaire, standard


def unit_option(code: str, zh: str, en: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return ours("unit-option", extension=[
        {"url": "unit", "valueCoding": {"code": code, "display": zh, "_display": english(en)}},
        *parts])


MG_DL = unit_option("mg/dL", "毫克每分升", "milligrams per decilitre",
                    {"url": "factor", "valueDecimal": 0.0555},
                    ours("spoken", extension=[{"url": "language", "valueCode": "en"},
                                              {"url": "words", "valueString": "milligrams"}]))


def asked(unit: str, low: float, high: float, *more: dict[str, Any], decimals: int = 1,
          **coding: str) -> Item:
    return load_questionnaire(questionnaire(item("n", "decimal", extension=[
        standard("minValue", valueDecimal=low), standard("maxValue", valueDecimal=high),
        standard("maxDecimalPlaces", valueInteger=decimals),
        standard("questionnaire-unit", valueCoding={"code": unit, **coding}),
        *more]))).item("n")


WEIGHT, SUGAR = asked("kg", 20, 200), asked("mmol/L", 1, 30)
EITHER_SUGAR, FEVER = asked("mmol/L", 1, 30, MG_DL), asked("Cel", 34, 43)


def told(number: str, unit: str) -> Told:
    return Told(Decimal(number), unit)


@pytest.mark.parametrize(("language", "text", "kilograms", "certain", "other"), [
    ("zh", "六十公斤", 60.0, True, None), ("zh", "六十", 60.0, False, None),
    ("zh", "一百二十斤", 60.0, False, told("120", "{jin}")),
    ("en", "sixty kilograms", 60.0, True, None),
    ("en", "one hundred and thirty pounds", 59.0, False, told("130", "[lb_av]")),
    ("en", "four hundred", 181.4, False, told("400", "[lb_av]")),
])
def test_a_weight_in_another_unit_is_converted_and_never_taken_unasked(
        language: str, text: str, kilograms: float, certain: bool, other: Told | None) -> None:
    assert understand(WEIGHT, language, text) == Answered(
        {"valueDecimal": kilograms}, certain, other)


@pytest.mark.parametrize(("language", "text", "degrees", "number"), [
    ("en", "one hundred and one", 38.3, "101"), ("en", "a hundred and one degrees", 38.3, "101"),
    ("en", "a hundred and one point three Fahrenheit", 38.5, "101.3"),
    ("en", "one oh one point three degrees fahrenheit", 38.5, "101.3"),
    ("en", "ninety-eight point six", 37.0, "98.6"),
    ("zh", "华氏一百零一度", 38.3, "101"), ("yue", "華氏一百零一度", 38.3, "101"),
])
def test_a_temperature_may_be_told_in_fahrenheit(language: str, text: str, degrees: float,
                                                 number: str) -> None:
    assert understand(FEVER, language, text) == Answered(
        {"valueDecimal": degrees}, certain=False, told=told(number, "[degF]"))


@pytest.mark.parametrize(("language", "text", "meant"), [
    ("en", "sixty", Unclear("out-of-range")),
    ("en", "a hundred and thirty", Unclear("out-of-range")),
    ("en", "thirty-eight fahrenheit", Unclear("out-of-range")),
    ("en", "one hundred and one celsius", Unclear("out-of-range")),
    ("zh", "一百零一", Unclear("out-of-range")),         # nobody is used to it there
    ("en", "thirty-eight celsius fahrenheit", Unclear("ambiguous")),
    ("en", "thirty-eight point five", Answered({"valueDecimal": 38.5})),
    ("en", "thirty-eight point five degrees celsius", Answered({"valueDecimal": 38.5})),
    ("en", "thirty-eight degrees", Answered({"valueDecimal": 38.0})),
    ("zh", "三十八度五", Answered({"valueDecimal": 38.5})),
])
def test_a_number_that_makes_no_sense_in_either_is_asked_again_and_a_plain_one_is_plain(
        language: str, text: str, meant: Meaning) -> None:
    assert understand(FEVER, language, text) == meant


@pytest.mark.parametrize(("keys", "language", "value", "other"), [
    ("101", "en", "38.3", "101 [degF]"), ("101*3", "en", "38.5", "101.3 [degF]"),
    ("1013", "en", "38.5", "101.3 [degF]"), ("986", "en", "37.0", "98.6 [degF]"),
    ("38*5", "en", "38.5", ""), ("385", "en", "38.5", ""), ("101", "zh", "", ""),
    ("60", "en", "", ""), ("130", "en", "", ""),
])
def test_fahrenheit_may_be_typed_too(keys: str, language: str, value: str, other: str) -> None:
    typed = read(FEVER, keys, language)
    assert (str(typed.value or ""), str(typed.told or "")) == (value, other)
    assert typed.out_of_range == (not value)


def test_a_conversion_that_a_questionnaire_declares_is_used() -> None:
    assert understand(EITHER_SUGAR, "en", "one hundred and twenty milligrams") == Answered(
        {"valueDecimal": 6.7}, certain=False, told=told("120", "mg/dL"))
    assert understand(EITHER_SUGAR, "zh", "一百二十毫克每分升") == Answered(
        {"valueDecimal": 6.7}, certain=False, told=told("120", "mg/dL"))
    assert read(EITHER_SUGAR, "120", "zh").value == Decimal("6.7")
    assert understand(EITHER_SUGAR, "zh", "六点一") == Answered({"valueDecimal": 6.1})
    # within bounds in both: the own unit's, and read back
    assert understand(EITHER_SUGAR, "en", "twenty") == Answered({"valueDecimal": 20.0}, False)


def test_a_known_conversion_needs_no_factor_and_may_be_made_usual_in_a_language() -> None:
    both = asked("Cel", 34, 43, unit_option("[degF]", "华氏度", "Fahrenheit"))
    assert read(both, "101", "zh").value == Decimal("38.3")
    named = asked("Cel", 34, 43, unit_option("[degF]", "华氏度", "Fahrenheit",
                                             {"url": "usual", "valueCode": "zh"}))
    assert read(named, "101", "en").value is None


def test_a_weight_may_have_more_digits_in_pounds() -> None:
    whole = load_questionnaire(questionnaire(item("n", "integer", extension=[
        standard("minValue", valueInteger=20), standard("maxValue", valueInteger=200),
        standard("questionnaire-unit", valueCoding={"code": "kg"})]))).item("n")
    assert may_go_on(whole, "31", "en")
    assert not may_go_on(whole, "31", "fr")
    assert read(whole, "310", "en").value == 141


@given(st.integers(932, 1094))
def test_every_fahrenheit_has_a_celsius_and_its_way_back(tenths: int) -> None:
    unit = next(unit for unit in usual_units("Cel") if unit.code == "[degF]")
    number = Decimal(tenths) / 10
    celsius = unit.converted(number, 1)
    assert abs(unit.stated(celsius) - number) <= Decimal("0.09")
    assert abs(celsius - (number - 32) * 5 / 9) <= Decimal("0.05")


def test_a_recogniser_is_told_of_fahrenheit_where_it_is_usual() -> None:
    phrases = grammar_for(FEVER, "en").phrases
    assert {"one hundred and one point three", "a hundred and one fahrenheit"} <= set(phrases)
    assert not [phrase for phrase in grammar_for(FEVER, "zh").phrases if "百" in phrase]


def test_the_unit_is_part_of_the_answer_and_not_in_its_way() -> None:
    assert understand(SUGAR, "zh", "六点一毫摩尔每升") == Answered({"valueDecimal": 6.1})
    assert understand(SUGAR, "zh", "六点一") == Answered({"valueDecimal": 6.1})


def test_a_number_is_read_back_with_its_unit() -> None:
    assert said(WEIGHT, {"valueDecimal": 62.5}, "zh") == "62.5公斤"
    assert said(WEIGHT, {"valueDecimal": 62.5}, "en") == "62.5 kilograms"
    assert said(asked("{cup}", 0, 9, display="杯"), {"valueDecimal": 2.0}, "zh") == "2杯"
    assert said(asked("Cel", 34, 43), {"valueDecimal": 38.0}, "zh") == "38度"
