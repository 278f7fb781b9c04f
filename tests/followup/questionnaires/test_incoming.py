"""What FHIR allows and a call could not keep to is refused by name, not passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aftercall.cli import app
from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.questionnaires.fhir import load_questionnaire
from tests.followup.questionnaires.build import (
    choice,
    coding,
    english,
    item,
    ours,
    questionnaire,
    standard,
)

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"


def faults(*items: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(json.dumps(questionnaire(*items, **more)))
    return [(each.link_id, each.field, each.code) for each in refused.value.faults]


@pytest.mark.parametrize("name", ["minValue", "maxValue"])
@pytest.mark.parametrize("value", [{"valueDateTime": "2026-01-01T00:00:00Z"},
                                   {"valueQuantity": {"value": 40}}])
def test_a_bound_that_we_cannot_hold_an_answer_against_is_refused(
        name: str, value: dict[str, Any]) -> None:
    assert faults(item("a", "decimal", extension=[standard(name, **value)])) == [
        ("a", name, "value-in")]


def test_a_unit_that_is_no_coding_is_refused() -> None:
    unit = standard("questionnaire-unit", valueString="kg")
    assert faults(item("a", "decimal", extension=[unit])) == [
        ("a", "questionnaire-unit", "value-in")]


@pytest.mark.parametrize("name", ["enableWhenExpression", "calculatedExpression"])
def test_an_expression_that_would_decide_what_is_asked_is_refused(name: str) -> None:
    extension = {"url": SDC + name,
                 "valueExpression": {"language": "text/fhirpath", "expression": "false"}}
    assert faults(item("a", "boolean", extension=[extension])) == [
        ("a", f"extension {SDC}{name}", "no-expression")]


def test_what_modifies_a_meaning_is_refused_at_any_depth() -> None:
    modifier = [{"url": "urn:x", "valueBoolean": True}]
    wrong = choice("c", "xy", enableWhen=[{"question": "a", "operator": "=",
                                           "answerBoolean": True, "modifierExtension": modifier}])
    wrong["answerOption"][1]["modifierExtension"] = modifier
    assert faults(item("a", "boolean"), item("g", "group", item=[wrong])) == [
        ("c", "answerOption.1.modifierExtension", "unsupported"),
        ("c", "enableWhen.0.modifierExtension", "unsupported")]


def test_a_condition_names_the_code_of_the_system_that_the_options_have() -> None:
    pick = item("pick", "choice", answerOption=[{"valueCoding": {"system": "urn:loinc",
                                                                 **coding("a")}}])

    def asked(**answer: Any) -> dict[str, Any]:
        return item("b", "boolean", enableWhen=[
            {"question": "pick", "operator": "=", "answerCoding": answer}])

    assert faults(pick, asked(system="urn:snomed", code="a")) == [
        ("b", "enableWhen.0.answerCoding.system", "one-of")]
    for right in ({"system": "urn:loinc", "code": "a"}, {"code": "a"}):
        load_questionnaire(questionnaire(pick, asked(**right)))


@pytest.mark.parametrize(("wrong", "field"), [
    ({"text": "<speak>疼吗<break time='9s'/></speak>"}, "text"),
    ({"text": "疼&nbsp;吗"}, "text"),
    ({"_text": english("<b>Pain?</b>")}, "_text.extension.0.extension.1.valueString"),
    ({"extension": [ours("phone-prompt", valueString="疼吗<br/>",
                         _valueString=english("Pain?"))]}, "extension.0.valueString")])
def test_tags_and_entities_are_not_read_out_to_patients(wrong: dict[str, Any],
                                                        field: str) -> None:
    assert faults({**item("a", "boolean"), **wrong}) == [("a", field, "plain-text")]


def test_less_than_and_ampersands_are_plain_text() -> None:
    load_questionnaire(questionnaire(item("a", "boolean", text="体温 < 38 & 心率 > 100 吗？")))


@pytest.mark.parametrize(("sign", "mark"), [("\0", "\ufffd"), ("\x1b[2J", "\ufffd[2J"),
                                            ("\ud800", "\ufffd")])
def test_control_characters_and_broken_ones_are_refused_wherever_they_stand(
        sign: str, mark: str) -> None:
    text = f"疼{sign}吗"
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(json.dumps(questionnaire(
            item("a", "boolean", text=text),
            {**item("b", "boolean"), "linkId": f"b{sign}"}, description=text)))
    assert [(each.link_id, each.field, each.found) for each in refused.value.faults
            if each.code == "printable"] == [
        ("", "description", f"疼{mark}吗"), ("a", "text", f"疼{mark}吗"),
        (f"b{mark}", "linkId", f"b{mark}")]
    assert not {"\0", "\x1b", "\ud800"} & set(refused.value.told("zh"))


def test_faults_of_a_file_with_broken_characters_are_told_as_json(tmp_path: Path) -> None:
    file = tmp_path / "q.json"
    file.write_text(json.dumps(questionnaire(
        {**item("a", "boolean", text="\ud800\0"), "linkId": "a\ud800"})))
    said = CliRunner().invoke(app, ["questionnaire", "check", str(file), "--json"])
    assert said.exit_code == 1
    told = json.loads(said.stdout)["faults"]
    assert {(each["link_id"], each["field"]) for each in told} == {
        ("a\ufffd", "linkId"), ("a\ufffd", "text")}


def test_a_long_text_is_told_by_its_beginning() -> None:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(questionnaire(item("a", "boolean", text="好" * 2001)))
    assert refused.value.faults[0].code == "text-at-most"
    assert len(refused.value.told("zh")) < 300


@pytest.mark.parametrize(("text", "code"), [("{department}回访", "no-department"),
                                            ("{name", "braces")])
def test_nothing_before_the_identity_is_known_tells_of_the_stay(text: str, code: str) -> None:
    who = choice("who", required=True, extension=[ours("role", valueCode="identity")])
    assert faults(item("hello", "display", text=text), who) == [
        ("hello", "phone-prompt" if code == "no-department" else "text", code)]
    assert ("who", code) in [(link_id, found) for link_id, _, found in faults(
        {**who, "text": text})]


def test_a_version_that_was_published_before_is_read_as_it_is() -> None:
    who = choice("who", required=True, extension=[ours("role", valueCode="identity")])
    raw = questionnaire(item("hello", "display", text="{department}<b>回访</b>"), who)
    stored = load_questionnaire(raw, stored=True)
    assert stored.item("hello").text["zh"] == "{department}<b>回访</b>"
    with pytest.raises(UnsoundQuestionnaire):
        load_questionnaire(raw)


def test_a_heading_that_strangers_do_not_hear_may_name_the_department() -> None:
    who = choice("who", required=True, extension=[ours("role", valueCode="identity")])
    load_questionnaire(questionnaire(item("g", "group", text="{department}随访", item=[who])))
