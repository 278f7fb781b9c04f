"""Going back to put an answer right."""

from __future__ import annotations

from ivr.conversation.actions import StoreAnswer
from ivr.conversation.correcting import MAX_BACKS
from tests.ivr.conversation.driver import Call


def stored(call: Call, link_id: str) -> list[StoreAnswer]:
    return [each for each in call.done
            if isinstance(each, StoreAnswer) and each.link_id == link_id]


def test_nine_asks_the_question_before_again_and_the_new_answer_takes_its_place() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "9")
    assert call.said == ["wound-pain"]
    call.play("7#")
    first, second = stored(call, "wound-pain")
    assert (first.supersedes, second.supersedes) == (False, True)
    assert call.stored["wound-pain"] == {"valueInteger": 7}
    assert call.said == ["medication"]


def test_several_steps_back_are_walked_forward_again_without_asking_twice() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "1", "9", "9")
    assert call.said == ["wound-pain"]
    call.play("2#")
    assert call.said == ["breathlessness"]
    assert call.asked[-3:] == ["medication", "wound-pain", "breathlessness"]


def test_an_answer_stands_when_its_correction_never_comes() -> None:
    for words in (("hangup",), ("silence",) * 3):
        call = Call().play("1", "1", "36*8#", "2#", "9", *words)
        assert len(stored(call, "wound-pain")) == 1
        assert call.state.answers["wound-pain"] == {"valueInteger": 2}
    assert call.said == ["move-on", "medication"]


def test_a_finding_that_was_a_slip_no_longer_waits_for_an_agent() -> None:
    call = Call().play("1", "1", "36*8#", "9#", "9")
    assert [hit.rule for hit in call.state.findings] == ["severe-pain"]
    call.play("2#", "1", "2")
    assert call.state.findings == ()
    assert call.said == ["return-visit"]


def test_a_branch_that_the_correction_closes_is_not_asked() -> None:
    call = Call().play("1", "1", "36*8#", "2#", "2")
    assert call.said == ["medication-reason"]
    call.play("9", "1")
    assert call.said == ["breathlessness"]


def test_there_is_nothing_before_the_first_question_and_no_way_to_the_identity() -> None:
    call = Call().play("1", "9")
    assert call.said == ["not-understood", "feeling"]
    assert call.asked == ["identity", "feeling"]


def test_going_back_has_an_end() -> None:
    call = Call().play("1", "1", "36*8#", "2#")
    for _ in range(MAX_BACKS):
        call.play("9", "2#")
    call.play("9")
    assert call.said == ["medication"]
