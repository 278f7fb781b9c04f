"""Patients hang up anywhere: what was said is kept, the outcome is true, the next call goes on."""

from __future__ import annotations

import pytest

from ivr.conversation.actions import Escalate, StopCalling
from ivr.conversation.events import Spoken
from ivr.conversation.flow import remaining
from tests.ivr.conversation.driver import Call

STEPS = ("1", "2", "36*8#", "2#", "2", "3", "2", "1", "spoke")
ASKED = ("identity", "feeling", "temperature", "wound-pain", "medication", "medication-reason",
         "breathlessness", "return-visit", "message")


def next_asked(call: Call) -> str:
    """What the next call asks once it is known who has answered."""
    again = Call(answers=call.stored).play("1")
    return next(link_id for link_id in reversed(again.asked)) if len(again.asked) > 1 else ""


@pytest.mark.parametrize("done", range(len(STEPS)))
@pytest.mark.parametrize("way", [(), ("silence",), ("*",), ("5",), ("silence", "silence")],
                         ids=["asked", "after-silence", "asked-again", "wrong-key", "slowly"])
def test_at_each_question_whatever_has_happened_there(done: int, way: tuple[str, ...]) -> None:
    if ASKED[done] == "message":
        way = tuple(word for word in way if word == "*")     # 5 and silence have a meaning there
    if ASKED[done] == "identity" and way == ("silence", "silence"):
        way = ("silence",)
    call = Call().play(*STEPS[:done], *way)
    assert call.state.link_id == ASKED[done]
    before = dict(call.stored)
    call.play("hangup")
    assert call.outcome == ("partial" if done or any(key in "*5" for key in way) else "no_input")
    assert call.end and not call.end.complete
    assert call.stored == before                       # nothing is lost, nothing made up
    assert list(call.stored) == list(ASKED[:done])
    assert not call.escalations
    assert next_asked(call) == (ASKED[done] if done else "feeling")


def test_after_the_last_answer_everything_is_complete() -> None:
    call = Call().play(*STEPS, "hangup")
    assert (call.outcome, list(call.stored)) == ("completed", list(ASKED))
    assert not [item for item in remaining(call.state) if not item.identity]


@pytest.mark.parametrize(("keys", "typed"), [
    (("1", "1", "3"), "temperature"), (("1", "1", "36*"), "temperature"),
    (("1", "1", "36*8#", "1"), "wound-pain")])
def test_a_number_that_is_only_half_typed_is_no_answer(keys: tuple[str, ...], typed: str) -> None:
    call = Call().play(*keys, "hangup")
    assert call.outcome == "partial"
    assert typed not in call.stored
    assert next_asked(call) == typed


def test_what_was_typed_and_read_back_is_kept_but_what_was_denied_is_not() -> None:
    call = Call().play("1", "1", "385#", "hangup")
    assert call.stored["temperature"] == {"valueDecimal": 38.5}
    assert call.outcome == "partial"
    denied = Call().play("1", "1", "385#", "2", "hangup")
    assert "temperature" not in denied.stored
    assert next_asked(denied) == "temperature"


@pytest.mark.parametrize(("said", "kept"), [("有", True), ("没有", False)])
def test_of_a_danger_sign_that_was_only_heard_the_alarm_is_kept(said: str, kept: bool) -> None:
    call = Call().play("1", "1", "36*8#", "2#", "1")
    call.send(Spoken(said))
    call.play("hangup")
    assert ("breathlessness" in call.stored) is kept
    again = Call(answers=call.stored).play("1")
    assert again.waits_for(Escalate) is kept
    assert kept or again.state.link_id == "breathlessness"


@pytest.mark.parametrize(("words", "outcome"), [
    (("1", "1", "36*8#", "2#", "1", "1"), "callback_alert"),              # it rings
    (("1", "1", "36*8#", "2#", "1", "1", "agent"), "escalated"),          # they talk
    (("1", "1", "36*8#", "2#", "1", "1", "nobody"), "callback_alert"),    # nobody is free
    (("1", "0"), "callback_alert"), (("1", "0", "nobody"), "callback_alert"),
    (("1", "1", "38*5#", "8#", "1"), "partial"),                          # more helps the nurse
    (("1", "1", "38*5#", "8#", "1", "2"), "partial"),                     # is anybody free?
    (("1", "1", "38*5#", "8#", "1", "2", "free"), "callback_alert"),
    (("1", "1", "38*5#", "8#", "1", "2", "busy"), "partial")])
def test_with_a_finding_or_a_wish_for_a_person(words: tuple[str, ...], outcome: str) -> None:
    call = Call().play(*words)
    before = dict(call.stored)
    assert call.play("hangup").outcome == outcome
    assert call.stored == before
    if outcome == "partial":        # the finding is known again, and waits for a nurse
        assert Call(answers=call.stored).play("1").state.findings


@pytest.mark.parametrize(("words", "outcome"), [
    (("2",), "wrong_person"), (("3",), "call_back"), (("3", "15"), "call_back"),
    (("3", "0", "silence"), "refused"), (("4",), "call_back"), (("4", "1"), "call_back")])
def test_during_the_farewell(words: tuple[str, ...], outcome: str) -> None:
    call = Call().play(*words, "hangup")
    assert call.outcome == outcome
    assert StopCalling() not in call.done
    assert list(call.stored) == ["identity"]


def test_a_message_that_is_being_spoken_is_cut_not_lost() -> None:
    call = Call().play(*STEPS[:-1])
    assert call.play("spoke", "hangup").outcome == "completed"      # the line tells its length
    assert "message" in call.stored
    silent = Call().play(*STEPS[:-1], "mute", "hangup")
    assert "message" not in silent.stored
    assert silent.outcome == "completed"
