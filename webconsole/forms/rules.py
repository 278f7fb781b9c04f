"""A campaign's rules as a form: what was typed, its faults by field, and the rules it means.

An empty field is as the house has it; of the waits after an outcome, it ends the calls.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from multidict import MultiMapping

from followup.campaigns.calling_hours import EVERY_DAY
from followup.campaigns.rules import CampaignRules, Retries
from followup.errors import InvalidInput
from webconsole.pages.inputs import text

LADDERS = tuple(Retries.model_fields)
FIELDS = ("start", "end", "weekdays", "on_holidays", "max_attempts", "order", "abandon_budget",
          "hold_s", "skill", "without_agents", "priority", *LADDERS)
FAULTS = ("window", "weekdays", "max_attempts", "order", "abandon_budget", "hold_s",
          "skill", "without_agents", "priority", "ladder")
_LONGEST = 200
_GAP = re.compile(r"[\s,，、;；/]+")


@dataclass(frozen=True)
class RuleForm:
    """Text by field, the days that are ticked, and which fields have a fault."""

    typed: Mapping[str, str]
    weekdays: frozenset[str]
    faults: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def sent(cls, form: MultiMapping[Any]) -> RuleForm:
        """As a browser sends it."""
        return cls({name: text(form.get(name), _LONGEST) for name in FIELDS if name != "weekdays"},
                   frozenset(str(day) for day in form.getall("weekdays", ())))

    @classmethod
    def of(cls, rules: CampaignRules) -> RuleForm:
        """As it looks before anybody has typed."""
        window, budget = rules.window, rules.abandon_budget
        return cls({
            "start": f"{window.start:%H:%M}" if window else "",
            "end": f"{window.end:%H:%M}" if window else "",
            "on_holidays": "on" if rules.on_holidays else "",
            "max_attempts": _plain(rules.max_attempts), "order": rules.numbers.value,
            "abandon_budget": "" if budget is None else f"{100 * budget:g}",
            "hold_s": _plain(rules.hold_s), "skill": rules.skill or "",
            "without_agents": rules.without_agents.value,
            "priority": str(rules.priority),
            **{name: ", ".join(map(str, getattr(rules.retry, name))) for name in LADDERS},
        }, frozenset(map(str, rules.weekdays)))

    def read(self) -> CampaignRules:
        """The rules that are meant; InvalidInput, with ``fields``, where something does not fit."""
        values, wrong = self._values()
        try:
            rules = CampaignRules.read(values)
        except InvalidInput as error:
            wrong |= {_field_of(place) for place in error.details["fields"]}
        if wrong:
            raise InvalidInput(f"expected other values: {', '.join(sorted(wrong))}",
                               field=min(wrong), fields=sorted(wrong))
        return rules

    def faulty(self, error: InvalidInput) -> RuleForm:
        """The same with its faults marked."""
        return RuleForm(self.typed, self.weekdays, frozenset(error.details["fields"]))

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as a browser would send them: for hidden fields."""
        return [*self.typed.items(), *(("weekdays", day) for day in sorted(self.weekdays))]

    def _values(self) -> tuple[dict[str, Any], set[str]]:
        """JSON values of what is not as the house has it, and fields that hold no such value."""
        typed, values, wrong = self.typed, dict[str, Any](), set[str]()
        if typed["start"] or typed["end"]:
            values["window"] = {"start": typed["start"], "end": typed["end"]}
        if self.weekdays != {str(day) for day in EVERY_DAY}:
            values["weekdays"] = [_number(day) for day in sorted(self.weekdays)]
        if typed["on_holidays"]:
            values["on_holidays"] = True
        for name in ("max_attempts", "hold_s", "priority"):
            if typed[name]:
                values[name] = _number(typed[name])
        if typed["abandon_budget"]:
            try:
                values["abandon_budget"] = round(
                    float(typed["abandon_budget"].rstrip("%％ ")) / 100, 6)
            except ValueError:
                wrong.add("abandon_budget")
        values |= {name: value for name, value in (
            ("numbers", typed["order"]), ("without_agents", typed["without_agents"]),
            ("skill", typed["skill"])) if value}
        retry = {name: [_number(each) for each in _GAP.split(typed[name]) if each]
                 for name in LADDERS}
        values["retry"] = {name: waits for name, waits in retry.items()
                           if tuple(waits) != getattr(Retries(), name)}
        usual: dict[str, Any] = {"retry": {}, **CampaignRules().model_dump(
            mode="json", include={"priority", "numbers", "without_agents"})}
        return {name: value for name, value in values.items()
                if name not in usual or value != usual[name]}, wrong


def stamp(rules: Mapping[str, Any]) -> str:
    """Tells rules from other ones: whether somebody else has changed them meanwhile."""
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def fault_of(name: str) -> str:
    """Which of FAULTS the words of a field's fault are."""
    return {"start": "window", "end": "window"}.get(name, "ladder" if name in LADDERS else name)


def _field_of(place: str) -> str:
    """The field of the form that a place in the rules belongs to."""
    parts = place.split(".")
    if parts[0] == "window":
        return parts[1] if len(parts) > 1 else "end"
    if parts[0] == "retry":
        return parts[1] if len(parts) > 1 else LADDERS[0]
    return "order" if parts[0] == "numbers" else parts[0]


def _number(typed: str) -> int | str:
    """An integer where it is one; else the text itself, which no rule takes."""
    try:
        return int(typed) if typed.isdecimal() and len(typed) < 10 else typed
    except ValueError:
        return typed


def _plain(value: int | None) -> str:
    return "" if value is None else str(value)
