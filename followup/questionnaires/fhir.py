"""Reads a FHIR R4 Questionnaire; one that is not sound is refused with every fault it has.

Our extensions are described in docs/questionnaires.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from followup.errors import InvalidInput
from followup.questionnaires import resource as wire
from followup.questionnaires.checks import Fault, check
from followup.questionnaires.definition import (
    Condition,
    Confirm,
    Item,
    ItemType,
    Operator,
    Option,
    Questionnaire,
    Rule,
    Scalar,
)
from followup.responses.models import Severity

Model = TypeVar("Model", bound=BaseModel)
MAX_BYTES = 1_000_000
MAX_DEPTH = 8
ITEM_EXTENSIONS = ("phone-prompt", "role", "language-key", "other-key", "max-seconds",
                   "ask-before-agent", "rule", "confirm", "spoken-yes", "spoken-no")
YES_NO = (("valueBoolean", True, {"zh": "是", "en": "yes", "yue": "係"}, "1", "yes"),
          ("valueBoolean", False, {"zh": "否", "en": "no", "yue": "唔係"}, "2", "no"))


def load_questionnaire(source: str | bytes | Mapping[str, Any]) -> Questionnaire:
    """A questionnaire from FHIR JSON.

    Raises InvalidInput whose ``details["faults"]`` is a list of
    ``{"link_id", "field", "expected", "found"}``, one for every fault, in document order.
    """
    raw = source if isinstance(source, Mapping) else _parse(source)
    reader = _Reader()
    questionnaire = reader.questionnaire(raw)
    faults = [*reader.faults, *check(questionnaire, reader.broken)]
    if faults:
        ids = [item.link_id for item in questionnaire.order]
        faults.sort(key=lambda fault: ids.index(fault.link_id) if fault.link_id in ids else -1)
        raise InvalidInput(
            "the questionnaire is not sound:\n" + "\n".join(f"  {fault}" for fault in faults),
            field=faults[0].field, expected=faults[0].expected,
            faults=[fault.to_dict() for fault in faults])
    return questionnaire


def _parse(source: str | bytes) -> Mapping[str, Any]:
    expected = "a FHIR R4 Questionnaire in JSON"
    if len(source) > MAX_BYTES:
        raise InvalidInput(f"the questionnaire is larger than {MAX_BYTES} bytes", field="file",
                           expected=expected, faults=[])
    try:
        raw = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not valid JSON: {error}", field="file", expected=expected,
                           faults=[]) from error
    if not isinstance(raw, dict):
        raise InvalidInput("not a JSON object", field="file", expected=expected, faults=[])
    return raw


@dataclass
class _Reader:
    """Collects faults while it reads; ``broken`` holds linkIds whose type is unknown."""

    faults: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    language: str = ""
    count: int = 0

    def fault(self, link_id: str, where: str, expected: str, found: Any = None) -> None:
        self.faults.append(Fault(link_id, where, expected, found))

    def shape(self, model: type[Model], raw: Mapping[str, Any], link_id: str) -> Model:
        """``raw`` as ``model``; an element that does not fit is reported and left out."""
        left = dict(raw)
        while True:
            try:
                return model.model_validate(left)
            except ValidationError as error:
                for each in error.errors(include_url=False):
                    found = each["input"]
                    expected = each["msg"].removeprefix("Value error, ")
                    self.fault(link_id, ".".join(map(str, each["loc"])),
                               expected.removeprefix("Input should be "),
                               found if isinstance(found, str | int | float | bool) else None)
                    left.pop(str(each["loc"][0]), None)

    def questionnaire(self, raw: Mapping[str, Any]) -> Questionnaire:
        head = self.shape(wire.QuestionnaireElement, raw, "")
        for name, value in (("url", head.url), ("version", head.version), ("title", head.title),
                            ("language", head.language)):
            if not value and name not in {fault.field for fault in self.faults}:
                self.fault("", name, "a text that is not empty")
        if head.resource_type != "Questionnaire":
            self.fault("", "resourceType", "Questionnaire", head.resource_type)
        self.unsupported("", raw)
        self.known(head, "", ("language",))
        self.language = wire.base_language(head.language or "zh")
        also = [wire.base_language(code) for code in wire.strings(head, wire.OURS + "language")]
        return Questionnaire(
            url=head.url or "", version=head.version or "", title=head.title or "",
            status=head.status or "", languages=tuple(dict.fromkeys([self.language, *also])),
            items=self.items(head.item, None, 1), resource=dict(raw))

    def items(self, raws: Sequence[Any], parent: str | None, depth: int) -> tuple[Item, ...]:
        if raws and depth > MAX_DEPTH:
            self.fault(parent or "", "item", f"at most {MAX_DEPTH} levels")
            return ()
        return tuple(self.item(raw, parent, depth) for raw in raws)

    def item(self, raw: Any, parent: str | None, depth: int) -> Item:
        self.count += 1
        nameless = f"(item {self.count})"
        if not isinstance(raw, dict):
            self.fault(nameless, "item", "a JSON object", str(raw)[:40])
            self.broken.add(nameless)
            return Item(nameless, ItemType.GROUP, parent=parent)
        named = raw.get("linkId")
        link_id = named if isinstance(named, str) and named else nameless
        element = self.shape(wire.ItemElement, raw, link_id)
        if link_id is nameless:
            self.fault(link_id, "linkId", "a text that is not empty", named)
        try:
            kind = ItemType(element.type or "")
        except ValueError:
            self.fault(link_id, "type", "one of " + ", ".join(ItemType), element.type)
            self.broken.add(link_id)
            kind = ItemType.GROUP
        self.unsupported(link_id, raw)
        self.known(element, link_id, ITEM_EXTENSIONS)
        if kind.has_options and kind is not ItemType.BOOLEAN:
            options = self.options(element, link_id)
        elif element.answer_option and link_id not in self.broken:
            self.fault(link_id, "answerOption", "none: only choice and open-choice have options")
            options = ()
        else:
            options = tuple(Option({name: value}, words, (key,),
                                   spoken=self.spoken(element, link_id, f"spoken-{said}"))
                            for name, value, words, key, said in YES_NO) \
                if kind is ItemType.BOOLEAN else ()
        if len(element.enable_when) > 1 and element.enable_behavior not in ("all", "any"):
            self.fault(link_id, "enableBehavior", "all or any, as there are several enableWhen",
                       element.enable_behavior)
        prompt = element.first(wire.OURS + "phone-prompt")
        seconds = self.value(element, link_id, wire.OURS + "max-seconds", int)
        return Item(
            link_id, kind, wire.texts(element.text, element.text_, self.language),
            wire.texts(prompt.string, prompt.string_, self.language) if prompt else {},
            required=element.required, options=options,
            other_key=self.value(element, link_id, wire.OURS + "other-key", str) or "",
            minimum=self.bound(element, wire.MIN_VALUE),
            maximum=self.bound(element, wire.MAX_VALUE),
            decimals=self.value(element, link_id, wire.MAX_DECIMALS, int) or 0,
            unit=self.unit(element),
            max_seconds=60 if seconds is None else seconds,
            identity=self.value(element, link_id, wire.OURS + "role", str) == "identity",
            language_keys=self.language_keys(element, link_id),
            ask_before_agent=self.value(element, link_id, wire.OURS + "ask-before-agent",
                                        bool) or False,
            confirm=self.confirm(element, link_id),
            rules=self.rules(element, link_id),
            enable_when=self.conditions(element, link_id),
            enable_any=element.enable_behavior == "any", parent=parent,
            items=self.items(element.item, link_id, depth + 1))

    def unsupported(self, link_id: str, raw: Mapping[str, Any]) -> None:
        for name in wire.NOT_SUPPORTED:
            if name in raw:
                self.fault(link_id, name, "nothing: this element is not supported")
        for name in ("repeats", "readOnly"):
            if raw.get(name) is True:
                self.fault(link_id, name, "false: this is not supported")

    def known(self, element: wire.Element, link_id: str, names: Sequence[str]) -> None:
        for extension in element.extension:
            if extension.url.startswith(wire.OURS) and \
                    extension.url.removeprefix(wire.OURS) not in names:
                self.fault(link_id, "extension",
                           "one of " + ", ".join(wire.OURS + name for name in names),
                           extension.url)

    def value(self, element: wire.Element, link_id: str, url: str, kind: type) -> Any:
        """The value of our extension ``url``, of the type ``kind``."""
        extension = element.first(url)
        if extension is None:
            return None
        if not isinstance(extension.scalar, kind) or \
                (kind is int and isinstance(extension.scalar, bool)):
            names = {str: "valueString or valueCode", int: "valueInteger", bool: "valueBoolean"}
            self.fault(link_id, f"extension {url}", names[kind])
            return None
        return extension.scalar

    @staticmethod
    def bound(element: wire.ItemElement, url: str) -> Scalar | None:
        extension = element.first(url)
        if extension is None:
            return None
        if element.type == "decimal" and extension.integer is not None:
            return Decimal(extension.integer)
        return extension.scalar

    @staticmethod
    def unit(element: wire.ItemElement) -> str:
        extension = element.first(wire.UNIT)
        return extension.coding.code or "" if extension and extension.coding else ""

    def options(self, element: wire.ItemElement, link_id: str) -> tuple[Option, ...]:
        found = []
        for number, option in enumerate(element.answer_option, 1):
            self.known(option, link_id, ("key", "outcome", "spoken"))
            coding = option.coding
            if coding is None or not coding.code:
                self.fault(link_id, f"answerOption.{number - 1}", "a valueCoding with a code")
                continue
            keys = tuple(wire.strings(option, wire.OURS + "key")) or (str(number),)
            outcome = option.first(wire.OURS + "outcome")
            value = {"system": coding.system, "code": coding.code, "display": coding.display}
            found.append(Option(
                {"valueCoding": {name: text for name, text in value.items() if text}},
                wire.texts(coding.display, coding.display_, self.language), keys,
                (outcome.code or outcome.string or "") if outcome else None,
                self.spoken(option, link_id, "spoken"), place=number - 1))
        return tuple(found)

    def spoken(self, element: wire.Element, link_id: str, name: str) -> dict[str, tuple[str, ...]]:
        """Other words for an answer, by language."""
        found: dict[str, tuple[str, ...]] = {}
        for extension in element.having(wire.OURS + name):
            language, words = extension.first("language"), wire.strings(extension, "words")
            if language and language.code and words and all(words):
                code = wire.base_language(language.code)
                found[code] = (*found.get(code, ()), *words)
            else:
                self.fault(link_id, f"extension {wire.OURS}{name}",
                           "language (valueCode) and words (valueString, may repeat)")
        return found

    def confirm(self, element: wire.ItemElement, link_id: str) -> Confirm:
        code = self.value(element, link_id, wire.OURS + "confirm", str) or Confirm.AUTO
        try:
            confirm = Confirm(code)
        except ValueError:
            self.fault(link_id, "confirm", "one of " + ", ".join(Confirm), code)
            return Confirm.AUTO
        if confirm is Confirm.NEVER and element.first(wire.OURS + "rule"):
            self.fault(link_id, "confirm",
                       "auto or always: a finding may not rest on one misheard word", code)
        return confirm

    def language_keys(self, element: wire.Element, link_id: str) -> dict[str, str]:
        found = {}
        for extension in element.having(wire.OURS + "language-key"):
            key, language = extension.first("key"), extension.first("language")
            if key and key.string and language and language.code:
                found[key.string] = wire.base_language(language.code)
            else:
                self.fault(link_id, f"extension {wire.OURS}language-key",
                           "key (valueString) and language (valueCode)")
        return found

    def operator(self, link_id: str, where: str, text: str | None) -> Operator | None:
        try:
            return Operator(text or "")
        except ValueError:
            self.fault(link_id, where, "one of " + ", ".join(Operator), text)
            return None

    def rules(self, element: wire.Element, link_id: str) -> tuple[Rule, ...]:
        found = []
        for number, extension in enumerate(element.having(wire.OURS + "rule")):
            where = f"rule.{number}"
            parts = {part.url: part for part in extension.extension}
            text = parts.get("text")
            sign, grave = parts.get("operator"), parts.get("severity")
            operator = self.operator(link_id, f"{where}.operator", sign.code if sign else None)
            value = parts["value"].scalar if "value" in parts else None
            if value is None:
                self.fault(link_id, f"{where}.value", "the value to compare the answer with")
            severity = grave.code if grave else None
            if severity not in tuple(Severity):
                self.fault(link_id, f"{where}.severity", "abnormal or critical", severity)
                continue
            if operator is None or value is None:
                continue
            name = parts["id"].string or parts["id"].code if "id" in parts else None
            found.append(Rule(name or f"{link_id}-{number + 1}", Severity(str(severity)), operator,
                              value, wire.texts(text.string, text.string_, self.language)
                              if text else {}, place=number))
        return tuple(found)

    def conditions(self, element: wire.ItemElement, link_id: str) -> tuple[Condition, ...]:
        found = []
        for number, condition in enumerate(element.enable_when):
            where = f"enableWhen.{number}"
            operator = self.operator(link_id, f"{where}.operator", condition.operator)
            if condition.scalar is None:
                self.fault(link_id, where, "an answer[x] to compare with")
            if operator and condition.scalar is not None:
                found.append(Condition(condition.question, operator, condition.scalar,
                                       place=number))
        return tuple(found)
