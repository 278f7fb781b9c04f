"""Pure evaluation of an item's rules on one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from followup.questionnaires.definition import Item
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
    if not fired:
        return None
    rule = max(fired, key=lambda each: _ORDER.index(each.severity))
    return RuleHit(rule.id, item.link_id, rule.severity, rule.text)


def worst(hits: Iterable[RuleHit]) -> Severity | None:
    """The gravest severity among ``hits``."""
    return max((hit.severity for hit in hits), key=_ORDER.index, default=None)
