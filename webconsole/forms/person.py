"""A user of the console as a form: what was typed, and what is wrong with it. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from multidict import MultiMapping

from followup.errors import InvalidInput
from followup.people.accounts import LOCALES, clean_username
from followup.people.models import Reach, Role, User
from followup.people.staff import DEPARTMENT_MOST, DEPARTMENTS_MOST, NAME_MOST, Person
from webconsole.pages.inputs import text

FAULTS = ("username", "taken", "name", "role", "locale", "departments", "no_departments", "reach",
          "agent", "last")
_GAP = re.compile(r"[,，、;；\n]+")


@dataclass(frozen=True)
class PersonForm:
    """``faults``: one of FAULTS by field."""

    username: str = ""
    name: str = ""
    role: str = Role.AGENT.value
    locale: str = LOCALES[0]
    departments: tuple[str, ...] = ()
    reach: str = ""
    agent: str = ""
    disabled: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, user: User) -> PersonForm:
        """As the user is."""
        return cls(user.username, user.name, user.role.value, user.locale,
                   tuple(user.departments), user.reach.value if user.reach else "",
                   str(user.agent_id or ""), user.disabled)

    @classmethod
    def sent(cls, form: MultiMapping[Any]) -> PersonForm:
        """As a browser sends it: ``departments`` ticked, ``more_departments`` typed."""
        ticked = [text(each, 200) for each in form.getall("departments", [])]
        typed = _GAP.split(text(form.get("more_departments"), 4000))
        names = (" ".join(each.split()) for each in (*ticked, *typed))
        return cls(username=text(form.get("username"), 64), name=text(form.get("name"), 200),
                   role=text(form.get("role"), 20), locale=text(form.get("locale"), 5),
                   departments=tuple(dict.fromkeys(name for name in names if name)),
                   reach=text(form.get("reach"), 10), agent=text(form.get("agent"), 40),
                   disabled=bool(form.get("disabled")))

    def wrong(self, name: str, fault: str) -> PersonForm:
        """The same with a fault at a field."""
        return replace(self, faults={**self.faults, name: fault})

    def checked(self, *, new: bool, agents: Collection[str],
                sees_all: Collection[Role]) -> PersonForm:
        """With every fault that the form alone tells. ``agents``: ids of phones; ``sees_all``: the
        roles that see every department."""
        faults: dict[str, str] = {}
        if new:
            try:
                clean_username(self.username)
            except InvalidInput:
                faults["username"] = "username"
        if not 1 <= len(self.name) <= NAME_MOST or "\n" in self.name:
            faults["name"] = "name"
        if self.role not in list(Role):
            faults["role"] = "role"
        if self.locale not in LOCALES:
            faults["locale"] = "locale"
        if self.reach not in ("", *Reach):
            faults["reach"] = "reach"
        if self.agent and self.agent not in agents:
            faults["agent"] = "agent"
        if len(self.departments) > DEPARTMENTS_MOST or any(
                len(each) > DEPARTMENT_MOST for each in self.departments):
            faults["departments"] = "departments"
        elif not self.departments and "role" not in faults and "reach" not in faults and (
                self.reach == Reach.OWN or (not self.reach and Role(self.role) not in sees_all)):
            faults["departments"] = "no_departments"
        return replace(self, faults=faults)

    def read(self) -> Person:
        """What it says; only of a form without faults."""
        return Person(self.name, Role(self.role), self.locale, self.departments,
                      Reach(self.reach) if self.reach else None,
                      uuid.UUID(self.agent) if self.agent else None, self.disabled)
