"""A patient's particulars as a form: what was typed, and what is wrong with it. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from followup.patients.models import Patient, Whose
from followup.patients.particulars import Further, Particulars
from followup.patients.phones import InvalidPhone, parse_phone
from webconsole.pages.inputs import text

MOST = 6                         # further numbers
SPARE = 2                        # empty lines that the page offers
RELATION_MOST, WHY_MOST = 20, 200
FAULTS = ("language", "twice", "relation", "why", "death")


@dataclass(frozen=True, slots=True)
class Line:
    """One further number, as typed; an empty one is taken away."""

    id: str = ""
    number: str = ""
    whose: str = Whose.RELATIVE.value
    relation: str = ""


@dataclass(frozen=True)
class ParticularsForm:
    """``faults``: one of FAULTS, or a sentence in the reader's language, by field."""

    language: str
    may_call: bool
    lines: Sequence[Line] = ()
    why: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, patient: Patient) -> ParticularsForm:
        """As it is."""
        return cls(patient.language, not patient.do_not_call, [
            Line(str(each.id), each.number, each.whose.value, each.relation)
            for each in patient.contacts])

    @classmethod
    def sent(cls, form: Mapping[str, Any]) -> ParticularsForm:
        """As a browser sends it."""
        lines = [Line(text(form.get(f"id{n}"), 40), text(form.get(f"number{n}"), 40),
                      text(form.get(f"whose{n}"), 20), text(form.get(f"relation{n}"), 100))
                 for n in range(MOST + SPARE) if f"number{n}" in form]
        return cls(text(form.get("language"), 10), form.get("may_call") != "no",
                   [line for line in lines if line.number or line.relation or line.id],
                   text(form.get("why"), WHY_MOST + 1))

    def checked(self, patient: Patient, *, languages: Collection[str], region: str,
                locale: str) -> ParticularsForm:
        """The same with all that is wrong at its field."""
        faults: dict[str, str] = {}
        if self.language not in languages and self.language != patient.language:
            faults["language"] = "language"
        known = {patient.phone}
        for place, line in enumerate(self.lines):
            if not line.number:
                continue
            try:
                number = parse_phone(line.number, region)
            except InvalidPhone as error:
                faults[f"number{place}"] = error.zh if locale == "zh" else error.message
                continue
            if number in known:
                faults[f"number{place}"] = "twice"
            if len(line.relation) > RELATION_MOST:
                faults[f"relation{place}"] = "relation"
            known.add(number)
        if self.may_call and patient.death is not None:
            faults["may_call"] = "death"
        changes = self.may_call == patient.do_not_call
        if len(self.why) > WHY_MOST or (changes and not self.why):
            faults["why"] = "why"
        return replace(self, faults=faults)

    def read(self, patient: Patient, region: str) -> Particulars:
        """What it means; for a form without faults."""
        ids = {str(each.id): each.id for each in patient.contacts}
        return Particulars(self.language, self.may_call, [
            Further(parse_phone(line.number, region), _whose(line.whose), line.relation,
                    _known(ids, line.id)) for line in self.lines if line.number], self.why)


def _whose(told: str) -> Whose:
    return Whose.OWN if told == Whose.OWN else Whose.RELATIVE


def _known(ids: Mapping[str, uuid.UUID], told: str) -> uuid.UUID | None:
    return ids.get(told)
