"""What patients say, and what it must never be taken for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.definition import Item, ItemType
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.understanding import (
    Answered,
    Unclear,
    Wish,
    Wished,
    confirmation,
    confirmation_grammar,
    grammar_for,
    is_distinct,
    is_risky,
    understand,
)
from ivr.understanding.lexicon import lexicon

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())
BREATH, FEELING = SAMPLE.item("breathlessness"), SAMPLE.item("feeling")
FEVER, PAIN = SAMPLE.item("temperature"), SAMPLE.item("wound-pain")
VISIT = Item("visit", ItemType.DATE)
PRESSURE = Item("pressure", ItemType.INTEGER, minimum=60, maximum=260)
TODAY = date(2026, 11, 24)
QUESTIONS = [item for item in SAMPLE.order if item.is_question]


def meaning(item: Item, language: str, text: str) -> object:
    """A plain answer, a wish's name, or why it is unclear."""
    match understand(item, language, text, today=TODAY):
        case Answered(value):
            plain = next(iter(value.values()))
            return plain["code"] if isinstance(plain, dict) else plain
        case Wished(wish, chosen):
            return f"{wish} {chosen}".strip()
        case Unclear(why):
            return why
    raise AssertionError("no meaning")


@pytest.mark.parametrize(("said", "meant"), [
    ("有", True), ("有的", True), ("有一点", True), ("嗯，有一点吧", True), ("是的", True),
    ("对", True),
    ("木有", False), ("没得", False), ("没有", False), ("没有啊", False), ("没有没有", False),
    ("不是的", False),
    ("一点也没有", False),
    ("我没有", False), ("呼吸正常", False),
    ("没有不舒服", "ambiguous"), ("不能不说有", "ambiguous"), ("有没有", "ambiguous"),
    ("不是没有", "ambiguous"),
    ("是不是", "ambiguous"), ("没有以前好", "ambiguous"), ("天气不错", "ambiguous"),
    ("天气", "nothing"),
    ("第一个", True), ("选二", False), ("按一", True), ("最后一个", False)])
def test_yes_and_no_in_mandarin(said: str, meant: object) -> None:
    assert meaning(BREATH, "zh", said) == meant


@pytest.mark.parametrize(("said", "meant"), [
    ("係", True), ("有呀", True), ("唔係", False), ("冇", False), ("冇呀", False),
    ("唔係冇", "ambiguous"), ("轉人工", "person")])
def test_yes_and_no_in_cantonese(said: str, meant: object) -> None:
    assert meaning(BREATH, "yue", said) == meant


@pytest.mark.parametrize(("said", "meant"), [
    ("Yes.", True), ("yeah, sure", True), ("a little", True), ("No!", False), ("not really", False),
    ("no I don't", False), ("not too bad", "ambiguous"), ("no pain", "ambiguous"),
    ("yes and no", "ambiguous"), ("I wouldn't say no", "ambiguous"), ("number two", False)])
def test_yes_and_no_in_english(said: str, meant: object) -> None:
    assert meaning(BREATH, "en", said) == meant


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "很好", "good"), ("zh", "挺好的", "good"), ("zh", "我觉得还可以", "fair"),
    ("zh", "不好", "bad"),
    ("zh", "不太好", "bad"), ("zh", "狠好", "good"), ("zh", "第三个", "bad"),
    ("zh", "没有很好", "ambiguous"),
    ("zh", "很好还是不好", "ambiguous"), ("en", "So-so", "fair"), ("en", "not well", "bad"),
    ("en", "not bad", "good"), ("en", "never good", "ambiguous"), ("en", "the first one", "good"),
    ("yue", "很好", "good")])
def test_options_by_name_synonym_and_place(language: str, said: str, meant: object) -> None:
    assert meaning(FEELING, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (FEVER, "zh", "大概三十八度五吧", 38.5), (FEVER, "zh", "三十六", 36.0),
    (FEVER, "zh", "五十度", "out-of-range"),
    (FEVER, "zh", "没有三十八度", "ambiguous"),
    (FEVER, "zh", "三十六度五或者三十七度", "ambiguous"),
    (FEVER, "zh", "三十六度五五", "nothing"), (FEVER, "zh", "去年", "nothing"),
    (FEVER, "en", "it's thirty eight point five", 38.5),
    (FEVER, "en", "thirty eight five", 38.5),
    (FEVER, "en", "three eight point five", 38.5),
    (FEVER, "yue", "三十八度半", 38.5), (FEVER, "yue", "三十八個半", 38.5),
    (FEVER, "yue", "三十八點五", 38.5), (FEVER, "yue", "卅八度五", 38.5),
    (PRESSURE, "zh", "一百四十", 140), (PRESSURE, "zh", "幺四零", 140),
    (PRESSURE, "zh", "两百一", 210), (PRESSURE, "zh", "高压一百四十", 140),
    (PRESSURE, "zh", "一百四十 over 九十", "ambiguous"),
    (PRESSURE, "zh", "一百四十九十", "ambiguous"),
    (PRESSURE, "yue", "百四", 140), (PRESSURE, "yue", "百四十", 140),
    (PRESSURE, "yue", "一百廿五", 125), (PRESSURE, "yue", "百二五", "ambiguous"),
    (PRESSURE, "en", "one forty", 140), (PRESSURE, "en", "one fifteen", 115),
    (PRESSURE, "en", "one oh five", 105), (PRESSURE, "en", "one four zero", 140),
    (PRESSURE, "en", "hundred and forty", 140),
    (PRESSURE, "en", "one forty over ninety", "ambiguous"),
    (PAIN, "zh", "三分", 3), (PAIN, "zh", "十", 10), (PAIN, "zh", "八九", "ambiguous"),
    (PAIN, "zh", "三点五", "nothing"), (PAIN, "en", "about seven", 7),
    (PAIN, "en", "two two", 2), (PAIN, "en", "not seven", "ambiguous")])
def test_numbers(item: Item, language: str, said: str, meant: object) -> None:
    assert meaning(item, language, said) == meant


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "昨天", "2026-11-23"), ("zh", "十一月二十号", "2026-11-20"),
    ("zh", "去年五月三号", "2025-05-03"), ("zh", "上个月五号", "2026-10-05"),
    ("zh", "大大前天", "2026-11-20"), ("zh", "三天以前", "2026-11-21"),
    ("zh", "昨晚", "2026-11-23"),
    ("zh", "上周三", "2026-11-18"), ("zh", "不是昨天", "ambiguous"), ("yue", "琴晚", "2026-11-23"),
    ("yue", "三日前", "2026-11-21"), ("yue", "上個禮拜三", "2026-11-18"),
    ("en", "November 5 2025", "2025-11-05"), ("en", "three days ago", "2026-11-21"),
    ("en", "November fifth, twenty twenty-four", "2024-11-05"), ("en", "last Friday", "2026-11-20"),
    ("en", "the fifth of last month", "2026-10-05"), ("en", "last night", "2026-11-23"),
    ("zh", "十一月两三号", "nothing"),
    ("en", "yesterday", "2026-11-23"), ("en", "November twentieth", "2026-11-20"),
    ("en", "the twenty-first of November", "2026-11-21"), ("zh", "二月三十号", "nothing"),
    ("zh", "昨天或者前天", "ambiguous")])
def test_dates(language: str, said: str, meant: object) -> None:
    assert meaning(VISIT, language, said) == meant


@pytest.mark.parametrize(("language", "said", "day"), [
    ("zh", "十二月一日", "2026-12-01"), ("zh", "五号", "2026-12-05"),
    ("zh", "星期一", "2026-11-23"),
    ("en", "last Tuesday", "2026-11-17"), ("en", "the fifth", "2026-12-05"),
    ("en", "a couple of days ago", "2026-11-22"), ("zh", "我去医院是昨天", "2026-11-23")])
def test_a_day_that_may_be_another_one_is_read_back(language: str, said: str, day: str) -> None:
    assert understand(VISIT, language, said, today=TODAY) == Answered(
        {"valueDate": day}, certain=False)


def test_a_day_without_its_year_is_the_one_that_the_question_allows() -> None:
    past = replace(VISIT, maximum=TODAY)
    assert meaning(past, "zh", "十二月一日") == "2025-12-01"


@pytest.mark.parametrize(("language", "said", "wish"), [
    ("zh", "等会儿", "wait"), ("zh", "你等一下", "wait"), ("zh", "啥", "repeat"),
    ("zh", "您慢点说", "slower"), ("zh", "啥意思", "help"), ("zh", "找大夫", "person"),
    ("zh", "没时间", "not-now"), ("zh", "我挂了", "not-now"), ("zh", "不许录音", "unrecorded"),
    ("zh", "不要再打电话来了", "stop-calling"), ("yue", "搵姑娘", "person"),
    ("yue", "再講多次", "repeat"), ("yue", "慢啲講", "slower"), ("yue", "冇時間", "not-now"),
    ("en", "I'm busy right now", "not-now"), ("en", "I can't talk right now", "not-now"),
    ("en", "slow down", "slower"), ("en", "Can I speak to a nurse?", "person"),
    ("en", "I didn't catch that", "repeat"), ("en", "Are you a robot?", "who"),
    ("en", "take me off your list", "stop-calling"),
    ("zh", "请再说一遍", "repeat"), ("zh", "慢一点", "slower"), ("zh", "我听不懂", "help"),
    ("zh", "上一题", "back"), ("zh", "我要找护士", "person"), ("zh", "我现在不方便", "not-now"),
    ("zh", "不要再打了", "stop-calling"), ("zh", "请说英语", "language en"),
    ("en", "say that again please", "repeat"), ("en", "I don't understand", "help"),
    ("en", "a nurse, please", "person"), ("en", "I'm busy", "not-now"),
    ("en", "Mandarin please", "language zh"), ("yue", "聽唔清楚", "repeat")])
def test_wishes_are_heard_at_any_question(language: str, said: str, wish: str) -> None:
    for item in (BREATH, FEELING, FEVER):
        assert meaning(item, language, said) == wish


def test_an_option_of_that_name_comes_before_the_wish() -> None:
    identity = SAMPLE.item("identity")
    assert meaning(identity, "zh", "现在不方便") == "later"
    assert meaning(SAMPLE.item("return-visit"), "zh", "不知道") == "does-not-know"
    assert meaning(SAMPLE.item("return-visit"), "zh", "我不知道") == "does-not-know"


@pytest.mark.parametrize(("language", "said", "right"), [
    ("zh", "对", True), ("zh", "是的", True), ("zh", "正确", True), ("zh", "不对", False),
    ("zh", "错了", False),
    ("zh", "不正确", False), ("zh", "三十八", None), ("en", "that's right", True),
    ("en", "that's not right", False), ("en", "right, no", None), ("yue", "唔啱", False)])
def test_yes_or_no_to_what_was_read_back(language: str, said: str, right: bool | None) -> None:
    assert confirmation(language, said) is right


@pytest.mark.parametrize("language", ["zh", "en", "yue"])
@pytest.mark.parametrize("item", QUESTIONS, ids=lambda item: item.link_id)
def test_every_phrase_that_is_listened_for_is_understood(item: Item, language: str) -> None:
    grammar = grammar_for(item, language)
    assert grammar.phrases
    for phrase in grammar.phrases:
        assert not isinstance(understand(item, language, phrase), Unclear), phrase
    assert not (set(grammar.decoys) - grammar.rare) & set(grammar.phrases)
    assert len(grammar.decoys) >= 20


@pytest.mark.parametrize("language", ["zh", "en", "yue"])
def test_every_phrase_of_a_confirmation_is_a_yes_or_a_no(language: str) -> None:
    for phrase in confirmation_grammar(language).phrases:
        assert confirmation(language, phrase) is not None, phrase


def test_a_negation_never_leaves_an_answer_as_it_was() -> None:
    for language in ("zh", "en", "yue"):
        words = lexicon(language)
        glue = " " if words.by_word else ""
        for negator in words.negators:
            for said in words.yes:
                found = understand(BREATH, language, f"{negator}{glue}{said}")
                assert not (isinstance(found, Answered) and found.certain
                            and found.value == {"valueBoolean": True}), f"{negator}{glue}{said}"
            for number in ("三十八度五",) if language != "en" else ("thirty eight",):
                assert not isinstance(understand(FEVER, language, f"{negator}{glue}{number}"),
                                      Answered)


WORDS = st.lists(st.sampled_from(sorted(
    {word for language in ("zh", "en", "yue") for word in (
        *lexicon(language).yes, *lexicon(language).no, *lexicon(language).negators,
        *lexicon(language).fillers, *lexicon(language).wishes, *lexicon(language).decoys)}
    | {"三十八", "度五", "38.5", "point", "半", "点", "hundred"})), max_size=6)


@given(st.sampled_from(QUESTIONS), st.sampled_from(["zh", "en", "yue"]),
       st.one_of(st.text(max_size=60), WORDS.map(" ".join), WORDS.map("".join)))
def test_any_words_come_to_one_meaning_and_break_nothing(item: Item, language: str,
                                                         text: str) -> None:
    found = understand(item, language, text, today=TODAY)
    assert found == understand(item, language, text, today=TODAY)
    if isinstance(found, Answered) and item.minimum is not None:
        number = next(iter(found.value.values()))
        assert item.minimum <= number <= item.maximum  # type: ignore[operator]
    assert confirmation(language, text) in (True, False, None)


def test_red_flags_with_an_opposite_are_risky() -> None:
    assert is_risky(BREATH, {"valueBoolean": False})
    assert not is_risky(FEELING, FEELING.options[0].value)
    assert Wish("person") is Wish.PERSON


@pytest.mark.parametrize(("language", "said", "distinct"), [
    ("zh", "呼吸正常", True), ("zh", "没有", False), ("zh", "有", False), ("zh", "是的", False),
    ("zh", "天气", False), ("en", "i do not", False), ("en", "i do", False)])
def test_words_that_a_syllable_turns_round_are_not_distinct(language: str, said: str,
                                                            distinct: bool) -> None:
    assert is_distinct(BREATH, language, said) is distinct


def test_a_grammar_is_made_once_for_an_item_however_many_calls_ask_for_it() -> None:
    one, other = (load_questionnaire(POST_DISCHARGE.read_bytes()).item("temperature")
                  for _ in range(2))
    assert grammar_for(one, "zh") is grammar_for(one, "zh")
    assert grammar_for(one, "zh") is not grammar_for(one, "en")
    assert grammar_for(one, "zh") == grammar_for(other, "zh")
