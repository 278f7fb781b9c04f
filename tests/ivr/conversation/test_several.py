"""Questions that take several answers, values on record, and keys of an item's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.values import each as every
from ivr.conversation.actions import CloseAnswers, Listen, RecordMessage, StoreAnswer
from ivr.conversation.events import Spoken, TimedOut
from tests.followup.questionnaires.build import (
    choice,
    control,
    item,
    ours,
    questionnaire,
    rule,
    standard,
)
from tests.ivr.conversation.driver import Call

SOME = "some"          # the slug of these questionnaires


def call(*items: dict[str, Any], **more: Any) -> Call:
    return Call(load_questionnaire(questionnaire(*items, item("last", "boolean"))), **more)


def code(letter: str) -> dict[str, Any]:
    return {"valueCoding": {"code": letter, "display": f"选{letter}"}}


def symptoms(**more: Any) -> dict[str, Any]:
    raw = choice("symptoms", "abcd", repeats=True, **more)
    raw["answerOption"][3]["extension"] = [
        standard("questionnaire-optionExclusive", valueBoolean=True)]
    return raw


def of(*letters: str) -> dict[str, Any]:
    return {"answer": [code(letter) for letter in letters]} if len(letters) > 1 \
        else code(letters[0])


def sugar(**more: Any) -> dict[str, Any]:
    return item("sugar", "decimal", repeats=True, extension=[
        standard("minValue", valueDecimal=1), standard("maxValue", valueDecimal=30),
        standard("maxDecimalPlaces", valueInteger=1),
        standard("questionnaire-maxOccurs", valueInteger=3)], **more)


# --- several options -------------------------------------------------------------------------

def test_options_are_pressed_one_after_the_other_and_read_back_together() -> None:
    patient = call(symptoms()).play("13")
    assert [action.value for action in patient.done if isinstance(action, StoreAnswer)] == [
        code("a"), code("c")]
    patient.play("#")
    assert patient.said == ["picked-all"]
    patient.play("1")
    assert patient.stored["symptoms"] == of("a", "c")
    assert patient.said == [f"{SOME}/last"]


def test_one_option_alone_is_not_read_back_and_silence_ends_the_choice_too() -> None:
    assert call(symptoms()).play("2#").said == [f"{SOME}/last"]
    patient = call(symptoms()).play("2", "silence")
    assert patient.said == [f"{SOME}/last"]
    assert CloseAnswers("symptoms") in patient.done


def test_a_choice_that_is_wrong_is_made_anew() -> None:
    patient = call(symptoms()).play("12#", "2", "3#")
    assert patient.stored["symptoms"] == of("c")
    third = [each for each in patient.done if isinstance(each, StoreAnswer)][2]
    assert (third.supersedes, third.position) == (True, 0)


def test_the_same_option_twice_is_once() -> None:
    assert call(symptoms()).play("1", "1", "#").stored["symptoms"] == of("a")


def test_none_of_these_stands_alone() -> None:
    assert call(symptoms()).play("4").said == [f"{SOME}/last"]
    assert call(symptoms()).play("14").stored["symptoms"] == of("d")


def test_several_names_may_be_said_at_once_or_one_after_another() -> None:
    patient = call(symptoms())
    patient.send(Spoken("选a和选b", 0.9))
    assert patient.stored["symptoms"] == of("a", "b")
    patient.send(Spoken("选c", 0.9))
    patient.send(Spoken("没有了", 0.9))
    assert patient.said == ["picked-all"]
    patient.send(Spoken("是的", 0.9))
    assert patient.stored["symptoms"] == of("a", "b", "c")
    assert patient.said == [f"{SOME}/last"]


def test_several_that_matter_are_read_back_before_they_count() -> None:
    patient = call(symptoms(extension=[rule("abnormal", "=", valueString="a")]))
    patient.send(Spoken("选a和选b", 1.0))
    assert "symptoms" not in patient.stored
    assert patient.said == ["heard-risky"]
    patient.play("1", "silence")
    assert patient.stored["symptoms"] == of("a", "b")
    assert "picked-all" not in patient.said          # read back once is enough


def test_who_hangs_up_on_the_read_back_leaves_the_alarm_and_is_asked_for_the_rest() -> None:
    patient = call(symptoms(extension=[rule("abnormal", "=", valueString="a")]))
    patient.send(Spoken("选a和选b", 1.0))
    patient.play("hangup")
    assert patient.stored["symptoms"] == of("a")
    assert patient.open == {"symptoms"}


def test_a_critical_option_brings_an_agent_before_the_choice_is_ended() -> None:
    patient = call(symptoms(extension=[rule("critical", "=", valueString="b")])).play("1", "2")
    assert [each.reason for each in patient.escalations] == ["finding"]
    assert patient.stored["symptoms"] == of("a", "b")


def test_one_of_several_answers_opens_the_questions_that_depend_on_it() -> None:
    patient = call(symptoms(), item("how-long", "integer", enableWhen=[
        {"question": "symptoms", "operator": "=", "answerCoding": {"code": "b"}}]))
    assert patient.play("12#1").said == [f"{SOME}/how-long"]


def test_a_choice_cut_short_goes_on_where_it_was_in_the_next_call() -> None:
    first = call(symptoms()).play("1", "hangup")
    again = call(symptoms(), answers=first.stored, open=first.open)
    assert again.said[-2:] == [f"{SOME}/symptoms", "picked-before"]
    assert again.play("2#1").stored["symptoms"] == of("a", "b")


# --- several numbers, dates, messages --------------------------------------------------------

def test_a_number_is_asked_for_again_until_there_is_no_more() -> None:
    patient = call(sugar()).play("6*1#")
    assert patient.said == ["any-more"]
    assert patient.play("1").said == [f"{SOME}/sugar"]
    patient.play("7*2#", "2")
    assert patient.stored["sugar"] == {"answer": [{"valueDecimal": 6.1}, {"valueDecimal": 7.2}]}
    assert patient.said == [f"{SOME}/last"]


def test_after_as_many_as_there_may_be_nobody_is_asked_for_more() -> None:
    assert call(sugar()).play("6#", "1", "7#", "1", "8#").said == [f"{SOME}/last"]


def test_a_further_number_may_be_said_at_once() -> None:
    patient = call(sugar()).play("6*1#")
    patient.send(Spoken("七点二", 0.9))
    assert patient.stored["sugar"] == {"answer": [{"valueDecimal": 6.1}, {"valueDecimal": 7.2}]}
    patient.send(Spoken("没有了", 0.9))
    assert patient.said == [f"{SOME}/last"]


def test_silence_or_noise_at_any_more_is_taken_for_no_in_the_end() -> None:
    patient = call(sugar()).play("6*1#", "silence", "silence")
    assert patient.said == ["any-more"]
    assert patient.play("silence").said == [f"{SOME}/last"]


def test_whether_there_is_more_is_asked_again_when_the_call_was_cut_there() -> None:
    first = call(sugar()).play("6*1#", "hangup")
    again = call(sugar(), answers=first.stored, open=first.open)
    assert again.said[-1] == "any-more"
    assert again.play("2").said == [f"{SOME}/last"]


def values(*numbers: float) -> list[dict[str, Any]]:
    return [{"valueDecimal": number} for number in numbers]


def test_going_back_puts_the_last_of_them_right_and_keeps_the_others() -> None:
    patient = call(sugar()).play("6#", "1", "7#", "2", "9")
    assert patient.said == ["last-again", f"{SOME}/sugar"]
    assert patient.stored["sugar"]["answer"] == values(6.0, 7.0)
    patient.play("8#")
    assert patient.said == ["any-more"]
    assert patient.stored["sugar"]["answer"] == values(6.0, 8.0)
    patient.play("1", "9#")
    assert patient.stored["sugar"]["answer"] == values(6.0, 8.0, 9.0)


def test_a_number_that_came_out_wrong_is_put_right_before_the_next() -> None:
    for back in (lambda call: call.play("9"), lambda call: call.send(Spoken("上一题", 0.9))):
        patient = call(sugar()).play("6#")
        back(patient)
        assert patient.said == [f"{SOME}/sugar"]
        assert patient.play("7#").stored["sugar"] == {"valueDecimal": 7.0}
        assert patient.said == ["any-more"]


def test_who_goes_back_over_and_over_is_taken_on_at_last() -> None:
    patient = call(sugar()).play("6#")
    for number in range(30):
        if patient.state.link_id != "sugar":
            break
        patient.play("9", f"{6 + number % 2}#")
    assert patient.state.link_id == "last"
    assert patient.stored["sugar"] in ({"valueDecimal": 6.0}, {"valueDecimal": 7.0})


@pytest.mark.parametrize("words", [("hangup",), ("silence",) * 3])
def test_what_is_not_put_right_stands(words: tuple[str, ...]) -> None:
    patient = call(sugar()).play("6#", "1", "7#", "9", *words)
    assert patient.stored["sugar"]["answer"] == values(6.0, 7.0)


@given(st.lists(st.integers(10, 300), min_size=1, max_size=3), st.integers(10, 300),
       st.booleans())
def test_whatever_the_last_is_put_right_to_the_others_are_as_they_were(
        tenths: list[int], other: int, at_once: bool) -> None:
    patient = call(sugar())
    for number, each in enumerate(tenths):
        patient.play(*(["1"] if number else []), f"{each // 10}*{each % 10}#")
    if len(tenths) < 3 and not at_once:
        patient.play("2")
    patient.play("9", f"{other // 10}*{other % 10}#")
    assert list(every(patient.stored["sugar"])) == values(*(n / 10 for n in (*tenths[:-1], other)))
    assert patient.stored.keys() == {"sugar"}


# --- values on record ------------------------------------------------------------------------

def weight(**more: Any) -> dict[str, Any]:
    return item("weight", "integer", initial=[{"valueInteger": 60}], extension=[
        standard("minValue", valueInteger=20), standard("maxValue", valueInteger=200),
        standard("questionnaire-unit", valueCoding={"code": "kg"})], **more)


def test_a_value_on_record_is_offered_and_counts_once_it_is_confirmed() -> None:
    patient = call(weight())
    assert patient.said[-2:] == [f"{SOME}/weight", "on-record"]
    assert patient.play("#").said == ["on-record-confirm"]
    assert "weight" not in patient.stored
    patient.play("1")
    assert patient.stored["weight"] == {"valueInteger": 60}
    assert patient.heard["weight"] == "#1"           # and not a number that was typed


@pytest.mark.parametrize("words", [("silence",) * 3, ("#", "hangup"), ("#", *["silence"] * 3),
                                   ("#", "2", "hangup"), ("hangup",)])
def test_nobody_who_says_nothing_has_confirmed_it(words: tuple[str, ...]) -> None:
    assert "weight" not in call(weight()).play(*words).stored


def test_another_value_takes_its_place() -> None:
    assert call(weight()).play("58#", "silence").stored["weight"] == {"valueInteger": 58}


def test_unchanged_may_be_said() -> None:
    patient = call(weight())
    patient.send(Spoken("没有变化", 0.9))
    assert patient.stored["weight"] == {"valueInteger": 60}


def test_options_on_record_are_offered_together() -> None:
    raw = symptoms()
    for place in (0, 1):
        raw["answerOption"][place]["initialSelected"] = True
    patient = call(raw)
    assert patient.said[-1] == "on-record"
    assert patient.play("#1#").stored["symptoms"] == of("a", "b")


# --- keys of an item's own -------------------------------------------------------------------

def test_an_item_may_have_other_keys_for_a_person_and_for_going_back() -> None:
    own = choice("own", "ab", extension=[control("person", "9"), control("back", "5"),
                                         control("repeat", "#"), control("end")])
    patient = call(item("first", "boolean"), own).play("1", "#")
    assert patient.said == [f"{SOME}/own"]
    assert patient.play("5").said == [f"{SOME}/first"]
    assert call(own).play("9").escalations
    assert not call(own).play("0").escalations


def test_a_key_that_is_switched_off_does_nothing() -> None:
    off = choice("off", "ab", extension=[control("person")])
    assert call(off).play("0").said[0] == "not-understood"


def test_another_key_may_end_a_number_and_what_is_said_follows() -> None:
    patient = call(item("count", "integer", extension=[
        control("end", "*"), control("repeat", "#")]))
    patient.send(TimedOut())
    patient.send(TimedOut())
    assert patient.said[1] == "help-end"
    assert patient.play("12*").stored["count"] == {"valueInteger": 12}


def test_another_key_may_end_a_message() -> None:
    patient = call(item("voice", "text", extension=[control("end", "*"), control("repeat")]))
    assert [each.end_key for each in patient.last if isinstance(each, RecordMessage)] == ["*"]
    assert patient.play("*").said == [f"{SOME}/last"]


def test_the_other_answer_of_several_may_be_spoken_into_the_line() -> None:
    patient = call(choice("own", "ab", kind="open-choice", repeats=True, extension=[
        ours("other-key", valueString="7")])).play("1", "7", "spoke")
    assert patient.stored["own"]["answer"][1]["valueAttachment"]["url"] == "m.wav"
    assert patient.waits_for(Listen)
