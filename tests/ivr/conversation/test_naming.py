"""Who gives a name at "are you …?": the patient's own is a yes, another one is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.conversation.events import Spoken
from ivr.conversation.speech import hears
from ivr.recognition.spelling import spell
from ivr.understanding import Answered, introduced, understand
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call
from tests.ivr.conversation.test_who_answers import ASKS_YEAR

WHO = SAMPLE.item("identity")


def say(text: str, name: str = "张三", language: str = "zh", confidence: float = 0.9) -> Call:
    call = Call(ASKS_YEAR, replace(CONTEXT, name=name, language=language, birth_year=1957))
    call.send(Spoken(text, confidence))
    return call


@pytest.mark.parametrize(("language", "name", "text"), [
    ("zh", "张三", "我是张三"), ("zh", "张三", "我就是张三，您请讲"),
    ("zh", "张三", "喂，我叫张三"), ("zh", "张三", "我就是"), ("zh", "张三", "没错，我就是"),
    ("zh", "张三", "对，我是张三，你是哪里"),
    ("en", "John Smith", "Yes, this is John Smith."), ("en", "John Smith", "John Smith speaking"),
    ("en", "John Smith", "this is he"), ("en", "张三", "this is Zhang San")])
def test_the_patients_own_name_is_a_yes_and_the_year_is_still_asked(
        language: str, name: str, text: str) -> None:
    call = say(text, name, language)
    assert call.said == ["year"]
    assert call.state.answered_by is None
    assert "introduction" not in call.said


@pytest.mark.parametrize(("language", "name", "text"), [
    ("zh", "张三", "张三"), ("zh", "张三", "我是老张"), ("zh", "张三", "我是章三"),
    ("zh", "张建国", "我是建国"), ("zh", "张三", "我姓张"), ("en", "John Smith", "this is John"),
    ("en", "John Smith", "this is Mr Smith")])
def test_half_a_name_and_one_that_sounds_like_it_are_read_back(
        language: str, name: str, text: str) -> None:
    assert say(text, name, language).said == ["heard"]


@pytest.mark.parametrize(("language", "name", "text"), [
    ("zh", "张三", "我是李四"), ("zh", "张三", "我不是张三"), ("zh", "张三", "不，我是李四"),
    ("zh", "张三", "我姓李"), ("zh", "张三", "我是李先生"),
    ("en", "John Smith", "I'm not John Smith"),
    ("en", "John Smith", "Peter Brown speaking")])
def test_another_name_is_asked_about_and_given_up_for_nothing_less_than_a_yes(
        language: str, name: str, text: str) -> None:
    call = say(text, name, language)
    assert call.said == ["wrong-number-right"]
    assert call.play("2").state.link_id == "identity"
    assert say(text, name, language).play("1").outcome == "wrong_person"


@pytest.mark.parametrize(("language", "name", "text"), [
    ("zh", "张三", "张三不在家"), ("zh", "张三", "我是张三的女儿"), ("zh", "张三", "张先生不在"),
    ("zh", "张三", "我老公是张三"), ("zh", "张三", "不是，我是他老伴"), ("zh", "张三", "是我儿子"),
    ("en", "John Smith", "John Smith is not here"), ("en", "John Smith", "John's not here"),
    ("en", "John Smith", "I'm John Smith's wife")])
def test_who_speaks_of_the_patient_by_name_is_a_relative(
        language: str, name: str, text: str) -> None:
    assert say(text, name, language).said == ["reach-when"]


@pytest.mark.parametrize("text", ["张三是谁", "谁是张三", "我是谁", "你是张三吗", "我是张三丰",
                                  "张三，您找他有事吗"])
def test_a_name_alone_makes_nobody_the_patient(text: str) -> None:
    assert say(text).said == ["not-understood", "identity", "other-language"]


@pytest.mark.parametrize(("text", "meant"), [
    ("係我", True), ("我係", True), ("我係陳大文", True), ("係呀，我就係", True),
    ("我唔係陳大文", False), ("陳大文係邊個", False), ("陳生唔喺度", False)])
def test_a_name_in_cantonese(text: str, meant: bool) -> None:
    found = introduced(WHO, "yue", text, "陳大文") or understand(WHO, "yue", text)
    yes = isinstance(found, Answered) and found.value == WHO.options[0].value
    assert yes is meant


def test_the_name_is_one_more_phrase_with_its_denial_at_that_question_only() -> None:
    call = Call()
    grammar = hears(call.state)
    assert grammar is not None
    assert {"我是张三", "我不是张三"} <= set(grammar.phrases)
    call.play("1")
    assert not any("张三" in phrase for phrase in getattr(hears(call.state), "phrases", ()))


def test_a_name_that_a_recogniser_has_no_words_for_is_told_to_no_log(
        caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    grammar = hears(Call(context=replace(CONTEXT, name="龘龘")).state)
    assert grammar is not None
    spell(grammar, lambda word: "龘" not in word and len(word) == 1)
    captured = capsys.readouterr()
    assert "龘" not in caplog.text + captured.out + captured.err


def test_the_name_said_again_stands_against_a_slip_on_the_wrong_number() -> None:
    call = say("我是李四")
    call.send(Spoken("我是张三", 0.9))
    assert call.said == ["year"]
