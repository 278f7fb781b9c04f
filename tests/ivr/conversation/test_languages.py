"""The language may be changed at any moment, by key and by voice."""

from __future__ import annotations

import pytest

from ivr.conversation.actions import StopRecording
from ivr.conversation.events import Spoken
from tests.ivr.conversation.driver import Call

TO_FEELING = ("1",)
TO_NUMBER = ("1", "1")


def test_the_key_that_was_offered_first_works_at_every_question_with_options() -> None:
    before: tuple[str, ...] = ()
    for answer in ("1", "1", "36*8#", "2#", "1", "2"):
        call = Call().play(*before)
        item = call.state.item
        assert item is not None
        if item.type.has_options:
            asked = call.state.link_id
            assert call.play("8").state.language == "en"
            assert call.state.link_id == asked and call.said[0] == asked
            assert call.play(answer).state.language == "en"
        before = (*before, answer)


def test_pressed_again_it_leads_back() -> None:
    call = Call().play(*TO_FEELING, "8", "8")
    assert call.languages == ["zh", "en", "zh"]
    assert (call.said, call.state.misses) == (["feeling"], 0)


def test_a_key_with_another_meaning_keeps_it() -> None:
    call = Call().play("1", "2", "36*8#", "2#", "9")        # 9 is Chinese at the first question
    assert (call.state.language, call.state.link_id) == ("zh", "wound-pain")
    assert Call().play("1", "0").escalations


def test_at_a_number_star_and_hash_change_it_and_digits_stay_digits() -> None:
    call = Call().play(*TO_NUMBER, "*#")
    assert (call.state.language, call.said) == ("en", ["temperature"])
    assert call.play("36*8#").stored["temperature"] == {"valueDecimal": 36.8}
    assert Call().play(*TO_NUMBER, "*", "36*8#").state.language == "zh"
    assert Call().play(*TO_NUMBER, "36*8#", "*", "8#").stored["wound-pain"] == {"valueInteger": 8}
    assert Call().play(*TO_NUMBER, "385#", "*").said == ["read-back-temperature"]


@pytest.mark.parametrize("keys", [(), TO_FEELING, TO_NUMBER, (*TO_NUMBER, "36*8#")])
def test_by_voice_it_changes_at_any_question(keys: tuple[str, ...]) -> None:
    call = Call().play(*keys)
    asked = call.state.link_id
    call.send(Spoken("说英语"))
    assert (call.state.language, call.state.link_id) == ("en", asked)
    call.send(Spoken("Chinese, please"))
    assert call.state.language == "zh"


@pytest.mark.parametrize("keys", [(), TO_FEELING, TO_NUMBER])
def test_the_recording_may_be_refused_aloud_at_any_question(keys: tuple[str, ...]) -> None:
    call = Call().play(*keys)
    call.send(Spoken("不要录音"))
    assert StopRecording() in call.done
    assert call.said[0] == "not-recorded" and call.outcome is None
    call.send(Spoken("别录音"))
    assert call.done.count(StopRecording()) == 1
