"""A questionnaire that is not sound is refused with every fault, each at its place."""

from __future__ import annotations

import copy
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.errors import InvalidInput
from followup.questionnaires.definition import ItemType
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from tests.followup.questionnaires.build import (
    BOUND,
    choice,
    coding,
    english,
    item,
    ours,
    questionnaire,
    rule,
)
from tests.followup.questionnaires.strategies import any_questionnaire


def faults(raw: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        load_questionnaire(raw if isinstance(raw, str | bytes) else json.dumps(raw))
    for fault in refused.value.details["faults"]:
        assert fault["expected"], fault
        assert str(fault["field"]) in str(refused.value)
    return [(fault["link_id"], fault["field"]) for fault in refused.value.details["faults"]]


def test_the_sample_has_eight_main_items_and_one_that_only_some_hear() -> None:
    sample = load_questionnaire(POST_DISCHARGE.read_bytes())
    assert [item.link_id for item in sample.items] == [
        "identity", "feeling", "temperature", "wound-pain", "medication", "breathlessness",
        "return-visit", "message"]
    assert [item.link_id for item in sample.order if item.parent] == ["medication-reason"]
    assert sample.languages == ("zh", "en")
    temperature = sample.item("temperature")
    assert (temperature.minimum, temperature.maximum) == (Decimal("34.0"), Decimal("43.0"))
    assert (temperature.unit, temperature.decimals) == ("Cel", 1)
    assert [item.link_id for item in sample.order if item.ask_before_agent] == [
        "wound-pain", "medication", "breathlessness"]


def test_every_type_and_text_is_read() -> None:
    loaded = load_questionnaire(questionnaire(
        item("g", "group", item=[choice("c", "xy"), item("d", "date", extension=[
            {"url": BOUND + "maxValue", "valueDate": "2026-12-31"}])]),
        item("say", "display"), item("voice", "text")))
    assert [each.type for each in loaded.order] == [
        ItemType.GROUP, ItemType.CHOICE, ItemType.DATE, ItemType.DISPLAY, ItemType.TEXT]
    assert loaded.item("c").options[1].text == {"zh": "选y", "en": "pick y"}
    assert [option.keys for option in loaded.item("c").options] == [("1",), ("2",)]
    assert loaded.item("d").maximum == date(2026, 12, 31)
    assert loaded.item("d").parent == "g"


@given(any_questionnaire())
def test_any_valid_questionnaire_is_taken_and_its_json_kept(raw: dict[str, Any]) -> None:
    assert load_questionnaire(json.dumps(raw)).resource == raw


@pytest.mark.parametrize("source", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"1" * 1_000_001,
                                    "[" * 100_000])
def test_what_is_no_questionnaire_at_all_is_refused(source: str | bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_questionnaire(source)
    assert refused.value.field == "file"


def test_faults_of_all_items_come_together_in_order() -> None:
    assert faults({
        "resourceType": "Patient", "status": "active", "title": "t", "version": "1",
        "language": "zh", "url": "urn:test:x", "item": [
            {"linkId": "a", "type": "choice", "text": "问", "required": "yes"},
            {"linkId": "b", "type": "reference", "text": "问"},
            {"linkId": "c", "type": "boolean", "enableWhen": [
                {"question": "b", "operator": "=", "answerBoolean": True},
                {"question": "z", "operator": "~", "answerBoolean": True},
                {"question": "z", "operator": "=", "answerBoolean": True}]},
            "text",
            {"linkId": "b", "type": "boolean", "text": "问"}]}) == [
        ("", "resourceType"),
        ("a", "required"), ("a", "answerOption"),
        ("b", "type"), ("b", "linkId"),
        ("c", "enableBehavior"), ("c", "enableWhen.1.operator"), ("c", "text"),
        ("c", "enableWhen.2.question"),
        ("(item 4)", "item")]


def low_high(kind: str, low: Any, high: Any) -> list[dict[str, Any]]:
    return [{"url": BOUND + "minValue", kind: low}, {"url": BOUND + "maxValue", kind: high}]


def when(question: str, operator: str = "=", **answer: Any) -> dict[str, Any]:
    return {"enableWhen": [{"question": question, "operator": operator, **answer}]}


ONE_FAULT = [
    ("linkId", item(" a", "boolean")),
    ("linkId", item("a\u3000", "boolean")),
    ("linkId", item("a\nb", "boolean")),
    ("linkId", item("a\u202eb", "boolean")),
    ("linkId", item("体" * 256, "boolean")),
    ("text", {**item("a", "boolean"), "_text": {}}),
    ("text", item("a", "boolean", text="{name} {age}")),
    ("text", item("a", "boolean", text="{name")),
    ("answerOption", choice("a", "")),
    ("answerOption", choice("a", "xx")),
    ("answerOption.0", item("a", "choice", answerOption=[
        {"valueDate": "2026-03-05"}, {"valueCoding": coding("y")}])),
    ("answerOption.0", item("a", "choice", answerOption=[
        {"valueTime": "08:00:00"}, {"valueCoding": coding("y")}])),
    ("answerOption.0.valueString", item("a", "choice", answerOption=[
        {"valueString": "x"}, {"valueCoding": coding("y")}])),
    ("answerOption", item("a", "choice", answerOption=[
        {"valueString": "x", "_valueString": english("x")}] * 2)),
    ("answerOption.0.display", item("a", "choice", answerOption=[
        {"valueCoding": {"code": "x", "display": "选"}}])),
    ("answerOption.0.outcome", item("a", "choice", answerOption=[
        {"valueCoding": coding("x"), "extension": [ours("outcome", valueCode="refused")]}])),
    ("answerOption", choice("a", kind="boolean")),
    ("key", item("a", "choice", answerOption=[
        {"valueCoding": coding(code), "extension": [ours("key", valueString="1")]}
        for code in "xy"])),
    ("key", item("a", "choice", answerOption=[
        {"valueCoding": coding("x"), "extension": [ours("key", valueString="*")]}])),
    ("other-key", choice("a", kind="open-choice")),
    ("minValue", item("a", "integer", extension=low_high("valueInteger", 5, 4))),
    ("minValue", item("a", "integer", extension=low_high("valueInteger", -5, 4))),
    ("minValue", item("a", "boolean", extension=low_high("valueInteger", 1, 4)[:1])),
    ("maxValue", item("a", "date", extension=low_high("valueInteger", 1, 4)[1:])),
    ("maxDecimalPlaces", item("a", "integer", extension=[
        {"url": BOUND + "maxDecimalPlaces", "valueInteger": 1}])),
    ("max-seconds", item("a", "text", extension=[ours("max-seconds", valueInteger=0)])),
    ("rule.0.value", item("a", "integer", extension=[rule("critical", ">", valueString="x")])),
    ("rule.0.value", choice("a", extension=[rule("critical", "=", valueString="z")])),
    ("rule.0.operator", choice("a", extension=[rule("critical", ">", valueString="a")])),
    ("rule.0.operator", choice("a", extension=[rule("critical", "like", valueString="a")])),
    ("rule.0.severity", item("a", "integer", extension=[rule("dire", ">", valueInteger=1)])),
    ("rule", item("a", "text", extension=[rule("critical", "=", valueString="x")])),
    ("rule.id", item("a", "integer", extension=[rule("critical", ">", valueInteger=1),
                                                rule("abnormal", ">", valueInteger=0)])),
    ("extension", item("a", "integer", extension=[ours("ask-before-agnet", valueBoolean=True)])),
    ("extension urn:aftercall:ask-before-agent", item("a", "integer", extension=[
        ours("ask-before-agent", valueString="yes")])),
    ("enableWhen.0.question", item("a", "integer", **when("later", answerInteger=1))),
    ("enableWhen.0.question", item("a", "integer", **when("a", answerInteger=1))),
    ("enableWhen.0.value", item("a", "integer", **when("n", answerString="x"))),
    ("enableWhen.0.operator", item("a", "integer", **when("yes", ">", answerBoolean=True))),
    ("enableWhen.0.value", item("a", "integer", **when("pick", answerCoding={"code": "z"}))),
    ("enableWhen.0.operator", item("a", "integer", **when("voice", answerString="x"))),
    ("enableWhen.0", item("a", "integer", **when("n", "exists", answerInteger=1))),
    ("enableWhen.0", item("a", "integer", **when("n", "="))),
    ("readOnly", item("a", "integer", readOnly=True)),
    ("answerValueSet", choice("a", answerValueSet="urn:x")),
    ("required", item("a", "display", required=True)),
    ("item", item("a", "group")),
    ("item", item("a", "display", item=[item("b", "boolean")])),
    ("role", choice("a", required=True, extension=[ours("role", valueCode="identity")])),
    ("language-key", choice("a", extension=[ours("language-key", extension=[
        {"url": "key", "valueString": "8"}, {"url": "language", "valueCode": "fr"}])])),
]


@pytest.mark.parametrize(("where", "wrong"), ONE_FAULT, ids=[str(n) for n in range(len(ONE_FAULT))])
def test_each_fault_names_its_item_and_place_and_is_the_only_one(
        where: str, wrong: dict[str, Any]) -> None:
    assert faults(questionnaire(
        item("n", "integer"), item("yes", "boolean"), choice("pick"), item("voice", "text"),
        wrong, item("later", "integer"))) == [(wrong["linkId"], where)]


def test_the_department_is_not_told_before_the_identity_is_known() -> None:
    wrong = choice("who", required=True, text="是{department}的病人吗", extension=[
        ours("role", valueCode="identity")])
    assert faults(questionnaire(wrong)) == [("who", "phone-prompt")]


@pytest.mark.parametrize("name", ["url", "version", "title", "language", "status", "item"])
def test_the_head_must_be_whole(name: str) -> None:
    raw = questionnaire(item("a", "boolean"))
    del raw[name]
    assert ("", name) in faults(raw)


@given(st.data())
def test_damage_anywhere_is_either_harmless_or_refused_by_name(data: st.DataObject) -> None:
    raw = copy.deepcopy(json.loads(POST_DISCHARGE.read_bytes()))
    node: Any = raw
    while True:       # walk to any place, and put anything there
        inner = [key for key in (node if isinstance(node, dict) else range(len(node)))
                 if isinstance(node[key], dict | list) and node[key]]
        if not inner or data.draw(st.booleans()):
            break
        node = node[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else
                                    list(range(len(node)))))
    node[key] = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=5)
                          | st.just([]) | st.just({}) | st.just([{}]) | st.just([1]))
    try:
        load_questionnaire(raw)
    except InvalidInput as refused:
        assert refused.details["faults"]


def test_options_may_be_plain_texts() -> None:
    def option(zh: str, en: str, **more: Any) -> dict[str, Any]:
        return {"valueString": zh, "_valueString": english(en), **more}

    loaded = load_questionnaire(questionnaire(
        item("how", "choice", answerOption=[option("好", "well"), option("不好", "unwell")],
             initial=[{"valueString": "好"}],
             extension=[rule("abnormal", "=", valueString="不好")]),
        item("more", "boolean", **when("how", answerString="不好"))))
    how = loaded.item("how")
    assert how.options[1].value == {"valueString": "不好"}
    assert how.options[1].text == {"zh": "不好", "en": "unwell"}
    assert how.initial == ({"valueString": "好"},)
    assert faults(questionnaire(
        item("how", "choice", answerOption=[option("好", "well")]),
        item("more", "boolean", **when("how", answerString="还行")))) == [
        ("more", "enableWhen.0.value")]


def test_a_whole_number_may_be_bounded_by_a_whole_decimal() -> None:
    def bounded(high: float) -> dict[str, Any]:
        return questionnaire(item("n", "integer", extension=low_high("valueDecimal", 0.0, high)))

    assert load_questionnaire(bounded(10.0)).item("n").maximum == 10
    assert faults(bounded(10.5)) == [("n", "maxValue")]


def spoken(name: str, language: str, *words: str) -> dict[str, Any]:
    return {"url": f"urn:aftercall:{name}", "extension": [
        {"url": "language", "valueCode": language},
        *({"url": "words", "valueString": word} for word in words)]}


def test_other_words_for_an_answer_are_read_by_language() -> None:
    raw = choice("feeling", "ab")
    raw["answerOption"][0]["extension"] = [spoken("spoken", "zh-CN", "好", "不错"),
                                           spoken("spoken", "en", "fine")]
    yes_no = item("breath", "boolean", extension=[spoken("spoken-no", "zh", "不喘")])
    read = load_questionnaire(questionnaire(raw, yes_no))
    assert read.item("feeling").options[0].spoken == {"zh": ("好", "不错"), "en": ("fine",)}
    assert [dict(each.spoken) for each in read.item("breath").options] == [{}, {"zh": ("不喘",)}]


@pytest.mark.parametrize(("extension", "field"), [
    ({"url": "urn:aftercall:spoken-yes",
      "valueString": "有"}, "extension urn:aftercall:spoken-yes"),
    ({"url": "urn:aftercall:confirm", "valueCode": "sometimes"}, "confirm")])
def test_words_and_confirmation_that_make_no_sense_are_named(extension: dict[str, Any],
                                                            field: str) -> None:
    assert faults(questionnaire(item("q", "boolean", extension=[extension]))) == [("q", field)]


def test_a_finding_may_not_rest_on_one_misheard_word() -> None:
    raw = item("q", "boolean", extension=[rule("critical", "=", valueBoolean=True),
                                          ours("confirm", valueCode="never")])
    assert faults(questionnaire(raw)) == [("q", "confirm")]
    raw["extension"][1] = ours("confirm", valueCode="always")
    assert load_questionnaire(questionnaire(raw)).item("q").confirm == "always"
