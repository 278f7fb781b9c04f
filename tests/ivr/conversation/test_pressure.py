"""Both numbers of a blood pressure in one breath."""

from __future__ import annotations

import pytest

from followup.questionnaires.definition import Item, ItemType
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation.events import Spoken
from ivr.understanding import Answered, understand
from tests.followup.questionnaires.build import item, questionnaire, standard
from tests.ivr.conversation.driver import Call


def asking(link_id: str, text: str, low: int, high: int) -> dict[str, object]:
    return item(link_id, "integer", text=text, extension=[
        standard("minValue", valueInteger=low), standard("maxValue", valueInteger=high)])


UPPER = asking("upper", "您今天的高压是多少？", 60, 260)
LOWER = asking("lower", "低压呢？", 30, 160)
PULSE = asking("pulse", "心率呢？", 30, 200)
BOTH = load_questionnaire(questionnaire(UPPER, LOWER, PULSE), stored=True)
ALONE = load_questionnaire(questionnaire(UPPER, PULSE), stored=True)
HIGH = Item("high", ItemType.INTEGER, minimum=60, maximum=260,
            text={"zh": "高压", "yue": "上壓", "en": "Your systolic (upper) blood pressure"})
LOW = Item("low", ItemType.INTEGER, minimum=30, maximum=160,
           text={"zh": "低压", "yue": "下壓", "en": "Your diastolic (lower) blood pressure"})


def say(call: Call, *texts: str) -> Call:
    for text in texts:
        call.send(Spoken(text, 0.9))
    return call


@pytest.mark.parametrize(("language", "said", "high", "low"), [
    ("zh", "一百四九十", 140, 90), ("zh", "一百四十九十", 140, 90),
    ("zh", "血压一百四十九十", 140, 90),
    ("zh", "高压一百四低压九十", 140, 90), ("zh", "低压九十，高压一百四", 140, 90),
    ("zh", "一百四十 over 九十", 140, 90), ("zh", "一百四十比九十", 140, 90),
    ("zh", "一百二十七八十", 127, 80), ("zh", "一百三八十五", 130, 85),
    ("zh", "一三零八零", 130, 80),
    ("zh", "140，90", 140, 90), ("yue", "上壓百四下壓九十", 140, 90),
    ("en", "one forty over ninety", 140, 90), ("en", "140 over 90", 140, 90)])
def test_the_one_that_is_asked_for_is_read_back(language: str, said: str, high: int,
                                                low: int) -> None:
    for asked, number in ((HIGH, high), (LOW, low)):
        found = understand(asked, language, said)
        assert isinstance(found, Answered)
        assert (found.value, found.certain) == ({"valueInteger": number}, False)


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "一百四到一百五"), ("zh", "一百三五"), ("zh", "九十一百四"), ("zh", "一百四或者九十"),
    ("zh", "一百四一百五"), ("zh", "不是一百四九十"), ("zh", "一百三十八九"),
    ("zh", "一百四九十六十"),
    ("en", "one thirty to one forty"), ("en", "one forty or ninety"), ("en", "forty over ninety")])
def test_what_is_no_pair_is_asked_again(language: str, said: str) -> None:
    assert not isinstance(understand(HIGH, language, said), Answered)


@pytest.mark.parametrize(("said", "number"), [
    ("一百四十", 140), ("一百四", 140), ("一百零五", 105)])
def test_a_single_number_is_what_it_was(said: str, number: int) -> None:
    assert understand(HIGH, "zh", said) == Answered({"valueInteger": number})


def test_the_lower_one_is_read_back_in_place_of_its_question() -> None:
    call = say(Call(BOTH), "一百四九十")
    assert (call.said, call.stored) == (["heard"], {})
    assert say(call, "对").said == ["heard"]
    assert call.stored == {"upper": {"valueInteger": 140}}
    say(call, "对")
    assert call.stored == {"upper": {"valueInteger": 140}, "lower": {"valueInteger": 90}}
    assert call.state.link_id == "pulse"


def test_a_no_to_the_first_forgets_the_second() -> None:
    call = say(Call(BOTH), "一百四九十", "不对", "一百三")
    assert call.state.link_id == "lower"
    assert call.stored == {"upper": {"valueInteger": 130}}
    assert call.said[-1].endswith("lower")


def test_the_lower_one_is_no_answer_to_another_question() -> None:
    call = say(Call(ALONE), "一百四九十", "对")
    assert call.state.link_id == "pulse"
    assert call.said[-1].endswith("pulse")
