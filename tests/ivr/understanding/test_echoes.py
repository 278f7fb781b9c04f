"""Yes and no in the words of the question."""

from __future__ import annotations

from itertools import cycle
from random import Random

import pytest

from bench.speech.dialogue import converse
from bench.speech.questions import Question
from followup.questionnaires.definition import Item, ItemType, Operator, Option, Rule
from followup.responses.models import Severity
from ivr.recognition.protocol import Heard
from ivr.understanding import Answered, Grammar, grammar_for, is_distinct, understand
from ivr.understanding.echoes import NONE, echoes

RULE = Rule("r", Severity.ABNORMAL, Operator.EQUAL, True, {"zh": "r"})
TAKEN, HURTS = "您今天吃药了吗？", "伤口还疼不疼？疼，请按1。不疼，请按2。"
FEVER, PAIN = "出院以后，您有没有发烧？", "你有冇痛呀？"


def asked(question: str, language: str = "zh", rules: tuple[Rule, ...] = (),
          spoken_yes: tuple[str, ...] = ()) -> Item:
    return Item("q", ItemType.BOOLEAN, prompt={language: question}, rules=rules, options=(
        Option({"valueBoolean": True}, {"zh": "是", "en": "yes"}, ("1",),
               spoken={language: spoken_yes}),
        Option({"valueBoolean": False}, {"zh": "否", "en": "no"}, ("2",))))


def reading(item: Item, language: str, text: str) -> str:
    """The answer, with a ? where it is to be read back; "" for none."""
    match understand(item, language, text):
        case Answered(value, certain):
            return str(value["valueBoolean"]) + ("" if certain else "?")
    return ""


@pytest.mark.parametrize(("question", "language", "yes", "no"), [
    (TAKEN, "zh", "吃了 吃过了 吃药了 吃了药 嗯，吃了 都吃了", "没吃 还没吃 没吃药 没吃呢 还没"),
    ("降压药吃了吗？", "zh", "吃了 降压药吃了", "没吃 降压药没吃"),
    ("您的伤口拆线了没有？", "zh", "拆了 拆线了", "没拆 还没拆线 还没有"),
    (HURTS, "zh", "疼 有点疼 还疼 疼的", "不疼 不疼了 一点都不疼"),
    ("伤口疼吗？", "zh", "疼 很疼", "不疼"),
    ("您吃没吃降压药？", "zh", "吃了 吃降压药了", "没吃 还没吃"),
    ("您舒不舒服？", "zh", "舒服 挺舒服", "不舒服"),
    (FEVER, "zh", "有 发烧 发过烧 烧过", "没有 没发烧 没烧 从来没发过烧"),
    ("您会不会头晕？", "zh", "会 会头晕", "不会 不会头晕"),
    ("大便正常吗？", "zh", "正常", "不正常"), ("晚上睡得好吗？", "zh", "睡得好", "睡不好 睡得不好"),
    (PAIN, "yue", "有 痛 少少痛", "冇 唔痛 冇痛"),
    ("你食咗藥未？", "yue", "食咗 食咗藥", "未 未食 仲未食"),
    ("傷口痛唔痛呀？", "yue", "痛 好痛", "唔痛"),
    (FEVER, "yue", "有 发烧", "冇 冇发烧")])
def test_an_answer_echoes_the_question(question: str, language: str, yes: str, no: str) -> None:
    item = asked(question, language)
    assert {said: reading(item, language, said) for said in yes.split()} == dict.fromkeys(
        yes.split(), "True")
    assert {said: reading(item, language, said) for said in no.split()} == dict.fromkeys(
        no.split(), "False")


@pytest.mark.parametrize(("question", "said", "meant"), [
    ("Have you taken your medicine?", "Yes, I have.", "True"),
    ("Have you taken your medicine?", "I have", "True"),
    ("Have you taken your medicine?", "not yet", "False"),
    ("Does your wound hurt?", "it does", "True"), ("Does your wound hurt?", "it doesn't", "False"),
    ("Did you sleep well?", "I didn't", "False"), ("Is there any bleeding?", "there is", "True")])
def test_an_english_answer_echoes_the_auxiliary(question: str, said: str, meant: str) -> None:
    assert reading(asked(question, "en"), "en", said) == meant


@pytest.mark.parametrize(("question", "said"), [
    (TAKEN, "忘了吃药"), (TAKEN, "不想吃"), (TAKEN, "没怎么吃"), (TAKEN, "早上吃了晚上没吃"),
    (TAKEN, "吃了没吃"), (TAKEN, "吃了一半"), (HURTS, "不怎么疼"), (HURTS, "不是很疼"),
    (HURTS, "疼不疼"), (FEVER, "发烧没有"), (FEVER, "昨天没发烧"), (FEVER, "不是没发烧")])
def test_an_echo_among_other_words_is_asked_again(question: str, said: str) -> None:
    assert reading(asked(question), "zh", said) == ""


@pytest.mark.parametrize(("question", "language"), [
    ("您现在有没有胸闷，或者喘不上气？", "zh"), ("您有没有发烧或者咳嗽？", "zh"),
    ("您有没有不舒服？", "zh"),
    ("伤口有没有红肿、流脓？", "zh"), ("您是不是还咳嗽？", "zh"), ("您没有发烧吧？", "zh"),
    ("您呼吸正常吗？正常，请按2。不正常，请按1。", "zh"),
    ("吃药了吗？疼不疼？", "zh"), ("您好。", "zh"),
    ("你仲有冇發燒同埋咳？", "yue"), ("How are you?", "en"),
    ("Are you short of breath now, or is your chest tight?", "en")])
def test_where_the_wording_leaves_a_doubt_there_is_no_echo(question: str, language: str) -> None:
    assert echoes(question, language) == NONE


def test_an_options_own_words_win() -> None:
    assert reading(asked(TAKEN, spoken_yes=("没吃",)), "zh", "没吃") == "True"


def test_a_recogniser_listens_for_echoes() -> None:
    assert {"吃了", "没吃", "还没吃"} <= set(grammar_for(asked(TAKEN), "zh").phrases)


def test_no_echo_is_enough_for_a_red_flag() -> None:
    for question, language in ((TAKEN, "zh"), (HURTS, "zh"), (FEVER, "zh"), (PAIN, "yue")):
        item, found = asked(question, language, (RULE,)), echoes(question, language)
        assert found.yes and found.no
        assert not any(is_distinct(item, language, said) for said in found.yes | found.no)


async def test_whatever_a_recogniser_makes_of_echoes_no_red_flag_is_flipped() -> None:
    chance = Random(20261130)
    for question, language in ((TAKEN, "zh"), (HURTS, "zh"), (FEVER, "zh"), (PAIN, "yue")) * 25:
        found = echoes(question, language)
        said = {True: ["有", "是", *sorted(found.yes)], False: ["没有", *sorted(found.no)]}
        for truth, words in said.items():
            flag = Question("red flag", asked(question, language, (RULE,)), {
                words[0]: {"valueBoolean": truth}}, {words[0]: "1" if truth else "2"})

            async def hear(grammar: Grammar, sound: bytes, truth: bool = truth,
                           said: dict[bool, list[str]] = said) -> Heard:
                meant = truth if chance.random() < 0.5 else not truth
                return Heard(chance.choice(said[meant]), chance.choice((0.5, 0.9)))
            outcome = await converse(flag, language, words[0], cycle([b""]), hear)
            assert outcome.value in (None, {"valueBoolean": truth})
