"""Pure evaluation of rules: an item's on one answer, a score's on what answers add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from followup.questionnaires.definition import Item, Questionnaire, Rule
from followup.questionnaires.enablement import Answers, enabled_items
from followup.questionnaires.scores import scored
from followup.questionnaires.values import compare, each, scalar
from followup.responses.models import Severity

_ORDER = (Severity.ABNORMAL, Severity.CRITICAL)


@dataclass(frozen=True)
class RuleHit:
    """A rule that fired. ``text`` is what staff read, by language: ``{"zh": …, "en": …}``."""

    rule: str
    link_id: str
    severity: Severity
    text: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; also the shape of an alert's reason."""
        return {"rule": self.rule, "link_id": self.link_id, "severity": self.severity.value,
                "text": dict(self.text)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleHit:
        """The reverse of ``to_dict``."""
        return cls(data["rule"], data["link_id"], Severity(data["severity"]), dict(data["text"]))


def evaluate(item: Item, value: Mapping[str, Any]) -> RuleHit | None:
    """The gravest rule of ``item`` that fires on a FHIR value[x]; of equals, the first.

    Where the item repeats, one of several values is enough.
    """
    given = [plain for one in each(value) if (plain := scalar(one)) is not None]
    fired = [rule for rule in item.rules
             if any(compare(plain, rule.operator, rule.value) for plain in given)]
    return _gravest(fired, item.link_id)


def evaluate_scores(questionnaire: Questionnaire, answers: Answers) -> dict[str, RuleHit]:
    """The gravest rule of each score that fires, by its linkId; only what is complete is judged.

    The hit is of the last question that the score is over.
    """
    if not any(score.rules for score in questionnaire.sums):
        return {}
    found = {}
    for total in scored(questionnaire, answers):
        fired = [rule for rule in total.score.rules
                 if total.complete and compare(total.value, rule.operator, rule.value)]
        last = [link_id for link_id in total.score.items if link_id in answers][-1]
        if (hit := _gravest(fired, last)) is not None:
            found[total.score.link_id] = hit
    return found


def findings(questionnaire: Questionnaire, answers: Answers) -> tuple[RuleHit, ...]:
    """What the rules find in answers to enabled questions, and in scores."""
    hits = [evaluate(item, one) for item in enabled_items(questionnaire, answers)
            if item.link_id in answers for one in each(answers[item.link_id])]
    return (*(hit for hit in hits if hit), *evaluate_scores(questionnaire, answers).values())


def told_with(item: Item, questionnaire: Questionnaire, answers: Answers,
              before: Collection[RuleHit]) -> list[RuleHit]:
    """What an answer to ``item`` makes scores tell: of those that are over it, and whatever was
    not among the findings ``before``. ``answers`` has it already."""
    over = {score.link_id for score in questionnaire.sums if item.link_id in score.items}
    return [hit for link_id, hit in evaluate_scores(questionnaire, answers).items()
            if link_id in over or hit not in before]


def joined(hits: Sequence[RuleHit]) -> RuleHit | None:
    """Several findings at one answer as one: the gravest of them, with the texts of all."""
    if not hits:
        return None
    first = max(hits, key=lambda hit: _ORDER.index(hit.severity))
    order = [first, *(hit for hit in hits if hit is not first)]
    return replace(first, text={language: ("; " if language == "en" else "；").join(
        text for hit in order if (text := hit.text.get(language))) for language in first.text})


def _gravest(fired: Sequence[Rule], link_id: str) -> RuleHit | None:
    if not fired:
        return None
    rule = max(fired, key=lambda each: _ORDER.index(each.severity))
    return RuleHit(rule.id, link_id, rule.severity, rule.text)


def worst(hits: Iterable[RuleHit]) -> Severity | None:
    """The gravest severity among ``hits``."""
    return max((hit.severity for hit in hits), key=_ORDER.index, default=None)
