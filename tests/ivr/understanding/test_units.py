"""Numbers with their units, and with others that people use."""

from __future__ import annotations

import pytest

from followup.questionnaires.definition import Item
from followup.questionnaires.fhir import load_questionnaire
from ivr.prompts.answers import said
from ivr.understanding import Answered, understand
from tests.followup.questionnaires.build import item, questionnaire, standard


def asked(unit: str, low: float, high: float, decimals: int = 1, **coding: str) -> Item:
    return load_questionnaire(questionnaire(item("n", "decimal", extension=[
        standard("minValue", valueDecimal=low), standard("maxValue", valueDecimal=high),
        standard("maxDecimalPlaces", valueInteger=decimals),
        standard("questionnaire-unit", valueCoding={"code": unit, **coding})]))).item("n")


WEIGHT, SUGAR = asked("kg", 20, 200), asked("mmol/L", 1, 40)


@pytest.mark.parametrize(("language", "text", "kilograms", "certain"), [
    ("zh", "六十公斤", 60.0, True), ("zh", "六十", 60.0, False), ("zh", "一百二十斤", 60.0, False),
    ("en", "sixty kilograms", 60.0, True), ("en", "one hundred and thirty pounds", 59.0, False),
])
def test_a_weight_in_another_unit_is_converted_and_never_taken_unasked(
        language: str, text: str, kilograms: float, certain: bool) -> None:
    assert understand(WEIGHT, language, text) == Answered({"valueDecimal": kilograms}, certain)


def test_the_unit_is_part_of_the_answer_and_not_in_its_way() -> None:
    assert understand(SUGAR, "zh", "六点一毫摩尔每升") == Answered({"valueDecimal": 6.1})
    assert understand(SUGAR, "zh", "六点一") == Answered({"valueDecimal": 6.1})


def test_a_number_is_read_back_with_its_unit() -> None:
    assert said(WEIGHT, {"valueDecimal": 62.5}, "zh") == "62.5公斤"
    assert said(WEIGHT, {"valueDecimal": 62.5}, "en") == "62.5 kilograms"
    assert said(asked("{cup}", 0, 9, display="杯"), {"valueDecimal": 2.0}, "zh") == "2杯"
    assert said(asked("Cel", 34, 43), {"valueDecimal": 38.0}, "zh") == "38度"
