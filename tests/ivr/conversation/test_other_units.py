"""A number told in another unit is read back in both, and counts once it is confirmed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation.actions import Say
from ivr.conversation.events import Key, Spoken
from ivr.conversation.state import Phase
from ivr.rehearsal import Rehearsal
from tests.followup.questionnaires.build import item, ours, questionnaire, standard
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call

ENGLISH = replace(CONTEXT, language="en")


def asked_in_english(*events: Key | Spoken) -> Call:
    call = Call(context=ENGLISH).play("1", "1")
    for event in events:
        call.send(event)
    return call


def typed(keys: str) -> list[Key]:
    return [Key(key) for key in keys]


@pytest.mark.parametrize(("events", "degrees", "heard"), [
    (typed("101*3#"), 38.5, "101*3 = 101.3 [degF]"), (typed("1013#"), 38.5, "1013 = 101.3 [degF]"),
    ([Spoken("a hundred and one point three fahrenheit")], 38.5,
     "a hundred and one point three fahrenheit = 101.3 [degF]"),
    ([Spoken("one hundred and one", 0.9)], 38.3, "one hundred and one = 101 [degF]")])
@pytest.mark.parametrize("yes", [Key("1"), Spoken("yes", 0.9)])
def test_fahrenheit_is_read_back_in_both_units_and_kept_as_it_was_told(
        events: list[Key | Spoken], degrees: float, heard: str, yes: Key | Spoken) -> None:
    call = asked_in_english(*events)
    assert call.said == ["converted"]
    (says,) = [each for each in call.last if isinstance(each, Say)]
    number = heard.partition(" = ")[2].split()[0]
    assert says.prompts[0].variables == {"told": f"{number} degrees Fahrenheit",
                                         "value": f"{degrees} degrees Celsius"}
    assert "temperature" not in call.stored
    call.send(yes)
    assert call.stored["temperature"] == {"valueDecimal": degrees}
    assert call.heard["temperature"] == heard


def test_a_no_asks_again_and_celsius_is_taken_as_ever() -> None:
    call = asked_in_english(*typed("101#2"))
    assert call.said[-1] == "temperature"
    assert call.play("36*8#").stored["temperature"] == {"valueDecimal": 36.8}
    assert call.heard["temperature"] == "36*8"


def test_a_number_of_neither_unit_is_asked_again() -> None:
    for events in (typed("60#"), typed("130#"), [Spoken("sixty", 0.9)]):
        call = asked_in_english(*events)
        assert call.said == ["out-of-range", "temperature"]
        assert call.state.phase is Phase.ASKING


def test_a_rule_looks_at_the_converted_number() -> None:
    call = asked_in_english(*typed("102#1"))
    assert [hit.rule for hit in call.state.findings] == ["fever"]


def test_what_was_converted_is_read_back_even_where_nothing_else_is() -> None:
    raw = item("n", "decimal", extension=[
        standard("minValue", valueDecimal=20), standard("maxValue", valueDecimal=200),
        standard("maxDecimalPlaces", valueInteger=1), ours("confirm", valueCode="never"),
        standard("questionnaire-unit", valueCoding={"code": "kg"})])
    call = Call(load_questionnaire(questionnaire(raw)))
    call.send(Spoken("一百二十斤", 0.9))
    assert call.said == ["converted"]
    call.send(Key("1"))
    assert call.stored["n"] == {"valueDecimal": 60.0}


def test_who_hangs_up_on_the_read_back_of_a_number_that_was_typed_has_given_it() -> None:
    call = asked_in_english(*typed("101*3#")).play("hangup")
    assert call.stored["temperature"] == {"valueDecimal": 38.5}
    assert call.heard["temperature"] == "101*3 = 101.3 [degF]"


@pytest.mark.parametrize(("language", "line", "told"), [
    ("en", "101*3#", "one hundred and one point three degrees Fahrenheit, that is "
     "thirty-eight point five degrees Celsius."),
    ("zh", "华氏一百零一度", "您的回答是一百零一华氏度，也就是三十八点三摄氏度。")])
def test_it_is_said_in_the_language_of_the_call(language: str, line: str, told: str) -> None:
    context: Any = replace(CONTEXT, language=language)
    rehearsal = Rehearsal(SAMPLE, context)
    for _ in (rehearsal.start(), rehearsal.type("1"), rehearsal.type("1")):
        list(_)
    said = " ".join(rehearsal.type(line))
    assert told in said
