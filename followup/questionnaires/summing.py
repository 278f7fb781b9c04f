"""Weights of options, and the items that are but the sum of them: read, and never asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from followup.questionnaires import resource as wire
from followup.questionnaires.definition import Item, Option, Rule, Scalar, Score
from followup.questionnaires.faults import Fault, fault
from followup.questionnaires.scores import weighted
from followup.questionnaires.sums import summed
from followup.questionnaires.values import scalar

CALCULATED = f"extension {wire.CALCULATED}"          # as faults name it
_TYPES = ("integer", "decimal", "quantity")
# what a sum has no use for
_OTHERWISE = ("item", "answerOption", "answerValueSet", "repeats", "initial", "modifierExtension")


@dataclass
class Summing:
    """Finds the sums of one questionnaire; ``raw`` is its resource."""

    raw: Mapping[str, Any]
    language: str
    found: list[Score] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _variables: dict[str, Mapping[str, str]] = field(default_factory=dict)     # of each item

    def enters(self, element: wire.Element, link_id: str, parent: str) -> None:
        """Below this item (the questionnaire: "") its variables are known."""
        self._variables[link_id] = {**self._variables.get(parent, {}), **{
            each.expression.name: each.expression.expression
            for each in element.having(wire.VARIABLE) if each.expression
            and each.expression.name and each.expression.expression}}

    def takes(self, raw: Mapping[str, Any], parent: str) -> wire.ItemElement | None:
        """The item, where it is a sum: then it is kept here, and is none that is asked."""
        link_id = raw.get("linkId")
        try:
            element = wire.ItemElement.model_validate(raw)
        except ValidationError:
            return None                              # told where it is read as any other
        calculated = element.first(wire.CALCULATED)
        told = calculated.expression if calculated else None
        if told is None or not told.expression or told.language not in (None, "text/fhirpath") \
                or not link_id or element.type not in _TYPES \
                or any(raw.get(name) for name in _OTHERWISE):
            return None
        self.enters(element, link_id, parent)
        questions = summed(told.expression, self._variables[link_id], self.raw)
        if questions is None:
            return None
        if element.enable_when:
            self.faults.append(fault(link_id, "enableWhen", "none-on-sum"))
        self.found.append(Score(
            link_id, tuple(sorted(questions)),
            wire.texts(element.text, element.text_, self.language), element.type or "",
            _unit(element), parent))
        return element

    def finds(self, rules: tuple[Rule, ...]) -> None:
        """The rules of the sum that was taken last."""
        self.found[-1] = replace(self.found[-1], rules=rules)

    def over(self, items: Sequence[Item]) -> tuple[Score, ...]:
        """The sums, each over the questions with weights among those it names, in their order."""
        order, whole = weighted(items), []
        for score in self.found:
            named = tuple(link_id for link_id in order if link_id in score.items)
            if named:
                whole.append(replace(score, items=named))
            else:
                self.faults.append(fault(score.link_id, CALCULATED, "no-expression"))
        return tuple(whole)


def weights(element: wire.ItemElement, options: Sequence[Option]) -> dict[Scalar, Decimal]:
    """What each option weighs, by its plain value; of an option, or else of its coding."""
    found: dict[Scalar, Decimal] = {}
    for option in options:
        if option.place >= len(element.answer_option):
            continue
        offered, value = element.answer_option[option.place], scalar(option.value)
        told = [each for of in (offered, offered.coding) if of is not None
                for url in wire.WEIGHTS for each in of.having(url)]
        number = (told[0].decimal if told[0].integer is None else told[0].integer) \
            if told else None
        if number is not None and value is not None:
            found[value] = Decimal(number)
    return found


def _unit(element: wire.ItemElement) -> dict[str, str]:
    named = element.first(wire.UNIT) or element.first(wire.UNIT_OPTION)
    coding = named.coding if named else None
    if coding is None:
        return {}
    parts = {"unit": coding.display or coding.code, "system": coding.system, "code": coding.code}
    return {name: text for name, text in parts.items() if text}
