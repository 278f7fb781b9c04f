"""Patients who want no recording, or no calls at all."""

from __future__ import annotations

import pytest

from followup.calls.models import Disposition
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation import farewell
from ivr.conversation.actions import StopCalling, StopRecording, StoreAnswer
from ivr.conversation.events import Spoken
from ivr.conversation.speech import hears
from tests.ivr.conversation.driver import SAMPLE, Call


def test_no_more_calls_may_be_confirmed_aloud() -> None:
    for said, stops in (("是的", True), ("不是", False), ("", False)):
        call = refusing()
        call.send(Spoken(said))
        assert (StopCalling() in call.done, call.outcome) == (stops, "refused")


def test_no_calls_are_stopped_by_a_yes_that_was_hardly_heard() -> None:
    call = refusing()
    call.send(Spoken("是的", 0.5))
    assert (call.said, call.outcome) == (["stop-calling"], None)
    assert hears(call.state) is None           # now a key
    call.play("1")
    assert (StopCalling() in call.done, call.outcome) == (True, "refused")


def test_who_says_so_again_is_never_called_again_and_who_did_not_hear_is_asked_again() -> None:
    for said, stops in ((("不要再打了",), True), (("再说一遍", "不要再打了"), True),
                        (("天气", "天气"), False)):
        call = refusing()
        for words in said:
            call.send(Spoken(words))
        assert (StopCalling() in call.done, call.outcome) == (stops, "refused"), said
    grammar = hears(refusing().state)
    assert grammar and {"不要再打了", "再说一遍", "是的"} <= set(grammar.phrases)


def refusing() -> Call:
    call = Call()
    call.state, actions = farewell.leave(call.state, Disposition.REFUSED)
    call.done += actions
    call.last = actions
    return call


@pytest.mark.parametrize(("word", "stops", "last"), [
    ("1", True, "goodbye-stopped"), ("2", False, "goodbye-refused"),
    ("silence", False, "goodbye-refused")])
def test_who_refuses_is_asked_whether_to_be_called_ever_again(word: str, stops: bool,
                                                              last: str) -> None:
    call = refusing()
    assert call.said == ["stop-calling"]
    call.play(word)
    assert (StopCalling() in call.done, call.said, call.outcome) == (stops, [last], "refused")


def test_hanging_up_does_not_stop_later_calls() -> None:
    call = refusing().play("hangup")
    assert (StopCalling() in call.done, call.outcome) == (False, "refused")


def test_seven_refuses_the_recording_and_the_call_goes_on() -> None:
    call = Call().play("7")
    assert StopRecording() in call.done
    assert call.said == ["not-recorded", "identity", "other-language"]
    call.play("1", "1")
    assert call.outcome is None and call.state.recorded is False
    assert [each.link_id for each in call.done if isinstance(each, StoreAnswer)] == [
        "identity", "feeling"]
    assert call.done.count(StopRecording()) == 1


def test_a_required_question_that_cannot_be_answered_ends_with_a_person() -> None:
    raw = {**SAMPLE.resource, "item": [
        {**item, "required": item["linkId"] in ("identity", "feeling")}
        for item in SAMPLE.resource["item"]]}
    call = Call(load_questionnaire(raw)).play("1", "7", "6", "5")
    rung, = call.escalations
    assert (rung.reason, rung.hold_s) == ("stuck", 0)
    assert call.play("nobody").outcome == "callback_alert"
    silent = Call(load_questionnaire(raw)).play("1", *["silence"] * 3)
    assert not silent.escalations
