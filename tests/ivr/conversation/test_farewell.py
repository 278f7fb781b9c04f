"""Patients who want another time, no recording, or no calls at all."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from followup.calls.models import Disposition
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation import farewell
from ivr.conversation.actions import StopCalling, StopRecording, StoreAnswer
from ivr.conversation.events import Spoken
from ivr.conversation.farewell import moment_of
from ivr.conversation.speech import hears
from ivr.understanding import When
from tests.ivr.conversation.driver import SAMPLE, Call

SHANGHAI = ZoneInfo("Asia/Shanghai")
AFTERNOON = datetime(2026, 11, 24, 14, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("words", "when"), [
    (("1", "silence"), When(after_min=60)), (("1#",), When(after_min=60)),
    (("2#",), When(days=1)), (("1530",), When(minute=930)),
    (("930#",), When(minute=570)), (("0005",), When(minute=5)),
    (("silence",), None), (("hangup",), None), (("15", "hangup"), None),
    (("1", "hangup"), When(after_min=60)), (("2561", "0915"), When(minute=555)),
    (("99#", "77#"), None), (("*", "2#"), When(days=1))])
def test_the_time_to_call_back_is_asked_for_and_kept(words: tuple[str, ...],
                                                     when: When | None) -> None:
    call = Call().play("3")
    assert call.said == ["call-back-when"]
    call.play(*words)
    assert call.outcome == "call_back"
    assert call.end and call.end.call_back == when


@pytest.mark.parametrize(("when", "moment"), [
    (When(after_min=60), "2026-11-24 15:00"), (When(days=1), "2026-11-25 14:00"),
    (When(minute=930), "2026-11-24 15:30"), (When(minute=570), "2026-11-25 09:30"),
    (When(minute=840), "2026-11-25 14:00")])
def test_a_named_time_is_the_next_such_moment(when: When, moment: str) -> None:
    assert f"{moment_of(when, AFTERNOON):%Y-%m-%d %H:%M}" == moment


@pytest.mark.parametrize(("said", "named"), [
    ("一个小时以后", When(after_min=60)), ("明天下午三点半", When(days=1, minute=930)),
    ("明天吧", When(days=1)), ("下午四点", When(minute=960)), ("两个小时以后", When(after_min=120)),
    ("四十分钟以后", When(after_min=40))])
@pytest.mark.parametrize("accepts", ["1", "#", "silence", "hangup", "是的", "天气"])
def test_the_time_may_be_spoken_and_is_read_back(said: str, named: When, accepts: str) -> None:
    call = Call().play("3")
    call.send(Spoken(said))
    assert call.said[-1] == "time-right" and call.outcome is None
    if accepts in ("是的", "天气"):
        call.send(Spoken(accepts))
    else:
        call.play(accepts)
    assert call.end and call.end.call_back == named


@pytest.mark.parametrize("denies", ["2", "不是"])
def test_a_time_that_was_misheard_can_be_put_right(denies: str) -> None:
    call = Call().play("3")
    call.send(Spoken("六个小时以后"))
    if denies == "2":
        call.play(denies)
    else:
        call.send(Spoken(denies))
    assert call.said == ["not-understood", "call-back-when"]
    call.send(Spoken("两个小时以后"))
    call.send(Spoken("三个小时以后"))            # another one in place of a yes
    assert call.said == ["call-back-in-hours", "time-right"]
    call.play("1")
    assert call.end and call.end.call_back == When(after_min=180)


def test_who_names_times_for_ever_is_taken_at_their_last_word_but_one() -> None:
    call = Call().play("3")
    for number in range(20):
        if call.outcome is None:
            call.send(Spoken(f"{'两三四五六'[number % 5]}个小时以后"))
    assert call.end and call.end.call_back


def test_an_unclear_time_is_asked_for_again() -> None:
    unclear = Call().play("3")
    unclear.send(Spoken("天气"))
    assert unclear.said == ["not-understood", "call-back-when"]


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


@pytest.mark.parametrize(("words", "said", "language"), [
    ("请说英语", "call-back-when", "en"), ("等一下", "waiting", "zh"),
    ("慢一点", "call-back-when", "zh")])
def test_wishes_are_heard_where_a_time_is_asked_for(words: str, said: str, language: str) -> None:
    call = Call().play("3")
    grammar = hears(call.state)
    assert grammar and {"英语", "等一下"} <= set(grammar.phrases)
    call.send(Spoken(words))
    assert (call.said, call.state.language, call.outcome) == ([said], language, None)
    call.send(Spoken("明天" if language == "zh" else "tomorrow"))
    assert call.play("1").end is not None
    assert call.end is not None and call.end.call_back == When(days=1)


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


def test_a_hash_after_a_time_that_was_none_does_not_end_the_call() -> None:
    call = Call().play("3", "2560#")
    assert call.said == ["not-understood", "call-back-when"]
    call.play("1530")
    assert call.end is not None
    assert call.end.call_back == When(minute=15 * 60 + 30)
