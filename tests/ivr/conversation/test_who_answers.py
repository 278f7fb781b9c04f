"""Machines, relatives, and people who are asked for the patient's year of birth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from followup.calls.models import AnsweredBy, Disposition
from followup.errors import InvalidInput
from followup.questionnaires.fhir import load_questionnaire
from followup.responses.models import Severity
from ivr.conversation.actions import End, StopCalling, StoreAnswer
from ivr.conversation.events import MachineHeard, PersonHeard, Spoken
from ivr.understanding import Answered, grammar_for, understand
from tests.followup.questionnaires.build import english, ours
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call

LIKELY, CERTAIN = MachineHeard(certain=False), MachineHeard(certain=True)
LEAVES_WORD = replace(CONTEXT, voicemail_message=True)


def machine(call: Call, event: MachineHeard | PersonHeard) -> Call:
    call.send(event)
    return call


@pytest.mark.parametrize(("words", "outcome"), [
    ("打错了", "wrong_person"), ("现在不方便", "call_back"), ("我是他女儿", "call_back")])
@pytest.mark.parametrize("accepts", ["1", Spoken("对的")])
def test_who_is_not_the_patient_hears_nothing_of_the_stay_once_read_back(
        words: str, outcome: str, accepts: str | Spoken) -> None:
    call = Call()
    call.send(Spoken(words, 0.3))
    assert call.said == ["heard"]
    if isinstance(accepts, str):
        call.play(accepts)
    else:
        call.send(accepts)
    assert "introduction" not in call.said
    call.play(*[] if call.outcome else ["#"])
    assert call.outcome == outcome


# --- machines --------------------------------------------------------------------------------

def test_nothing_is_left_on_a_machine() -> None:
    call = machine(Call(), CERTAIN)
    assert call.last == (End(Disposition.VOICEMAIL, complete=False),)
    assert not call.stored


def test_where_the_hospital_wishes_a_word_without_the_reason_is_left() -> None:
    call = machine(Call(context=LEAVES_WORD), CERTAIN)
    assert (call.said, call.outcome) == (["voicemail"], "voicemail")
    [said] = [each for each in call.last if not isinstance(each, End)]
    assert [set(prompt.variables) for prompt in said.prompts] == [{"hospital"}]  # type: ignore[union-attr]


@pytest.mark.parametrize("event", [LIKELY, CERTAIN])
def test_whoever_has_pressed_a_key_is_a_person_however_it_sounds(event: MachineHeard) -> None:
    for keys in ("1", "5", "7"):
        call = machine(Call().play(keys), event)
        assert call.outcome is None
        assert call.play("1").outcome is None


def test_whoever_was_understood_is_a_person() -> None:
    call = Call()
    call.send(Spoken("是我"))
    assert machine(call, CERTAIN).outcome is None
    noise = Call()
    noise.send(Spoken("", 0.0))
    assert machine(noise, CERTAIN).outcome == "voicemail"


def test_what_only_talks_like_a_machine_is_asked_as_often_as_anybody_and_may_answer() -> None:
    call = machine(Call(), LIKELY)
    for asked in range(1, 3):
        assert call.outcome is None
        assert machine(Call().play(*["silence"] * asked), LIKELY).play("1").said == [
            "introduction", "feeling"]
        call.play("silence")
    assert call.play("silence").outcome == "voicemail"
    assert call.said == ["goodbye-no-input"]


def test_hanging_up_after_an_announcement_was_no_person() -> None:
    assert machine(Call(), LIKELY).play("hangup").outcome == "voicemail"


def test_who_talks_like_a_person_after_all_is_one() -> None:
    call = machine(machine(Call(), LIKELY), PersonHeard()).play("silence", "silence")
    assert call.outcome is None
    assert call.play("silence").outcome == "no_input"


# --- relatives -------------------------------------------------------------------------------

@pytest.mark.parametrize(("words", "when"), [
    (("1", "silence", "1"), "24 15:00"), (("1830#", "hangup"), "24 18:30"), (("silence",), None),
    (("hangup",), None)])
def test_a_relative_is_asked_when_the_patient_can_be_reached_and_told_nothing(
        words: tuple[str, ...], when: str | None) -> None:
    call = Call().play("4")
    assert call.said == ["reach-when"]
    call.play(*words)
    assert (call.outcome, call.state.answered_by) == ("call_back", AnsweredBy.RELATIVE)
    at = call.end.call_back if call.end else None
    assert (f"{at:%d %H:%M}" if at else None) == when
    assert call.asked == ["identity"]
    assert "introduction" not in call.said


def test_a_relative_may_say_so() -> None:
    call = Call()
    call.send(Spoken("我是他女儿"))
    assert call.said == ["reach-when"]
    call.send(Spoken("明天下午三点半"))
    call.play("1")
    assert call.end and call.end.call_back and f"{call.end.call_back:%d %H:%M}" == "25 15:30"


def test_a_relative_cannot_stop_the_patients_calls() -> None:
    call = Call().play("4", "0", "silence")
    assert call.said == ["not-understood", "reach-when"]
    assert StopCalling() not in call.done


def test_a_patient_stops_the_calls_with_keys_alone() -> None:
    call = Call().play("3", "0", "silence")
    assert call.said == ["stop-calling"]
    assert (call.play("1").outcome, call.said) == ("refused", ["goodbye-stopped"])
    assert StopCalling() in call.done


# --- the year of birth -----------------------------------------------------------------------

def _with_year(**more: Any) -> dict[str, Any]:
    year = {"linkId": "year", "type": "integer", "required": True,
            "text": "请输入患者的出生年份，四位数字。",
            "_text": english("Please enter the patient's year of birth, in four digits."),
            "extension": [ours("role", valueCode="birth-year")], **more}
    first, *rest = SAMPLE.resource["item"]
    return {**SAMPLE.resource, "item": [first, year, *rest]}


ASKS_YEAR = load_questionnaire(_with_year())
BORN_1957 = replace(CONTEXT, birth_year=1957)


def year(*words: str, **more: Any) -> Call:
    return Call(ASKS_YEAR, BORN_1957, **more).play("1", *words)


@pytest.mark.parametrize("keys", [("1957", "silence"), ("1957#",), ("*", "1957#")])
def test_the_right_year_opens_the_questions_and_is_not_stored(keys: tuple[str, ...]) -> None:
    call = year()
    assert call.said == ["year"]               # nothing of the stay, the department included
    call.play(*keys)
    assert call.said == ["introduction", "feeling"]
    assert list(call.stored) == ["identity"]
    assert "1957" not in str(call.done).replace("birth_year=1957", "")
    call.play("1", "36*8#", "2#", "1", "2", "1", "#")
    assert (call.outcome, call.state.answered_by) == ("completed", AnsweredBy.PATIENT)
    assert call.end and call.end.complete


@pytest.mark.parametrize("said", ["一九五七年", "五七年", "一九五七", "我是五七年的",
                                  "幺九五七年生的", "一九五七年出生"])
def test_the_year_may_be_spoken(said: str) -> None:
    call = year()
    call.send(Spoken(said))
    assert call.said == ["introduction", "feeling"]


@pytest.mark.parametrize(("said", "right"), [
    ("nineteen fifty-seven", 1957), ("I was born in nineteen fifty", 1950),
    ("nineteen oh five", 1905), ("two thousand and one", 2001), ("twenty twelve", 2012)])
def test_the_year_may_be_spoken_in_english(said: str, right: int) -> None:
    call = Call(ASKS_YEAR, replace(CONTEXT, birth_year=right, language="en")).play("1")
    call.send(Spoken(said))
    assert call.said == ["introduction", "feeling"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_recogniser_is_told_every_year(language: str) -> None:
    grammar = grammar_for(ASKS_YEAR.item("year"), language)
    said = [understand(ASKS_YEAR.item("year"), language, phrase) for phrase in grammar.phrases]
    told = {each.value["valueInteger"] for each in said if isinstance(each, Answered)}
    assert told >= set(range(1910, 2021))


@pytest.mark.parametrize("wrong", [("1958#", "57#"), ("1958#", "1959#"), ("1958#", "*", "1975#")])
def test_two_wrong_years_end_politely_and_leave_it_to_a_person(wrong: tuple[str, ...]) -> None:
    call = year(wrong[0])
    assert call.said == ["year-wrong", "year"]
    call.play(*wrong[1:])
    assert (call.outcome, call.said) == ("identity_failed", ["goodbye-identity"])
    assert call.state.answered_by is None


def test_a_second_try_may_be_right() -> None:
    assert year("1958#", "1957#").said == ["introduction", "feeling"]


def test_who_does_not_tell_the_year_hears_nothing_more() -> None:
    assert year("silence", "silence", "silence").outcome == "partial"
    assert year("#", "#", "#", "#").outcome == "identity_failed"
    assert year("hangup").outcome == "partial"


def test_without_a_known_year_it_is_not_asked() -> None:
    assert Call(ASKS_YEAR, CONTEXT).play("1").said == ["introduction", "feeling"]


def test_a_finding_of_an_earlier_call_waits_for_the_year_and_the_year_is_asked_anew() -> None:
    before = year("1957#", "1", "36*8#", "2#", "1", "1", "hangup")
    again = year(answers=before.stored)
    assert again.said == ["year"]
    assert not again.escalations
    assert year("1958#", "1958#", answers=before.stored).escalations == []
    assert again.play("1957#").escalations[0].severity is Severity.CRITICAL


def test_going_back_does_not_lead_to_the_year() -> None:
    call = year("1957#", "2", "*", "silence")
    assert "year" not in call.state.history
    assert [each.link_id for each in call.done if isinstance(each, StoreAnswer)] == [
        "identity", "feeling"]


@pytest.mark.parametrize("change", [
    {"type": "text"}, {"required": False}, {"enableWhen": [
        {"question": "identity", "operator": "exists", "answerBoolean": True}]},
    {"extension": [ours("role", valueCode="birth-yaer")]},
    {"text": "您在{department}住过院，请输入出生年份。"}])
def test_a_year_of_birth_that_cannot_be_asked_so_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="year"):
        load_questionnaire(_with_year(**change))


def test_the_year_is_asked_right_after_who_it_is_and_nothing_depends_on_it() -> None:
    raw = _with_year()
    first, asked, second, *rest = raw["item"]
    with pytest.raises(InvalidInput, match="birth-year"):
        load_questionnaire({**raw, "item": [first, second, asked, *rest]})
    second = {**second, "enableWhen": [
        {"question": "year", "operator": ">", "answerInteger": 1950}]}
    with pytest.raises(InvalidInput, match="earlier question"):
        load_questionnaire({**raw, "item": [first, asked, second, *rest]})
