"""Every fault of a questionnaire has words in Chinese and English, and is told in them."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from followup import questionnaires
from followup.questionnaires.faults import LOCALES, UnsoundQuestionnaire, vocabulary
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.link_ids import is_sound
from followup.questionnaires.shape import CODES, OTHER, shape_fault
from tests.followup.questionnaires.build import choice, item, questionnaire
from tests.followup.questionnaires.test_fhir import ONE_FAULT

HOUSE = Path(questionnaires.__file__).parent
HAN = re.compile("[\u4e00-\u9fff]")
BY_SHAPE = "one-value", "text-at-most", *CODES, OTHER


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def noted() -> Iterator[tuple[str, str, set[str]]]:
    """Each place that notes a fault: where it is, the code, the parameters it gives."""
    for file in sorted(HOUSE.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else \
                node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name == "fault" and isinstance(node.args[2], ast.Constant):
                yield (f"{file.name}:{node.lineno}", node.args[2].value,
                       {given.arg for given in node.keywords if given.arg})


def test_each_place_that_notes_a_fault_gives_what_its_words_name() -> None:
    found = list(noted())
    assert len(found) > 80
    for locale in LOCALES:
        words = vocabulary(locale)["expected"]
        assert [(place, code) for place, code, given in found if code not in words
                or fields(words[code]) != given] == []


def test_no_code_is_without_a_fault() -> None:
    assert {code for _, code, _ in noted()} | set(BY_SHAPE) == set(vocabulary("zh")["expected"])


def test_both_languages_say_the_same_each_in_its_own_letters() -> None:
    zh, en = vocabulary("zh"), vocabulary("en")
    assert {table: set(words) for table, words in zh.items()} == {
        table: set(words) for table, words in en.items()}
    for table, words in en.items():
        for key, english in words.items():
            assert fields(english) == fields(zh[table][key]), key
            assert not HAN.search(english), key
            assert HAN.search(zh[table][key]) or key in ("truth", "values"), key


@pytest.mark.parametrize("kind", [kind for kinds in CODES.values() for kind in kinds] + ["odd"])
def test_every_error_of_shape_has_words(kind: str) -> None:
    fault = shape_fault("a", ("text",), {
        "type": kind, "msg": "Value error, strange", "input": 5, "ctx": {"max_length": 9}})
    assert HAN.search(fault.expected("zh"))
    assert not HAN.search(fault.expected("en"))


@pytest.mark.parametrize("wrong", [wrong for _, wrong in ONE_FAULT],
                         ids=[str(n) for n in range(len(ONE_FAULT))])
def test_a_refusal_reads_well_in_both_languages(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(questionnaire(item("n", "integer"), item("yes", "boolean"),
                                         choice("pick"), item("voice", "text"), wrong))
    for locale in LOCALES:
        for fault in refused.value.faults:
            name = wrong["linkId"] if is_sound(wrong["linkId"]) else ascii(wrong["linkId"])[:200]
            assert fault.told(locale).startswith(name)
            assert f": {fault.field}" in fault.told(locale)
            assert json.dumps(fault.to_dict(locale))
        assert len(refused.value.told(locale).splitlines()) == 1 + len(refused.value.faults)


def test_what_is_told_names_item_place_expectation_and_find() -> None:
    with pytest.raises(UnsoundQuestionnaire) as refused:
        load_questionnaire(questionnaire(item("a", "integer", extension=[
            {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 5},
            {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 4}])))
    assert refused.value.told("zh").splitlines() == [
        "问卷不能使用：", "  a: minValue：应为不大于 maxValue，即 4，实际是 '5'"]
    assert refused.value.told("en").splitlines() == [
        "the questionnaire is not sound:", "  a: minValue: expected at most maxValue, 4, found '5'"]
    assert refused.value.details["faults"][0]["params"] == {"maximum": "4"}
