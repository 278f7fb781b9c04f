"""A new campaign as a form of several steps; every step carries all that was typed so far."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from multidict import MultiMapping

from followup.campaigns.models import CampaignMode
from followup.campaigns.planning import NAME_MOST, ByDischarge, ByNumber, Selection
from followup.campaigns.rules import CampaignRules
from followup.errors import InvalidInput
from webconsole.forms.rules import RuleForm, fault_of
from webconsole.pages.inputs import text

TEXT_MOST = 200_000          # characters of pasted record numbers
STEPS = ("basics", "patients", "rules", "forecast")
WAYS = ("discharge", "numbers")
# the fields of each step, and how long their text may be
FIELDS = {"basics": {"name": NAME_MOST * 2, "questionnaire": 40, "mode": 20},
          "patients": {"way": 20, "department": 100, "first": 10, "last": 10, "numbers": TEXT_MOST},
          "forecast": {"agents": 4}}
FAULTS = ("name", "taken", "questionnaire", "mode", "way", "days", "numbers", "many", "unknown",
          "nobody", "agents")
NUMBERS_MOST, NUMBER_LENGTH, AGENTS_MOST = 5000, 64, 200
DAYS_BACK = 7
_GAP = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True)
class CampaignForm:
    """What was typed, and what is wrong: one of FAULTS by field."""

    typed: Mapping[str, str]
    rules: RuleForm
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, today: date, questionnaire: str, agents: int) -> CampaignForm:
        """As it looks at first."""
        return cls({"name": "", "questionnaire": questionnaire, "mode": CampaignMode.IVR.value,
                    "way": WAYS[0], "department": "", "numbers": "",
                    "first": f"{today - timedelta(days=DAYS_BACK)}", "last": f"{today}",
                    "agents": str(min(max(1, agents), AGENTS_MOST))}, RuleForm.of(CampaignRules()))

    @classmethod
    def sent(cls, form: MultiMapping[Any]) -> CampaignForm:
        """As a browser sends it."""
        return cls({name: text(form.get(name), limit) for fields in FIELDS.values()
                    for name, limit in fields.items()}, RuleForm.sent(form))

    def hidden(self, step: str) -> list[tuple[str, str]]:
        """Names and values of what other steps than this ask for."""
        pairs = [(name, self.typed[name]) for other, fields in FIELDS.items() if other != step
                 for name in fields]
        return pairs if step == "rules" else pairs + self.rules.pairs()

    def checked(self, step: str) -> CampaignForm:
        """The same with the faults of a step marked, as far as the form alone tells them."""
        if step == "rules":
            try:
                self.rules.read()
            except InvalidInput as error:
                return replace(self, rules=self.rules.faulty(error), faults={
                    name: fault_of(name) for name in error.details["fields"]})
            return self
        return replace(self, faults=dict(getattr(self, f"_faults_of_{step}")()))

    def wrong(self, name: str, fault: str) -> CampaignForm:
        """The same with a fault that was found elsewhere."""
        return replace(self, faults={**self.faults, name: fault})

    @property
    def name(self) -> str:
        """The name, its blanks made one."""
        return " ".join(self.typed["name"].split())

    @property
    def questionnaire(self) -> uuid.UUID:
        """The id of the chosen one; that of nothing where none is chosen."""
        try:
            return uuid.UUID(self.typed["questionnaire"])
        except ValueError:
            return uuid.UUID(int=0)

    @property
    def mode(self) -> CampaignMode:
        """How calls are to be paced; ``checked`` has seen that it is one."""
        return CampaignMode(self.typed["mode"])

    @property
    def agents(self) -> int:
        """How many are on duty, for the forecast; 1 where that is no number."""
        typed = self.typed["agents"]
        number = int(typed) if typed.isdecimal() and len(typed) < 4 else 1
        return min(max(1, number), AGENTS_MOST)

    @property
    def selection(self) -> Selection:
        """Who is meant; ``checked`` has seen that it can be read."""
        if self.typed["way"] == "numbers":
            return ByNumber(self._numbers)
        return ByDischarge(date.fromisoformat(self.typed["first"]),
                           date.fromisoformat(self.typed["last"]), self.typed["department"])

    @property
    def _numbers(self) -> list[str]:
        return [each for each in _GAP.split(self.typed["numbers"]) if each]

    def _faults_of_basics(self) -> dict[str, str]:
        faults = {}
        if not 0 < len(self.name) <= NAME_MOST:
            faults["name"] = "name"
        if not self.questionnaire.int:
            faults["questionnaire"] = "questionnaire"
        if self.typed["mode"] not in set(CampaignMode):
            faults["mode"] = "mode"
        return faults

    def _faults_of_patients(self) -> dict[str, str]:
        if self.typed["way"] not in WAYS:
            return {"way": "way"}
        if self.typed["way"] == "numbers":
            numbers = self._numbers
            cut = len(self.typed["numbers"]) >= TEXT_MOST
            if cut or len(numbers) > NUMBERS_MOST or \
                    any(len(each) > NUMBER_LENGTH for each in numbers):
                return {"numbers": "many"}
            return {} if numbers else {"numbers": "numbers"}
        try:
            first, last = (date.fromisoformat(self.typed[name]) for name in ("first", "last"))
        except ValueError:
            return {"last": "days"}
        return {"last": "days"} if first > last else {}

    def _faults_of_forecast(self) -> dict[str, str]:
        return {} if self.typed["agents"] == str(self.agents) else {"agents": "agents"}
