"""Several clauses in one breath, as a recogniser gives them: without a comma between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.questionnaires.definition import Item, ItemType, Option
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.understanding import Answered, confirmation, grammar_for, is_distinct, understand
from ivr.understanding.lexicon import lexicon

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())
BREATH, FEELING = SAMPLE.item("breathlessness"), SAMPLE.item("feeling")
PAIN = SAMPLE.item("wound-pain")
HEAT, WHO = SAMPLE.item("temperature"), SAMPLE.item("identity")
FEVER = Item("fever", ItemType.BOOLEAN, options=(
    Option({"valueBoolean": True}, {"zh": "有", "en": "yes"}, ("1",)),
    Option({"valueBoolean": False}, {"zh": "没有", "en": "no"}, ("2",))))
WOUND = Item("wound", ItemType.BOOLEAN, options=(
    Option({"valueBoolean": True}, {"zh": "疼"}, ("1",)),
    Option({"valueBoolean": False}, {"zh": "不疼"}, ("2",))))


def reading(item: Item, language: str, text: str) -> str:
    """The answer, with a ? where it is to be read back; "" for none."""
    match understand(item, language, text):
        case Answered(value, certain):
            plain = next(iter(value.values()))
            named = plain["code"] if isinstance(plain, dict) else plain
            return str(named) + ("" if certain else "?")
        case _:
            return ""


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (FEVER, "zh", "没有没有 挺好的", "False"), (FEVER, "zh", "嗯 没有", "False"),
    (FEVER, "zh", "没有啊 谢谢关心", "False"), (FEVER, "zh", "那倒没有", "False"),
    (FEVER, "zh", "没有没有 都正常 放心吧", "False"), (FEVER, "zh", "没什么 没有", "False"),
    (FEVER, "zh", "对对对", "True"), (FEVER, "zh", "是啊 有", "True"),
    (FEVER, "zh", "有 挺好的", "True?"), (WOUND, "zh", "不疼 挺好的", "False"),
    (FEVER, "en", "well, actually no", "False"), (FEVER, "en", "mm, no", "False"),
    (FEVER, "en", "no, I don't think so, no", "False"), (FEVER, "en", "no thank you dear", "False"),
    (FEVER, "en", "no, nothing like that", "False"), (FEVER, "en", "no, I didn't", "False"),
    (FEVER, "en", "yes I did", "True"), (FEVER, "en", "No, I'm fine, thank you.", "False"),
    (FEVER, "yue", "冇啊 都幾好", "False"), (FEVER, "yue", "嗯 冇", "False"),
    (FEELING, "zh", "哎呀 不太好", "bad"), (FEELING, "zh", "挺好的 谢谢关心啊", "good"),
    (WHO, "zh", "嗯 我是", "self"), (WHO, "zh", "我就是 请讲", "self"),
    (WHO, "zh", "对啊 怎么了", "self"), (WHO, "en", "yeah, speaking", "self"),
    (PAIN, "en", "three out of ten", "3"), (PAIN, "zh", "一点都不疼", "0"),
    (BREATH, "zh", "没有没有 不喘", "False?"), (FEVER, "en", "no, not at the moment", "False"),
    (HEAT, "zh", "不发烧 三十六度五", "36.5"),
    (HEAT, "zh", "嗯 三十八度五 谢谢", "38.5"), (HEAT, "zh", "我量一下 三十八度五", "38.5?"),
    (FEELING, "zh", "嗯 挺好的 挺好的", "good"), (WHO, "en", "yes, speaking", "self"),
    (BREATH, "zh", "没有 呼吸正常", "False")])
def test_what_is_said_around_an_answer_is_no_hindrance(item: Item, language: str, said: str,
                                                       meant: str) -> None:
    assert reading(item, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (FEVER, "zh", "有 不 没有", "False?"), (FEVER, "zh", "有 不对 没有", "False?"),
    (FEVER, "zh", "没有 等一下 有", "True?"), (FEVER, "zh", "不 没有", "False?"),
    (FEVER, "en", "yes - no, wait, no", "False?"), (FEVER, "en", "no, wait, yes", "True?"),
    (FEVER, "en", "yes, I mean no", "False?"), (FEVER, "en", "yes, sorry, no", "False?"),
    (FEVER, "yue", "有 等陣 冇", "False?"), (WOUND, "zh", "疼 不对 不疼", "False?"),
    (HEAT, "zh", "三十八度五 不对 三十七度五", "37.5?"), (HEAT, "zh", "等一下 三十八度五", "38.5?"),
    (HEAT, "en", "thirty eight, no wait, thirty seven", "37.0?"),
    (FEELING, "zh", "很好 不对 一般", "fair?"), (FEELING, "en", "good, no, actually bad", "bad?")])
def test_the_later_clause_corrects_the_one_before_and_is_read_back(
        item: Item, language: str, said: str, meant: str) -> None:
    assert reading(item, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said", "meant"), [
    (WOUND, "zh", "不疼 就是有点痒", "False?"), (FEVER, "zh", "没有 就是有点累", "False?"),
    (FEVER, "en", "no, but I feel tired", "False?"), (FEELING, "zh", "还可以 就是有点累", "fair?"),
    (FEVER, "zh", "没有 三十六度五", "False?"),
    (BREATH, "zh", "没有 就是有点喘", ""), (BREATH, "zh", "没有 三十六度五", "")])
def test_a_reserve_is_read_back_and_refused_where_a_rule_looks(
        item: Item, language: str, said: str, meant: str) -> None:
    assert reading(item, language, said) == meant


@pytest.mark.parametrize(("item", "language", "said"), [
    (FEVER, "zh", "有没有"), (FEVER, "zh", "是不是"), (FEVER, "zh", "对 没有"),
    (FEVER, "zh", "不是没有"), (FEVER, "en", "yes no"), (FEVER, "en", "yes and no"),
    (FEVER, "yue", "有 唔係冇"), (FEVER, "zh", "没有不好的"), (WOUND, "zh", "不怎么疼"),
    (BREATH, "zh", "呼吸正常 不 胸闷"), (BREATH, "zh", "没有 有点胸闷"),
    (FEELING, "zh", "很好 不难受"), (FEVER, "zh", "挺好的"), (FEVER, "zh", "嗯嗯 等一下"),
    (FEVER, "en", "wait"), (PAIN, "en", "three out of nine"), (WHO, "zh", "嗯 什么事"),
    (FEVER, "en", "no problem"), (HEAT, "zh", "三十八度 三十九度")])
def test_clauses_that_contradict_each_other_or_say_nothing_are_no_answer(
        item: Item, language: str, said: str) -> None:
    assert reading(item, language, said) == ""


@pytest.mark.parametrize(("language", "said", "right"), [
    ("zh", "嗯 对对 谢谢", True), ("zh", "嗯 不对", False), ("zh", "对 等一下", None),
    ("zh", "对 不过", None), ("zh", "对 不对", None), ("en", "yes, that's right, thank you", True),
    ("en", "yes, but", None), ("en", "yes, wait", None)])
def test_a_yes_with_a_reserve_confirms_nothing(language: str, said: str,
                                               right: bool | None) -> None:
    assert confirmation(language, said) is right


AROUND = {language: st.lists(st.sampled_from(lexicon(language).around), max_size=2)
          for language in ("zh", "en", "yue")}
CLAUSES = {"zh": (["是的", "对的", "有的", "当然"], ["没有", "不是的", "完全没有"]),
           "en": (["yes", "yeah", "of course"], ["no", "not at all", "nope"]),
           "yue": (["係呀", "有呀", "啱呀"], ["冇呀", "唔得", "都冇"])}


@given(st.data(), st.sampled_from(["zh", "en", "yue"]), st.booleans())
def test_a_yes_and_a_no_are_never_taken_without_reading_back(
        data: st.DataObject, language: str, yes_first: bool) -> None:
    around = AROUND[language]
    clauses = [data.draw(st.sampled_from(group)) for group in CLAUSES[language]]
    one, other = clauses if yes_first else clauses[::-1]
    said = " ".join([*data.draw(around), one, *data.draw(around), other, *data.draw(around)])
    for item in (FEVER, BREATH, WOUND):
        found = understand(item, language, said)
        assert not (isinstance(found, Answered) and found.certain), said
    assert confirmation(language, said) is None, said


@given(st.data(), st.sampled_from(["zh", "en", "yue"]))
def test_what_is_said_around_an_answer_is_none_alone(data: st.DataObject, language: str) -> None:
    said = " ".join(data.draw(AROUND[language]))
    hums = lexicon(language).hums | lexicon(language).no | lexicon(language).yes
    if not any(hum in said for hum in hums):
        assert not isinstance(understand(FEVER, language, said), Answered)


def test_words_around_an_answer_do_not_make_it_distinct_from_its_opposite() -> None:
    assert not is_distinct(BREATH, "zh", "没有没有 挺好的 谢谢关心")
    assert not is_distinct(BREATH, "zh", "有 三十八度五")
    assert not is_distinct(BREATH, "zh", "嗯 有")
    assert not is_distinct(BREATH, "zh", "没有这种情况")
    assert is_distinct(BREATH, "zh", "没有 呼吸正常 谢谢关心")


@pytest.mark.parametrize("language", ["zh", "en", "yue"])
def test_a_recogniser_that_strings_words_together_knows_those_around(language: str) -> None:
    grammar = grammar_for(FEVER, language)
    assert set(lexicon(language).around) == set(grammar.around)
    assert len(grammar.phrases) < 500
