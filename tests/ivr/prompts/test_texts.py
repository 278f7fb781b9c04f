"""Everything the conversation can say has a text in every language."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.scales import key_range
from ivr.conversation import engine, flow, wording
from ivr.prompts.errors import UnknownPrompt
from ivr.prompts.prompt import keys_id, question_id
from ivr.prompts.texts import catalogue, fillers, questionnaire_texts
from tests.followup.questionnaires.build import choice, ours, questionnaire
from tests.followup.questionnaires.strategies import any_questionnaire


def test_languages_have_the_same_prompts_with_known_variables() -> None:
    chinese, english, cantonese = (catalogue(language) for language in ("zh", "en", "yue"))
    assert list(chinese) == list(english) == list(cantonese)
    for name in chinese:
        # the department is named in Chinese only
        assert fillers(english[name]) <= fillers(chinese[name]), name
        assert fillers(cantonese[name]) == fillers(chinese[name]), name
    with pytest.raises(UnknownPrompt):
        catalogue("xx")


def test_cantonese_is_written_as_it_is_spoken() -> None:
    said = "".join(catalogue("yue").values())
    for mandarin in "请们这没么吗您的是不":
        assert mandarin not in said or mandarin == "您", mandarin
    assert all(word in said for word in "係唔嘅咗喺畀嚟")


def test_each_prompt_that_the_engine_names_exists() -> None:
    named: set[str] = set()
    for module in (engine, flow, wording):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if called in ("prompt", "miss"):
                    named |= {each.value for each in node.args[1:]
                              if isinstance(each, ast.Constant)}
    named |= {f"{how}{kind}" for how in ("read-back", "heard")
              for kind in ("", "-temperature")}
    named |= set(wording._GOODBYES.values()) | set(wording._HELP.values())
    assert {"greeting", "connecting", "not-heard", "goodbye-call-back"} <= named
    assert named <= set(catalogue("zh"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_questionnaire())
def test_each_item_can_be_said_and_its_keys_be_offered(raw: dict[str, Any]) -> None:
    loaded = load_questionnaire(raw)
    texts = questionnaire_texts(loaded)
    for item in loaded.order:
        for language in loaded.languages:
            assert texts[question_id(loaded, item), language]
            if item.type.has_options:
                offer = texts[keys_id(loaded, item), language]
                if key_range(item) is not None:
                    assert set(key_range(item) or ()) <= set(offer)
                    continue
                for option in item.options:
                    assert option.text[language] in offer
                    assert option.keys[0] in offer


def test_without_a_phone_prompt_the_keys_are_told_with_the_question() -> None:
    loaded = load_questionnaire(questionnaire(
        choice("bare", "xy"),
        choice("own", "xy", extension=[ours("phone-prompt", valueString="甲按1", _valueString={
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/translation",
                           "extension": [{"url": "lang", "valueCode": "en"},
                                         {"url": "content", "valueString": "A: 1"}]}]})])))
    texts = questionnaire_texts(loaded)
    assert texts["some/bare", "en"] == "ask bare. pick x: press 1. pick y: press 2."
    assert (texts["some/own", "zh"], texts["some/own", "en"]) == ("甲按1", "A: 1")


def test_a_voice_pauses_between_a_question_and_its_first_option() -> None:
    loaded = load_questionnaire(questionnaire(
        choice("open", "x", text="做事时提不起劲 "), choice("closed", "x", text="疼吗？")))
    texts = questionnaire_texts(loaded)
    assert texts["some/open", "zh"].startswith("做事时提不起劲。 选x")
    assert texts["some/closed", "zh"].startswith("疼吗？ 选x")
