"""Asking for help, for a moment, or for the next question, instead of answering."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.conversation import Context
from ivr.conversation.actions import Listen
from ivr.conversation.flow import MAX_REPEATS, WAIT_MS
from ivr.conversation.state import Phase
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.conversation.test_speech import say

ENGLISH = replace(CONTEXT, language="en")


def test_who_does_not_understand_twice_is_offered_a_nurse_and_then_connected() -> None:
    call = say(Call().play("1"), "我听不懂")
    assert call.said == ["slowly", "feeling~keys"]
    assert say(call, "我听不懂").said == ["offer-person", "slowly", "feeling~keys"]
    say(call, "我听不懂")
    assert [each.reason for each in call.escalations] == ["asked"]
    # nobody is free: the call goes on, and nobody is rung for the same again
    assert say(call.play("nobody"), "我听不懂").said == ["slowly", "feeling~keys"]
    assert len(call.escalations) == 1


def test_another_question_begins_anew() -> None:
    call = say(Call().play("1"), "我听不懂").play("1")
    assert "offer-person" not in say(call, "我听不懂").said


@pytest.mark.parametrize(("context", "words"), [
    (CONTEXT, "等一下"), (ENGLISH, "just a moment"), (ENGLISH, "hold on")])
def test_who_asks_for_a_moment_gets_one(context: Context, words: str) -> None:
    call = say(Call(context=context).play("1", "1"), words)
    assert call.said == ["waiting"]
    assert call.last[-1] == Listen(WAIT_MS)
    assert (call.state.phase, call.state.misses) == (Phase.ASKING, 0)
    assert call.play("36*8#").stored["temperature"] == {"valueDecimal": 36.8}


def test_the_question_comes_again_after_the_moment_and_no_silence_is_held_against_anybody() -> None:
    call = say(Call().play("1", "1"), "等一下").play("silence")
    assert (call.said, call.state.misses) == (["temperature"], 0)
    assert call.play("silence").said == ["not-heard", "temperature"]


def test_what_is_being_read_back_is_still_there_after_the_moment() -> None:
    call = say(Call(context=ENGLISH).play("1", "1", "101*3#"), "just a moment")
    assert call.said == ["waiting"]
    assert call.play("1").stored["temperature"] == {"valueDecimal": 38.5}
    assert call.heard["temperature"] == "101*3 = 101.3 [degF]"


def test_nobody_waits_for_ever() -> None:
    call = say(Call().play("1", "1"), *["等一下"] * (MAX_REPEATS + 1))
    assert call.said == ["not-understood", "temperature"]


@pytest.mark.parametrize(("context", "words"), [
    (CONTEXT, "不知道"), (CONTEXT, "没量体温"), (CONTEXT, "下一题"),
    (ENGLISH, "i don't know"), (ENGLISH, "skip this question")])
def test_a_question_with_a_rule_is_asked_once_more_before_it_is_left_out(
        context: Context, words: str) -> None:
    call = say(Call(context=context).play("1", "1"), words)
    assert call.said == ["not-understood", "temperature"]
    assert say(call, words).said == ["move-on", "wound-pain"]
    assert "temperature" not in call.stored


def test_a_red_flag_is_not_left_out_by_what_was_hardly_heard() -> None:
    call = say(Call().play("1", "1"), "不知道", "不知道", confidence=0.3)
    assert (call.state.link_id, call.state.misses) == ("temperature", 2)


def test_a_question_without_one_is_left_out_at_once_if_that_was_clearly_heard() -> None:
    assert say(Call().play("1"), "不想说").said == ["move-on", "temperature"]
    call = say(Call().play("1"), "不想说", confidence=0.3)
    assert call.said == ["not-understood", "feeling"]
    assert say(call, "不想说", confidence=0.3).said == ["move-on", "temperature"]


@pytest.mark.parametrize(("context", "words"), [
    (CONTEXT, "不疼"), (CONTEXT, "现在不疼了"), (ENGLISH, "no pain"), (ENGLISH, "it doesn't hurt")])
def test_no_pain_is_a_number_too(context: Context, words: str) -> None:
    call = say(Call(context=context).play("1", "1", "36*8#"), words)
    assert call.said == ["heard"]
    assert call.play("1").stored["wound-pain"] == {"valueInteger": 0}
    assert call.heard["wound-pain"] == words


def test_who_answers_is_not_left_out() -> None:
    call = say(Call(), "不知道", "不知道")
    assert call.state.link_id == "identity"
    assert "identity" not in call.stored


def test_leaving_out_what_is_to_be_corrected_leaves_it_as_it_was() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "9")
    say(call, "不知道", "不知道")
    assert call.stored["wound-pain"] == {"valueInteger": 2}
    assert call.state.link_id == "medication"
