"""What was done in part is not recorded as done."""

from __future__ import annotations

import pytest

from followup.questionnaires.fhir import load_questionnaire
from ivr.understanding import Answered, grammar_for, understand
from tests.followup.questionnaires.build import choice, questionnaire
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call
from tests.ivr.conversation.test_call_back import say

MEDICATION, PAIN = SAMPLE.item("medication"), SAMPLE.item("wound-pain")
BEFORE = ("1", "1", "36*8#", "2#")


def code(language: str, said: str) -> str:
    """The option that was understood, "?" after what is read back; "" for none."""
    meant = understand(MEDICATION, language, said)
    if not isinstance(meant, Answered):
        return ""
    return meant.value["valueCoding"]["code"] + ("" if meant.certain else "?")


@pytest.mark.parametrize(("language", "said"), [
    *(("zh", said) for said in ("吃了一半", "有时候吃", "忘了几次", "有时候忘了", "漏吃了",
                                "没按时吃", "没怎么吃", "大部分吃了", "偶尔没吃")),
    *(("en", said) for said in ("some of them", "I missed a few", "not always", "most days",
                                "half of it", "when I remember", "not all of them"))])
def test_a_part_has_words_of_its_own_which_are_listened_for(language: str, said: str) -> None:
    assert code(language, said) == "partly"
    assert said.lower() in grammar_for(MEDICATION, language).phrases


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "我吃了一半多"), ("zh", "少吃了一次"), ("zh", "差不多都吃了吧"), ("zh", "基本上都吃了"),
    ("zh", "早上的忘吃了"), ("zh", "按时吃了 就是漏了一回"), ("zh", "有几回没吃"),
    ("zh", "只吃了一种"),
    ("en", "all of it except one"), ("en", "every day but sunday"), ("en", "i've missed one")])
def test_words_of_part_beside_another_answer_are_read_back_as_a_part(
        language: str, said: str) -> None:
    assert code(language, said) == "partly?"


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "都按时吃了", "taken"), ("zh", "一次没忘", "taken"),
    ("zh", "一次也没吃", "not-taken"), ("en", "every day, I never forget", "taken"),
    ("en", "none of them", "not-taken")])
def test_all_and_none_are_what_they_are(language: str, said: str, meant: str) -> None:
    assert code(language, said) == meant


@pytest.mark.parametrize("said", ["吃了一半", "我吃了一半多", "差不多都吃了吧"])
def test_no_part_is_kept_as_all_whatever_is_said_to_the_reading_back(said: str) -> None:
    call = say(Call(context=CONTEXT).play(*BEFORE), said)
    if call.said[0] == "heard":
        assert str(call.last[0]).count("服用了一部分") == 1
        call.play("1")
    assert call.stored["medication"]["valueCoding"]["code"] == "partly"
    assert call.asked[-1] == "medication-reason"


def test_where_no_option_is_in_part_it_is_asked_again() -> None:
    item = load_questionnaire(questionnaire(
        choice("x"))).order[0]
    name = item.options[0].text["zh"]
    assert isinstance(understand(item, "zh", f"嗯{name}"), Answered)
    assert not isinstance(understand(item, "zh", f"{name}一半"), Answered)


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "不怎么疼"), ("zh", "不太疼"), ("zh", "不是很疼"), ("zh", "基本不疼"),
    ("en", "not really any pain"), ("en", "hardly any pain"), ("en", "not much pain")])
def test_hardly_any_pain_is_no_number_and_asked_again(language: str, said: str) -> None:
    assert not isinstance(understand(PAIN, language, said), Answered)
