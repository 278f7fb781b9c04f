"""The words of a stored questionnaire in the reader's language: questions and given answers.

Reads the FHIR resource itself and takes whatever is there: what a patient said must be shown even
when the questionnaire it answers would be refused today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.resource import UNIT, UNIT_OPTION, WEIGHTS
from followup.questionnaires.scores import scored
from followup.questionnaires.valuesets import contained_options, with_options
from followup.responses.models import Answer
from followup.responses.store import known

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
UNITS = (UNIT, UNIT_OPTION)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer's value as people read it; ``kind`` bool, none and message want words of the UI."""

    kind: str                 # bool, number, text, message, none
    text: str


@dataclass(frozen=True, slots=True)
class Total:
    """A score as people read it: ``name`` "" is the whole questionnaire's; ``missing`` answers."""

    name: str
    value: str
    missing: int


class Wording:
    """Looks words up in one FHIR Questionnaire, by linkId."""

    def __init__(self, resource: Json, locale: str) -> None:
        """``locale``: zh or en; items without a translation show their own text."""
        self._resource, self._locale = resource, locale
        sets = contained_options(resource)
        self._items = {str(item.get("linkId", "")): with_options(item, sets)
                       for item in _walk(resource)}

    @property
    def title(self) -> str:
        """The questionnaire's title."""
        return self._translated(self._resource, "title")

    def asks(self, link_id: str) -> bool:
        """Whether the questionnaire has this item."""
        return link_id in self._items

    def question(self, link_id: str | None) -> str:
        """The question's text; an unknown linkId stands for itself."""
        item = self._items.get(link_id or "")
        return self._translated(item, "text") if item else (link_id or "")

    def answer(self, link_id: str, value: Json) -> Shown:
        """A FHIR value[x] such as ``{"valueDecimal": 38.5}``."""
        item = self._items.get(link_id, {})
        for key, given in value.items():
            if key == "valueBoolean":
                return Shown("bool", "yes" if given else "no")
            if key in ("valueDecimal", "valueInteger"):
                number = f"{Decimal(str(given)):f}".removesuffix(".0") \
                    if isinstance(given, float) else str(given)
                return Shown("number", f"{number} {_unit(item)}".strip())
            if key == "valueCoding" and isinstance(given, Mapping):
                return Shown("text", self._option(item, given))
            if key == "valueAttachment":
                return Shown("message", "")
            if key == "valueString":
                return Shown("text", self._chosen(item, str(given)))
            if key == "valueQuantity" and isinstance(given, Mapping):
                return Shown("number", f"{given.get('value', '')} {given.get('unit', '')}".strip())
            if key.startswith("value"):
                return Shown("text", str(given))
        return Shown("none", "")

    def scores(self, answers: Iterable[Answer]) -> list[Total]:
        """What a response's answers add up to, where options have weights."""
        if self._weighed is None:
            return []
        return [Total(self.question(each.score.link_id), f"{each.value.normalize():f}",
                      len(each.missing)) for each in scored(self._weighed, known(answers)[0])]

    @cached_property
    def _weighed(self) -> Questionnaire | None:
        """The questionnaire itself, where its options have weights."""
        if not any(_is_weighed(item) for item in self._items.values()):
            return None
        try:
            return load_questionnaire(self._resource, stored=True)
        except UnsoundQuestionnaire:
            return None

    def _chosen(self, item: Json, text: str) -> str:
        for option in item.get("answerOption", ()):
            if option.get("valueString") == text:
                return self._translated(option, "valueString")
        return text

    def _option(self, item: Json, coding: Json) -> str:
        for option in item.get("answerOption", ()):
            offered = option.get("valueCoding", {})
            if offered.get("code") == coding.get("code"):
                return self._translated(offered, "display") or str(coding.get("code", ""))
        return str(coding.get("display") or coding.get("code") or "")

    def _translated(self, element: Json, field: str) -> str:
        for extension in element.get(f"_{field}", {}).get("extension", ()):
            if extension.get("url") != TRANSLATION:
                continue
            parts = {part.get("url"): part for part in extension.get("extension", ())}
            language = str(parts.get("lang", {}).get("valueCode", ""))
            content = parts.get("content", {})
            if language.split("-")[0] == self._locale:
                return str(content.get("valueString") or content.get("valueMarkdown") or "")
        return str(element.get(field, ""))


def _is_weighed(item: Json) -> bool:
    return any(extension.get("url") in WEIGHTS for option in item.get("answerOption", ())
               for of in (option, option.get("valueCoding", {}))
               for extension in of.get("extension", ()))


def _unit(item: Json) -> str:
    for extension in item.get("extension", ()):
        if extension.get("url") in UNITS:
            coding = extension.get("valueCoding", {})
            return str(coding.get("display") or coding.get("code") or "")
    return ""


def _walk(element: Json) -> Iterator[Json]:
    for item in element.get("item", ()):
        yield item
        yield from _walk(item)
