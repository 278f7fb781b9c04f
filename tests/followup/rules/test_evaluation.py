"""What the sample's rules make of answers, at and around their limits."""

from __future__ import annotations

from typing import Any

import pytest

from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.responses.models import Severity
from followup.rules import RuleHit, evaluate, worst
from tests.followup.questionnaires.build import item, questionnaire, rule

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())


@pytest.mark.parametrize(("link_id", "value", "severity"), [
    ("temperature", {"valueDecimal": 38.5}, Severity.ABNORMAL),
    ("temperature", {"valueDecimal": 38.4}, None),
    ("temperature", {"valueDecimal": 43}, Severity.ABNORMAL),
    ("wound-pain", {"valueInteger": 7}, Severity.ABNORMAL),
    ("wound-pain", {"valueInteger": 6}, None),
    ("breathlessness", {"valueBoolean": True}, Severity.CRITICAL),
    ("breathlessness", {"valueBoolean": False}, None),
    ("feeling", {"valueCoding": {"code": "bad"}}, None),
    ("message", {"valueAttachment": {"url": "x.wav"}}, None),
    ("temperature", {"valueString": "38.5"}, None),
    ("temperature", {}, None),
])
def test_sample_rules(link_id: str, value: dict[str, Any], severity: Severity | None) -> None:
    hit = evaluate(SAMPLE.item(link_id), value)
    assert (hit.severity if hit else None) == severity
    if hit:
        assert hit.link_id == link_id
        assert set(hit.text) == {"zh", "en"}
        assert RuleHit.from_dict(hit.to_dict()) == hit


def test_the_gravest_rule_wins() -> None:
    loaded = load_questionnaire(questionnaire(item("n", "integer", extension=[
        rule("abnormal", ">=", id="high", valueInteger=5),
        rule("critical", ">=", id="very-high", valueInteger=8),
        rule("critical", ">=", id="too-high", valueInteger=9)])))
    hits = [evaluate(loaded.item("n"), {"valueInteger": number}) for number in (4, 5, 8, 9)]
    assert [hit.rule if hit else None for hit in hits] == [None, "high", "very-high", "very-high"]
    assert worst(hit for hit in hits if hit) is Severity.CRITICAL
    assert worst([]) is None
