"""The sample questionnaire as patients live through it."""

from __future__ import annotations

import pytest

from followup.responses.models import GivenBy, Severity
from ivr.conversation.actions import (
    CheckAgent,
    Listen,
    RecordMessage,
    Say,
    StopRecording,
    StoreAnswer,
)
from ivr.conversation.flow import MAX_REPEATS, remaining
from ivr.conversation.keys import INTER_DIGIT_MS, LAST_DIGIT_MS
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call

NORMAL = ("1", "1", "36*8#", "2#", "1", "2", "1", "#")
EIGHT = ["identity", "feeling", "temperature", "wound-pain", "medication", "breathlessness",
         "return-visit", "message"]


def value(call: Call, link_id: str) -> object:
    found = call.stored[link_id]
    (name, plain), = found.items()
    return plain["code"] if name == "valueCoding" else plain


def test_a_normal_patient_hears_eight_questions_and_is_thanked() -> None:
    call = Call().play(*NORMAL)
    assert call.asked == EIGHT
    assert call.outcome == "completed"
    assert call.end and call.end.complete      # declining the message is an answer too
    assert call.said == ["goodbye"]
    assert [value(call, name) for name in EIGHT[:7]] == [
        "self", "good", 36.8, 2, "taken", False, "knows"]
    assert not call.escalations


def test_a_message_is_an_answer_and_completes_the_questionnaire() -> None:
    call = Call().play(*NORMAL[:-1])
    assert call.waits_for(RecordMessage)
    call.play("spoke")
    stored = [each for each in call.done if isinstance(each, StoreAnswer)][-1]
    assert stored.value == {"valueAttachment": {"contentType": "audio/wav", "url": "m.wav"}}
    assert (stored.heard, stored.given_by) == ("8000 ms", GivenBy.MESSAGE)
    assert call.end and call.end.complete
    # then the line goes dead during the good-bye: the outcome stands
    call.play("hangup")
    assert call.outcome == "completed"


def test_the_notice_comes_first_and_tells_no_health_fact() -> None:
    call = Call()
    assert call.said == ["greeting", "recording-notice", "recording-choice", "identity",
                         "other-language"]
    first = next(each for each in call.last if isinstance(each, Say))
    assert all("department" not in prompt.variables for prompt in first.prompts[:2])
    call.play("1")
    assert call.said == ["introduction", "feeling"]


def test_keys_pressed_before_anything_was_said_count() -> None:
    assert Call().play("1", "1").heard == {"identity": "1", "feeling": "1"}


@pytest.mark.parametrize(("key", "outcome", "last"), [
    ("2", "wrong_person", "goodbye-wrong-person"), ("3", "call_back", "goodbye-call-back")])
def test_somebody_else_or_another_time_ends_politely(key: str, outcome: str, last: str) -> None:
    call = Call().play(key, "silence")
    assert (call.outcome, call.said, call.asked) == (outcome, [last], ["identity"])
    assert call.heard == {"identity": key}
    assert call.end and not call.end.complete


def test_english_at_the_press_of_eight_and_back_at_nine() -> None:
    call = Call().play("8")
    assert call.languages == ["zh", "en"]
    says = next(each for each in call.last if isinstance(each, Say))
    assert [(prompt.id, prompt.language) for prompt in says.prompts] == [
        ("post-discharge/identity", "en"), ("other-language", "zh")]
    assert call.play("9").languages == ["zh", "en", "zh"]
    assert call.play("8", "1").state.language == "en"


@pytest.mark.parametrize(("keys", "reason"), [("2", "2"), ("3", "4")])
def test_only_who_misses_medicine_is_asked_why(keys: str, reason: str) -> None:
    call = Call().play("1", "1", "36*8#", "2#", keys, reason, "2")
    assert call.asked[4:7] == ["medication", "medication-reason", "breathlessness"]
    assert call.heard["medication-reason"] == reason


@pytest.mark.parametrize(("keys", "number"), [
    ("38*5#", 38.5), ("38#", 38.0), ("36*#", 36.0), ("43*0#", 43.0), ("34#", 34.0)])
def test_temperatures_as_typed(keys: str, number: float) -> None:
    call = Call().play("1", "1", keys)
    assert call.stored["temperature"] == {"valueDecimal": number}
    assert call.heard["temperature"] == keys.removesuffix("#")


@pytest.mark.parametrize("accept", ["1", "#", "silence", "hangup"])
def test_a_temperature_without_the_point_is_read_back_then_kept(accept: str) -> None:
    call = Call().play("1", "1", "385#")
    assert call.said == ["read-back-temperature"]
    assert "temperature" not in call.stored
    call.play(accept)
    assert call.stored["temperature"] == {"valueDecimal": 38.5}
    assert call.state.findings[0].severity is Severity.ABNORMAL


def test_a_temperature_read_back_wrong_is_typed_again() -> None:
    call = Call().play("1", "1", "385#", "2")
    assert call.said == ["again", "temperature"]
    assert "temperature" not in call.stored
    assert call.play("36*5#").stored["temperature"] == {"valueDecimal": 36.5}


@pytest.mark.parametrize("keys", ["50#", "5#", "999#", "33*9#"])
def test_a_number_out_of_range_is_asked_again_with_the_range(keys: str) -> None:
    call = Call().play("1", "1", keys)
    assert call.said == ["out-of-range", "temperature"]
    assert "temperature" not in call.stored


@pytest.mark.parametrize("keys", ["36*5*2#", "36*55#", "1234567890123#"])
def test_a_number_that_is_none_is_asked_again(keys: str) -> None:
    assert Call().play("1", "1", keys).said == ["not-understood", "temperature"]


def test_pain_ends_by_hash_or_by_waiting() -> None:
    before = ("1", "1", "36*8#")
    call = Call().play(*before, "1")
    assert call.last == (Listen(INTER_DIGIT_MS),)        # could become 10
    assert Call().play(*before, "10#").stored["wound-pain"] == {"valueInteger": 10}
    assert call.play("silence").stored["wound-pain"] == {"valueInteger": 1}
    call = Call().play(*before, "4")
    assert call.last == (Listen(LAST_DIGIT_MS),)
    assert call.play("silence").stored["wound-pain"] == {"valueInteger": 4}
    assert Call().play(*before, "11#").said == ["out-of-range", "wound-pain"]


def test_star_repeats_and_a_stray_hash_is_forgiven() -> None:
    call = Call().play("1", "*")
    assert call.said == ["feeling"]
    call = Call().play("1", "#")
    assert (call.said, call.state.misses) == (["feeling"], 0)
    call = Call().play("1", "1", "3", "5#")               # then the number starts over
    assert Call().play("1", "1", "*", "36*8#").stored["temperature"] == {"valueDecimal": 36.8}
    assert call.stored["temperature"] == {"valueDecimal": 35.0}
    call = Call().play("1", "1", "36#", "5*", "2#")       # it may have been meant for 5.2
    assert call.said == ["read-back"]
    assert call.play("1").stored["wound-pain"] == {"valueInteger": 2}


@pytest.mark.parametrize("keys", ["36**5#", "36*5*#"])
def test_a_point_too_many_does_not_matter(keys: str) -> None:
    assert Call().play("1", "1", keys).stored["temperature"] == {"valueDecimal": 36.5}


@pytest.mark.parametrize("keys", ["1234567890123456789#", "1234567890123456789"])
def test_keys_that_are_leaned_on_are_one_try_and_not_several(keys: str) -> None:
    call = Call().play("1", "1", keys)
    if not keys.endswith("#"):
        call.play("silence")
    assert call.said == ["not-understood", "temperature"]
    assert call.state.misses == 1


def test_a_hash_after_a_wrong_key_is_no_second_mistake() -> None:
    call = Call().play("1", "1", "36#", "2#", "5#")
    assert call.said == ["medication"]
    assert call.state.misses == 1


def test_the_language_changes_by_star_and_hash_only_where_nothing_was_typed() -> None:
    assert Call().play("1", "1", "*#").languages == ["zh", "en"]
    assert Call().play("1", "1", "36#", "2*#").languages == ["zh"]
    assert Call().play("1", "1", "36#", "2*#").said == ["wound-pain"]


def test_asking_not_to_be_recorded_twice_is_no_mistake() -> None:
    call = Call().play("77")
    assert call.said[:2] == ["not-recorded", "identity"]
    assert (call.state.misses, call.done.count(StopRecording())) == (0, 1)


def test_silence_and_nonsense_are_told_apart_and_help_grows() -> None:
    call = Call().play("1", "silence")
    assert call.said == ["not-heard", "feeling"]
    call.play("7")
    assert call.said == ["not-understood", "slowly", "feeling~keys"]
    call.play("9")
    assert call.said == ["move-on", "temperature"]
    assert "feeling" not in call.stored


def test_after_one_miss_the_answer_still_counts() -> None:
    assert Call().play("silence", "5", "1", "7", "2").heard == {"identity": "1", "feeling": "2"}


@pytest.mark.parametrize(("words", "outcome"), [
    (("silence",) * 3, "no_input"), (("6", "5", "6"), "no_input"),
    (("1", *["silence"] * 6), "partial")])
def test_nobody_there_ends_politely(words: tuple[str, ...], outcome: str) -> None:
    call = Call().play(*words)
    assert (call.outcome, call.said) == (outcome, ["goodbye-no-input"])


def test_a_patient_who_presses_nonsense_is_led_to_the_end() -> None:
    call = Call().play("1")
    for _ in range(40):
        if call.end:
            break
        call.play("#" if call.waits_for(RecordMessage) else "6" if call.state.item
                  and call.state.item.type.has_options else "99#")
    assert call.outcome == "partial"
    assert call.asked == EIGHT


@pytest.mark.parametrize(("words", "outcome"), [
    ((), "no_input"), (("1",), "partial"), (("5",), "partial"), (("1", "1", "38*5#"), "partial")])
def test_hang_up(words: tuple[str, ...], outcome: str) -> None:
    call = Call().play(*words, "hangup")
    assert call.outcome == outcome


def test_listening_again_has_an_end() -> None:
    call = Call().play("1", "*" * (MAX_REPEATS + 3))
    assert call.said == ["move-on", "temperature"]


# --- escalation ------------------------------------------------------------------------------

def test_critical_goes_to_an_agent_at_once() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "1", "1")
    rung, = call.escalations
    assert (rung.severity, rung.reason) == (Severity.CRITICAL, "finding")
    assert [hit.rule for hit in rung.hits] == ["breathless"]
    assert [prompt.id for prompt in rung.prompts] == ["connecting"]
    call.play("agent")
    assert call.outcome is None
    assert call.play("hangup").outcome == "escalated"


def test_critical_without_an_agent_tells_where_help_is() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "1", "1", "nobody")
    assert call.said == ["nobody-free", "emergency", "goodbye"]
    assert call.outcome == "callback_alert"


def test_abnormal_waits_while_useful_questions_remain_then_looks_for_an_agent() -> None:
    call = Call().play("1", "1", "38*5#", "8#", "1", "2")
    assert call.asked[-1] == "breathlessness"
    assert call.waits_for(CheckAgent)
    call.play("busy")
    assert call.said == ["return-visit"]
    call.play("1")
    assert call.waits_for(CheckAgent)
    call.play("free")
    rung, = call.escalations
    assert (rung.severity, rung.hold_s) == (Severity.ABNORMAL, 0)
    assert [hit.rule for hit in rung.hits] == ["fever", "severe-pain"]
    assert call.play("agent", "hangup").outcome == "escalated"


def test_abnormal_at_the_end_is_held_for_an_agent() -> None:
    call = Call().play("1", "1", "38*5#", "2#", "1", "2", "busy", "1", "busy", "#")
    rung, = call.escalations
    assert rung.hold_s == 20
    call.play("nobody")
    assert call.said == ["nobody-free", "goodbye"]
    assert call.outcome == "callback_alert"


def test_a_silent_patient_with_a_finding_is_not_just_let_go() -> None:
    call = Call().play("1", "1", "38*5#", *["silence"] * 6)
    assert len(call.escalations) == 1


def test_zero_asks_for_a_person_and_the_questions_go_on_without_one() -> None:
    call = Call().play("1", "0")
    rung, = call.escalations
    assert (rung.severity, rung.reason) == (None, "asked")
    call.play("nobody")
    assert call.said == ["nobody-free-go-on", "feeling"]
    assert call.play(*NORMAL[1:]).outcome == "callback_alert"
    assert len(call.stored) == 7


def test_zero_twice_rings_nobody_again() -> None:
    call = Call().play("1", "0", "nobody", "0")
    assert len(call.escalations) == 1
    assert call.said == ["nobody-free-go-on", "feeling"]


def test_hanging_up_while_waiting_for_an_agent_leaves_an_alert() -> None:
    assert Call().play("1", "1", "36*8#", "2#", "1", "1", "hangup").outcome == "callback_alert"


# --- the next call ---------------------------------------------------------------------------

def test_the_next_call_goes_on_where_the_last_one_ended() -> None:
    first = Call().play("1", "2", "36*8#", "hangup")
    second = Call(answers=first.stored)
    assert second.asked == ["identity"]
    second.play("1")
    assert second.said == ["introduction", "wound-pain"]
    stored = [each for each in second.done if isinstance(each, StoreAnswer)]
    assert [each.supersedes for each in stored] == [True]
    second.play(*NORMAL[3:])
    assert second.outcome == "completed"
    assert second.stored["feeling"] == first.stored["feeling"]


def test_a_finding_of_the_last_call_is_not_told_to_a_wrong_person() -> None:
    first = Call().play("1", "1", "36*8#", "2#", "1", "1", "hangup")
    again = Call(answers=first.stored)
    assert not again.escalations
    assert again.play("2").outcome == "wrong_person"
    assert not again.escalations
    family = Call(answers=first.stored).play("1")
    assert family.escalations[0].severity is Severity.CRITICAL


def test_a_language_that_the_questionnaire_lacks_falls_back_to_its_own() -> None:
    from dataclasses import replace
    assert Call(context=replace(CONTEXT, language="yue")).languages == ["zh"]


def test_remaining_is_what_is_still_to_be_asked() -> None:
    assert [item.link_id for item in remaining(Call(SAMPLE).play("1", "1").state)] == EIGHT[2:]
