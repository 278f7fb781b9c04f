"""Speaking instead of pressing."""

from __future__ import annotations

import pytest

from followup.responses.models import GivenBy
from ivr.conversation.actions import Mark, StoreAnswer
from ivr.conversation.events import Event, Key, Spoken
from ivr.conversation.speech import hears
from tests.ivr.conversation.driver import Call

START = ("1", "1", "36*8#", "2#", "1")       # as far as the breathlessness, a red flag


def say(call: Call, *texts: str, confidence: float = 0.9) -> Call:
    for text in texts:
        call.send(Spoken(text, confidence))
    return call


def last_stored(call: Call) -> StoreAnswer:
    return [each for each in call.done if isinstance(each, StoreAnswer)][-1]


def test_a_whole_questionnaire_can_be_spoken() -> None:
    call = say(Call(), "我就是", "挺好的", "三十六度八", "对", "两分", "是的", "按时吃了")
    assert call.state.link_id == "breathlessness"
    say(call, "没有", "呼吸正常", "知道")
    call.play("#")
    assert call.outcome == "completed"
    assert call.heard["temperature"] == "三十六度八"
    assert call.stored["breathlessness"] == {"valueBoolean": False}
    assert {each.given_by for each in call.done if isinstance(each, StoreAnswer)} == {GivenBy.VOICE}


def test_words_and_keys_may_be_mixed() -> None:
    call = say(Call().play("1"), "还可以")
    assert call.play("36*8#").said == ["wound-pain"]


def test_a_number_is_read_back_and_a_no_asks_again() -> None:
    call = say(Call().play("1", "1"), "三十八度五")
    assert call.said == ["heard-temperature"]
    assert "temperature" not in call.stored
    assert say(call, "不对").said == ["again", "temperature"]
    say(call, "三十七度五", "是的")
    assert call.stored["temperature"] == {"valueDecimal": 37.5}
    assert (last_stored(call).heard, last_stored(call).confidence) == ("三十七度五", 0.9)


@pytest.mark.parametrize(("denial", "keys", "told"), [
    ([Spoken("不对", 0.9)], "37*5#", ["三十八度五"]), ([Key("2")], "37*5#", ["三十八度五"]),
    ([Spoken("", 0.0)] * 2, "37*5#", ["三十八度五"]),
    ([Spoken("不对", 0.9)], "38*5#", []),       # the same, only that it was asked again
])
def test_a_key_that_says_otherwise_than_what_was_heard_is_marked(
        denial: list[Event], keys: str, told: list[str]) -> None:
    call = say(Call().play("1", "1"), "三十八度五")
    for each in denial:
        call.send(each)
    call.play(keys)
    assert call.state.link_id == "wound-pain"
    marks = [each for each in call.done if isinstance(each, Mark) and each.kind == "disagreement"]
    assert [(each.link_id, each.label) for each in marks] == [
        ("temperature", words) for words in told]
    assert last_stored(call).doubted == next(iter(told), None)    # kept where nothing is recorded
    say(call.play("3#"), "")                   # nor does it follow the call to other questions
    assert call.state.doubted is None


def test_another_number_at_the_read_back_takes_its_place() -> None:
    call = say(Call().play("1", "1"), "三十八度五", "三十七度五")
    assert call.said == ["heard-temperature"]
    assert say(call, "对").stored["temperature"] == {"valueDecimal": 37.5}


def test_what_was_hardly_heard_is_read_back() -> None:
    call = say(Call().play("1"), "很好", confidence=0.3)
    assert call.said == ["heard"]
    assert call.play("1").stored["feeling"]["valueCoding"]["code"] == "good"  # type: ignore[index]
    assert last_stored(call).given_by is GivenBy.VOICE


@pytest.mark.parametrize(("first", "second", "kept"), [
    ("没有", "是的", None), ("没有", "没有", None), ("没有", "对", None), ("没有", "没有啊", None),
    ("没有", "不是", None), ("没有", "呼吸正常", False),
    ("有", "喘不上气", True), ("有", "是的", None), ("有", "有的", None)])
def test_a_red_flag_needs_a_second_answer_in_other_words(first: str, second: str,
                                                         kept: bool | None) -> None:
    call = say(Call().play(*START), first)
    assert call.said == ["heard-risky"]
    assert "breathlessness" not in call.stored
    say(call, second)
    assert call.stored.get("breathlessness") == (
        None if kept is None else {"valueBoolean": kept})


def test_nor_does_a_second_answer_do_that_was_hardly_heard() -> None:
    call = say(Call().play(*START), "没有", "呼吸正常", confidence=0.5)
    assert "breathlessness" not in call.stored
    assert call.play("1").stored["breathlessness"] == {"valueBoolean": False}


@pytest.mark.parametrize("heard", ["没有", "有"])
def test_or_a_key(heard: str) -> None:
    call = say(Call().play(*START), heard).play("1")
    assert call.stored["breathlessness"] == {"valueBoolean": heard == "有"}
    call = say(Call().play(*START), heard).play("2")
    assert call.said == ["again", "breathlessness"]
    assert "breathlessness" not in call.stored


def test_hanging_up_keeps_an_alarm_and_drops_an_unproven_all_clear() -> None:
    alarm = say(Call().play(*START), "有").play("hangup")
    assert alarm.stored["breathlessness"] == {"valueBoolean": True}
    clear = say(Call().play(*START), "没有").play("hangup")
    assert "breathlessness" not in clear.stored
    number = say(Call().play("1", "1"), "三十七度").play("hangup")
    assert number.stored["temperature"] == {"valueDecimal": 37.0}


def test_silence_after_the_read_back_is_no_yes() -> None:
    call = say(Call().play(*START), "没有").play("silence")
    assert call.said == ["heard-risky"]
    call.play("silence")
    assert call.said[0] == "not-understood"
    assert "breathlessness" not in call.stored


@pytest.mark.parametrize(("words", "said"), [
    ("再说一遍", ["feeling"]), ("慢一点", ["slowly", "feeling~keys"]),
    ("我听不懂", ["slowly", "feeling~keys"]), ("说英语", ["feeling"]),
    ("我现在不方便", ["call-back-when"]), ("不要再打了", ["stop-calling"])])
def test_wishes(words: str, said: list[str]) -> None:
    call = say(Call().play("1"), words)
    assert call.said == said
    assert call.state.misses == 0


@pytest.mark.parametrize("words", ["说英语", "不要再打了"])
def test_nobody_is_sent_away_by_what_was_hardly_heard(words: str) -> None:
    call = say(Call().play("1"), words, confidence=0.5)
    assert call.said == ["not-understood", "feeling"]
    call = say(Call().play("1"), "很好", words, confidence=0.5)
    assert call.said == ["heard"]


def test_a_person_that_was_hardly_heard_is_rung_when_asked_for_again() -> None:
    call = say(Call().play("1"), "我要找护士", confidence=0.5)
    assert call.said == ["not-understood", "feeling"]
    assert say(call, "我要找护士", confidence=0.5).escalations[0].reason == "asked"


def test_the_same_option_again_confirms_it_where_no_rule_looks_and_no_other_sounds_like_it(
        ) -> None:
    call = say(Call().play("1"), "一般", "一般", confidence=0.5)
    assert call.stored["feeling"]["valueCoding"]["code"] == "fair"  # type: ignore[index]
    assert "feeling" not in say(Call().play("1"), "很好", "很好", confidence=0.5).stored   # 不好
    assert "temperature" not in say(Call().play("1", "1"), "三十八度五", "三十八度五").stored


def test_a_person_and_the_question_before_can_be_asked_for() -> None:
    assert say(Call().play("1"), "我要找护士").escalations[0].reason == "asked"
    call = say(Call().play("1", "1"), "上一题")
    assert call.said == ["feeling"]


def test_noise_leads_to_keys_and_is_then_no_longer_listened_to() -> None:
    call = Call().play("1")
    assert hears(call.state) is not None
    assert say(call, "").said == ["not-understood", "feeling"]
    assert say(call, "天气").said == ["not-understood", "slowly", "feeling~keys"]
    assert hears(call.state) is None
    assert call.play("1").state.link_id == "temperature"
    assert hears(call.state) is not None
    call.play("3")
    assert hears(call.state) is None           # a number is being typed


def test_what_can_be_said_to_a_read_back_is_yes_no_and_the_answers() -> None:
    grammar = hears(say(Call().play(*START), "没有").state)
    assert grammar
    assert {"是的", "错了", "呼吸正常", "转人工"} <= set(grammar.phrases)
    assert len(set(grammar.phrases)) == len(grammar.phrases)
