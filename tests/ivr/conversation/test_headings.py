"""What is said between questions: the headings of groups, and texts that ask nothing."""

from __future__ import annotations

from typing import Any

from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation.actions import Say
from tests.followup.questionnaires.build import choice, english, item, ours, questionnaire
from tests.ivr.conversation.driver import Call

NO = {"valueBoolean": False}


def when(question: str, answer: bool) -> dict[str, Any]:
    return {"enableWhen": [{"question": question, "operator": "=", "answerBoolean": answer}]}


def asked(*items: dict[str, Any], **more: Any) -> Call:
    return Call(load_questionnaire(questionnaire(*items)), **more)


def said(call: Call) -> list[str]:
    """The items that are said last, by linkId."""
    return [prompt.id.removeprefix("some/") for action in call.last if isinstance(action, Say)
            for prompt in action.prompts if prompt.id.startswith("some/")]


def test_a_heading_is_said_once_before_the_first_question_below_it() -> None:
    call = asked(item("two-weeks", "group", item=[
        item("how", "display"), item("interest", "boolean"), item("mood", "boolean")]),
        item("other", "boolean"))
    assert said(call) == ["two-weeks", "how", "interest"]
    assert said(call.play("1")) == ["mood"]
    assert said(call.play("1")) == ["other"]


def test_a_call_that_goes_on_within_a_group_tells_its_heading_again() -> None:
    call = asked(item("two-weeks", "group", item=[
        item("interest", "boolean"), item("mood", "boolean")]), answers={"interest": NO})
    assert said(call) == ["two-weeks", "mood"]


def test_the_heading_of_a_group_with_nothing_to_ask_is_not_said() -> None:
    call = asked(item("hurts", "boolean"),
                 item("pain", "group", item=[item("where", "boolean", **when("hurts", True))]),
                 item("knee", "group", item=[
                     item("stiff", "group", item=[item("morning", "boolean")])]))
    assert said(call.play("2")) == ["knee", "stiff", "morning"]


def test_going_back_within_a_group_does_not_tell_its_heading_again() -> None:
    call = asked(item("g", "group", item=[item("a", "boolean"), item("b", "boolean")]))
    assert said(call.play("1", "9")) == ["a"]
    assert said(call.play("2")) == ["b"]


def test_a_heading_is_not_told_to_a_stranger_unless_it_was_written_for_the_telephone() -> None:
    who = choice("who", required=True, extension=[ours("role", valueCode="identity")])
    call = asked(item("knee-surgery", "group", item=[
        item("hello", "display"), who, item("a", "boolean")]))
    assert said(call) == ["hello", "who"]
    assert said(call.play("1")) == ["knee-surgery", "a"]
    call = asked(item("g", "group", item=[who, item("a", "boolean")], extension=[
        ours("phone-prompt", valueString="随访", _valueString=english("follow-up"))]))
    assert said(call) == ["g", "who"]
    assert said(call.play("1")) == ["a"]
