"""What patients answered, as the console's readers see it, each in their language."""

from __future__ import annotations

from typing import Any

import pytest

from followup.views.wording import Wording
from tests.followup.questionnaires.build import choice, english, item, questionnaire

OPTIONS = [{"valueString": "不好", "_valueString": english("unwell")}]
SET = {"resourceType": "ValueSet", "id": "s", "status": "active", "compose": {"include": [
    {"system": "urn:x", "concept": [{"code": "LA1", "display": "好几天", "designation": [
        {"language": "en", "value": "several days"}]}]}]}}
RAW = questionnaire(choice("c", "xy"), item("t", "choice", answerOption=OPTIONS),
                    item("s", "choice", answerValueSet="#s"), item("n", "decimal"),
                    contained=[SET])


@pytest.mark.parametrize(("link_id", "value", "zh", "en"), [
    ("c", {"valueCoding": {"code": "x", "display": "选x"}}, "选x", "pick x"),
    ("t", {"valueString": "不好"}, "不好", "unwell"),
    ("t", {"valueString": "说不清"}, "说不清", "说不清"),
    ("s", {"valueCoding": {"code": "LA1", "display": "好几天"}}, "好几天", "several days"),
    ("n", {"valueDecimal": 38.05}, "38.05", "38.05"),
    ("n", {"valueDecimal": 12000.25}, "12000.25", "12000.25"),
    ("n", {"valueDecimal": 38.0}, "38", "38")])
def test_an_answer_is_shown_in_the_readers_language_and_whole(
        link_id: str, value: dict[str, Any], zh: str, en: str) -> None:
    assert Wording(RAW, "zh").answer(link_id, value).text == zh
    assert Wording(RAW, "en").answer(link_id, value).text == en
