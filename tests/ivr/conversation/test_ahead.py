"""A yes that tells the next number as well."""

from __future__ import annotations

import pytest

from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation.events import Spoken
from ivr.conversation.speech import hears
from tests.followup.questionnaires.build import item, questionnaire, rule, standard
from tests.ivr.conversation.driver import Call

HEAT = item("heat", "decimal", enableWhen=[
    {"question": "fever", "operator": "=", "answerBoolean": True}], extension=[
        standard("minValue", valueDecimal=34), standard("maxValue", valueDecimal=43),
        standard("maxDecimalPlaces", valueInteger=1),
        standard("questionnaire-unit", valueCoding={
            "system": "http://unitsofmeasure.org", "code": "Cel"})])
LAST = item("pain", "integer", extension=[
    standard("minValue", valueInteger=0), standard("maxValue", valueInteger=10)])
PLAIN = load_questionnaire(questionnaire(item("fever", "boolean"), HEAT, LAST), stored=True)
FLAG = load_questionnaire(questionnaire(
    item("fever", "boolean", extension=[rule("abnormal", "=", valueBoolean=True)]), HEAT, LAST),
    stored=True)


def say(call: Call, *texts: str, confidence: float = 0.9) -> Call:
    for text in texts:
        call.send(Spoken(text, confidence))
    return call


@pytest.mark.parametrize(("words", "number"), [
    ("有三十八度五", "三十八度五"), ("有的大概三十八度五吧", "大概三十八度五吧")])
def test_the_number_is_read_back_in_place_of_its_question(words: str, number: str) -> None:
    call = say(Call(PLAIN), words)
    assert call.stored == {"fever": {"valueBoolean": True}}
    assert call.asked == ["fever", "heat"]
    assert call.said == ["heard-temperature"]
    say(call, "对")
    assert call.stored["heat"] == {"valueDecimal": 38.5}
    assert call.heard == {"fever": words, "heat": number}
    assert call.asked[-1] == "pain"


def test_a_no_to_the_number_asks_for_it() -> None:
    call = say(Call(PLAIN), "有三十八度五", "不对")
    assert call.said[0] == "again"
    assert "heat" not in call.stored
    assert call.play("37*5#").stored["heat"] == {"valueDecimal": 37.5}


def test_a_number_that_was_told_is_kept_when_the_line_is_cut_on_its_read_back() -> None:
    assert say(Call(PLAIN), "有三十八度五").play("hangup").stored["heat"] == {"valueDecimal": 38.5}


def test_what_was_hardly_heard_is_confirmed_first_and_the_number_after_it() -> None:
    call = say(Call(PLAIN), "有三十八度五", confidence=0.3)
    assert (call.said, call.stored) == (["heard"], {})
    assert say(call, "对").said == ["heard-temperature"]
    denied = say(Call(PLAIN), "有三十八度五", "不对", confidence=0.3).play("1")
    assert denied.state.link_id == "heat"
    assert not denied.state.ahead
    assert denied.said == ["some/heat"] or denied.said[-1].endswith("heat")


def test_a_red_flag_still_needs_its_second_answer_or_a_key() -> None:
    call = say(Call(FLAG), "有三十八度五")
    assert (call.said, call.stored) == (["heard-risky"], {})
    say(call, "对")
    assert call.stored == {}
    call = say(Call(FLAG), "有三十八度五").play("1")
    assert call.stored == {"fever": {"valueBoolean": True}}
    if call.said != ["heard-temperature"]:
        call.play("busy")
    assert call.said == ["heard-temperature"]


def test_a_number_that_the_next_question_does_not_take_is_read_back_with_the_yes() -> None:
    call = say(Call(PLAIN), "有五十度")
    assert (call.said, call.stored) == (["heard"], {})
    assert say(call, "对").said[-1].endswith("heat")


def test_a_no_with_a_number_that_is_then_not_asked_for_loses_nothing_and_asks_on() -> None:
    call = say(Call(PLAIN), "没有三十六度五")
    assert call.said == ["heard"]
    assert say(call, "对").stored == {"fever": {"valueBoolean": False}}
    assert call.said[-1].endswith("pain")


def test_number_words_are_listened_for_where_a_number_may_follow() -> None:
    grammar = hears(Call(PLAIN).state)
    assert grammar
    assert {"三", "十", "度"} <= set(grammar.around)
    assert not {"三", "十", "度"} <= set(grammar.phrases)
