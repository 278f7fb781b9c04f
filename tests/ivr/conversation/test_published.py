"""Published questionnaires by telephone: PHQ-9 with its total, a scale from 0 to 10."""

from __future__ import annotations

from typing import Any

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation.actions import StoreAnswer
from tests.followup.questionnaires.build import english, rule
from tests.followup.questionnaires.published import FREQUENCY, PHQ9, pain, phq9
from tests.ivr.conversation.driver import Call


def judged(*own: dict[str, Any]) -> Questionnaire:
    """PHQ-9 where ten points and more are abnormal; ``own``: rules of its last question."""
    raw = phq9()
    raw["item"][-1]["extension"].append(
        rule("abnormal", ">=", valueInteger=10, id="moderate"))
    raw["item"][-2]["extension"] = list(own)
    return load_questionnaire(raw)


def told(call: Call) -> dict[str, tuple[str, str]]:
    return {action.link_id: (action.hit.rule, action.hit.text["en"]) for action in call.done
            if isinstance(action, StoreAnswer) and action.hit}


def test_phq_9_is_answered_by_key_and_its_total_is_found_with_the_last_answer() -> None:
    call = Call(judged()).play(*"333222121")          # ten points
    assert call.stored.keys() == set(PHQ9)
    assert call.stored[PHQ9[0]]["valueCoding"]["code"] == FREQUENCY[2][0]
    assert told(call) == {PHQ9[-1]: ("moderate", "abnormal")}
    assert call.outcome is None                          # it waits for an agent, as any finding
    assert Call(judged()).play(*"111111111").outcome == "completed"


def test_a_total_is_told_beside_a_finding_of_the_same_answer() -> None:
    death = rule("critical", "!=", valueString="LA6568-5", id="death")
    death["extension"][-1] = {"url": "text", "valueString": "thoughts of death",
                              "_valueString": english("thoughts of death")}
    call = Call(judged(death)).play(*"444411114")
    assert told(call) == {PHQ9[-1]: ("death", "thoughts of death; abnormal")}
    assert [hit.severity.value for hit in call.state.findings] == ["critical", "abnormal"]


def test_going_back_judges_the_total_anew() -> None:
    call = Call(judged()).play(*"44411111")           # nine points, one question to go
    assert told(call) == {}
    call.play("9", "2")                                   # the eighth answer: one point more
    assert told(call) == {}
    call.play("1")
    assert told(call) == {PHQ9[-1]: ("moderate", "abnormal")}


def test_a_scale_from_0_to_10_is_typed_and_what_is_asked_next_hangs_on_it() -> None:
    call = Call(load_questionnaire(pain())).play("10", "#")
    assert call.stored["疼痛 NRS"] == {"valueInteger": 10}
    assert call.asked == ["疼痛 NRS", "疼痛.部位"]
    call.play("spoke")
    assert "valueAttachment" in call.stored["疼痛.部位"]
    assert Call(load_questionnaire(pain())).play("11", "#").stored == {}
    assert Call(load_questionnaire(pain())).play("0", "#").outcome == "completed"
