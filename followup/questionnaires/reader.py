"""From FHIR JSON to a questionnaire, item by item, collecting what cannot be read."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from followup.questionnaires import resource as wire
from followup.questionnaires.definition import (
    Condition,
    Item,
    ItemType,
    Option,
    Questionnaire,
    Scalar,
    Texts,
)
from followup.questionnaires.extensions import Extensions
from followup.questionnaires.scales import as_number, is_typed, keys_are_values
from followup.questionnaires.shape import shape_fault
from followup.questionnaires.summing import Summing, weights
from followup.questionnaires.values import fhir_value, scalar
from followup.questionnaires.valuesets import Options, contained_options, with_options

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]        # stops after each item, and returns in the end
MAX_DEPTH = 8
MOST_ANSWERS = 5             # to a question that is asked again, unless maxOccurs says otherwise
_PLAIN = {ItemType.INTEGER: int, ItemType.DECIMAL: Decimal, ItemType.QUANTITY: Decimal,
          ItemType.DATE: date}
_PICKED = {ItemType.INTEGER: "integer", ItemType.STRING: "string"}     # from own options
ITEM_EXTENSIONS = ("phone-prompt", "role", "language-key", "other-key", "max-seconds",
                   "ask-before-agent", "rule", "confirm", "spoken-yes", "spoken-no",
                   "control-key", "unit-option", "spoken-value")
_IN_UNIT = {wire.MIN_VALUE: wire.MIN_QUANTITY, wire.MAX_VALUE: wire.MAX_QUANTITY}
YES_NO = (("valueBoolean", True, {"zh": "是", "en": "yes", "yue": "係"}, "1", "yes"),
          ("valueBoolean", False, {"zh": "否", "en": "no", "yue": "唔係"}, "2", "no"))


@dataclass
class Reader(Extensions):
    """Collects faults while it reads; ``broken`` holds linkIds whose type is unknown."""

    broken: set[str] = field(default_factory=set)
    count: int = 0
    sets: Mapping[str, Options] = field(default_factory=dict)     # contained, by #id
    languages: tuple[str, ...] = ()
    summing: Summing = field(default_factory=lambda: Summing({}, ""))

    def shape(self, model: type[Model], raw: Mapping[str, Any], link_id: str) -> Model:
        """``raw`` as ``model``; an element that does not fit is reported and left out."""
        left = dict(raw)
        while True:
            try:
                return model.model_validate(left)
            except ValidationError as error:
                for each in error.errors(include_url=False):
                    self.faults.append(shape_fault(link_id, each["loc"], each))
                    left.pop(str(each["loc"][0]), None)

    def questionnaire(self, raw: Mapping[str, Any]) -> Steps[Questionnaire]:
        head = self.shape(wire.QuestionnaireElement, raw, "")
        for name, value in (("url", head.url), ("version", head.version), ("title", head.title),
                            ("language", head.language)):
            if not value and name not in {fault.field for fault in self.faults}:
                self.fault("", name, "not-empty")
        if head.resource_type != "Questionnaire":
            self.fault("", "resourceType", "one-of", head.resource_type,
                       values=("Questionnaire",))
        self.unsupported("", raw)
        self.known(head, "", ("language",))
        self.language = wire.base_language(head.language or "zh")
        self.sets = contained_options(raw)
        also = [wire.base_language(code) for code in wire.strings(head, wire.OURS + "language")]
        self.summing = Summing(raw, self.language)
        self.summing.enters(head, "", "")
        self.languages = tuple(dict.fromkeys([self.language, *also]))
        items = yield from self.items(head.item, None, 1)
        sums = self.summing.over(items)
        self.faults += self.summing.faults
        return Questionnaire(
            url=head.url or "", version=head.version or "", title=head.title or "",
            status=head.status or "", languages=self.languages, items=items, resource=dict(raw),
            sums=sums)

    def items(self, raws: Sequence[Any], parent: str | None, depth: int) -> Steps[tuple[Item, ...]]:
        if raws and depth > MAX_DEPTH:
            self.fault(parent or "", "item", "levels", most=MAX_DEPTH)
            return ()
        found = []
        for raw in raws:
            total = self.summing.takes(raw, parent or "") if isinstance(raw, dict) else None
            if total is not None:
                self.count += 1
                self.known(total, total.link_id or "", ("rule",))
                self.summing.finds(self.rules(total, total.link_id or ""))
            else:
                found.append((yield from self.item(raw, parent, depth)))
            yield
        return tuple(found)

    def item(self, raw: Any, parent: str | None, depth: int) -> Steps[Item]:
        self.count += 1
        nameless = f"(item {self.count})"
        if not isinstance(raw, dict):
            self.fault(nameless, "item", "object", str(raw)[:40])
            self.broken.add(nameless)
            return Item(nameless, ItemType.GROUP, parent=parent)
        named = raw.get("linkId")
        link_id = named if isinstance(named, str) and named else nameless
        raw = with_options(raw, self.sets)
        element = self.shape(wire.ItemElement, raw, link_id)
        self.summing.enters(element, link_id, parent or "")
        if link_id is nameless:
            self.fault(link_id, "linkId", "not-empty", named)
        try:
            kind = ItemType(element.type or "")
        except ValueError:
            self.fault(link_id, "type", "one-of", element.type, values=tuple(ItemType))
            self.broken.add(link_id)
            kind = ItemType.GROUP
        self.unsupported(link_id, raw)
        self.known(element, link_id, ITEM_EXTENSIONS)
        if self.value(element, link_id, wire.HIDDEN, bool):
            self.fault(link_id, "questionnaire-hidden", "shown")
        kind, options = self.asked_for(element, link_id, kind)
        if len(element.enable_when) > 1 and element.enable_behavior not in ("all", "any"):
            self.fault(link_id, "enableBehavior", "behavior", element.enable_behavior)
        prompt = element.first(wire.OURS + "phone-prompt")
        unit, unit_text, unit_system = self.unit(element, link_id, kind)
        seconds = self.value(element, link_id, wire.OURS + "max-seconds", int)
        role = self.role(element, link_id)
        below = yield from self.items(element.item, link_id, depth + 1)
        built = Item(
            link_id, kind, wire.texts(element.text, element.text_, self.language),
            wire.texts(prompt.string, prompt.string_, self.language) if prompt else {},
            required=element.required, options=options,
            other_key=self.value(element, link_id, wire.OURS + "other-key", str) or "",
            minimum=self.bound(element, link_id, wire.MIN_VALUE, unit),
            maximum=self.bound(element, link_id, wire.MAX_VALUE, unit),
            decimals=self.value(element, link_id, wire.MAX_DECIMALS, int) or 0,
            unit=unit, unit_text=unit_text, unit_system=unit_system,
            units=self.units(element, link_id, unit),
            spoken_values=self.spoken_values(element, link_id),
            repeats=element.repeats,
            min_answers=self.occurs(element, link_id, wire.MIN_OCCURS) or 1,
            max_answers=self.most(element, link_id, kind, options),
            initial=self.initial(element, link_id, kind, options, unit),
            weights=weights(element, options),
            controls=self.controls(element, link_id),
            max_seconds=60 if seconds is None else seconds,
            identity=role == "identity", birth_year=role == "birth-year",
            language_keys=self.language_keys(element, link_id),
            ask_before_agent=self.value(element, link_id, wire.OURS + "ask-before-agent",
                                        bool) or False,
            confirm=self.confirm(element, link_id),
            rules=self.rules(element, link_id),
            enable_when=self.conditions(element, link_id),
            enable_any=element.enable_behavior == "any", parent=parent,
            items=below)
        own_keys = any(each.first(wire.OURS + "key") for each in element.answer_option)
        return as_number(built) if not own_keys and is_typed(built) else built

    def asked_for(self, element: wire.ItemElement, link_id: str,
                  kind: ItemType) -> tuple[ItemType, tuple[Option, ...]]:
        """The type that is asked for, and its options: who picks an integer or a string chooses."""
        if kind is ItemType.BOOLEAN and not element.answer_option:
            return kind, tuple(Option({name: value}, words, (key,),
                                      spoken=self.spoken(element, link_id, f"spoken-{said}"))
                               for name, value, words, key, said in YES_NO)
        if kind in _PICKED and element.answer_option and all(
                getattr(option, _PICKED[kind]) is not None for option in element.answer_option):
            kind = ItemType.CHOICE
        if kind in (ItemType.CHOICE, ItemType.OPEN_CHOICE):
            return kind, self.options(element, link_id)
        if element.answer_option and link_id not in self.broken:
            self.fault(link_id, "answerOption", "no-options")
        return kind, ()

    def unsupported(self, link_id: str, raw: Mapping[str, Any]) -> None:
        if "modifierExtension" in raw:
            self.fault(link_id, "modifierExtension", "unsupported")
        if "answerValueSet" in raw:
            self.fault(link_id, "answerValueSet", "value-set", raw["answerValueSet"])
        if raw.get("readOnly") is True:
            self.fault(link_id, "readOnly", "writable")

    def bound(self, element: wire.ItemElement, link_id: str, url: str, unit: str) -> Scalar | None:
        told = element.first(_IN_UNIT[url])
        if told is not None and element.type == "quantity":
            return self.quantity(told, link_id, url.rpartition("/")[2], unit)
        extension = element.first(url)
        if extension is None:
            return None
        if element.type in ("decimal", "quantity") and extension.integer is not None:
            return Decimal(extension.integer)
        whole = extension.decimal
        if element.type == "integer" and whole is not None and whole == int(whole):
            return int(whole)
        return extension.scalar

    def options(self, element: wire.ItemElement, link_id: str) -> tuple[Option, ...]:
        found = []
        by_value = keys_are_values([option.integer for option in element.answer_option]) and \
            not any(option.first(wire.OURS + "key") for option in element.answer_option)
        for number, option in enumerate(element.answer_option, 1):
            self.known(option, link_id, ("key", "outcome", "spoken"))
            coding = option.coding
            if (coding is None or not coding.code) and option.string is None \
                    and option.integer is None:
                self.fault(link_id, f"answerOption.{number - 1}", "coding")
                continue
            keys = tuple(wire.strings(option, wire.OURS + "key")) or (
                str(option.integer if by_value else number),)
            outcome = option.first(wire.OURS + "outcome")
            found.append(Option(
                *self.value_and_text(option), keys,
                (outcome.code or outcome.string or "") if outcome else None,
                bool(self.value(option, link_id, wire.EXCLUSIVE, bool)),
                self.spoken(option, link_id, "spoken"), place=number - 1))
        return tuple(found)

    def value_and_text(self, option: wire.AnswerOption) -> tuple[Mapping[str, Any], Texts]:
        """An option as an answer has it, and what it is called."""
        coding = option.coding
        if option.integer is not None:
            return ({"valueInteger": option.integer},
                    dict.fromkeys(self.languages, str(option.integer)))
        if coding is None or not coding.code:
            return {"valueString": option.string}, wire.texts(option.string, option.string_,
                                                              self.language)
        value = {"system": coding.system, "code": coding.code, "display": coding.display}
        return ({"valueCoding": {name: text for name, text in value.items() if text}},
                wire.texts(coding.display, coding.display_, self.language))

    def most(self, element: wire.ItemElement, link_id: str, kind: ItemType,
             options: Sequence[Option]) -> int:
        """How many answers there may be."""
        given = self.occurs(element, link_id, wire.MAX_OCCURS)
        if not element.repeats:
            return 1
        if not kind.has_options:
            return MOST_ANSWERS if given is None else given
        all_of_them = len(options) + (kind is ItemType.OPEN_CHOICE)
        return all_of_them if given is None else min(given, all_of_them)

    def initial(self, element: wire.ItemElement, link_id: str, kind: ItemType,
                options: Sequence[Option], unit: str) -> tuple[Mapping[str, Any], ...]:
        """The values to offer, as an answer would have them."""
        found: list[Mapping[str, Any]] = [
            option.value for option in options
            if kind is not ItemType.BOOLEAN and element.answer_option[option.place].selected]
        for place, each in enumerate(element.initial):
            plain = each.scalar
            if kind is ItemType.QUANTITY and each.quantity:
                plain = self.quantity(each, link_id, f"initial.{place}", unit)
            if kind.is_fractional and type(plain) is int:
                plain = Decimal(plain)
            same = {bool: "valueBoolean", int: "valueInteger",
                    str: "valueCoding" if each.coding else "valueString"}
            fitting = [option.value for option in options if scalar(option.value) == plain
                       and same.get(type(plain)) in option.value] if kind.has_options else []
            if fitting:
                found.append(fitting[0])
            elif not isinstance(plain, str | None) and type(plain) is _PLAIN.get(kind):
                found.append(fhir_value(plain))
            elif link_id not in self.broken:
                given = None if plain is None else str(plain)
                if options:
                    self.fault(link_id, f"initial.{place}", "an-own-option", given)
                else:
                    self.fault(link_id, f"initial.{place}", "initial-type", given,
                               type=kind.value)
        return tuple(found)

    def conditions(self, element: wire.ItemElement, link_id: str) -> tuple[Condition, ...]:
        found = []
        for number, condition in enumerate(element.enable_when):
            where = f"enableWhen.{number}"
            operator = self.operator(link_id, f"{where}.operator", condition.operator)
            if condition.scalar is None:
                self.fault(link_id, where, "answer")
            if operator and condition.scalar is not None:
                found.append(Condition(
                    condition.question, operator, condition.scalar, place=number,
                    unit=(condition.quantity.code if condition.quantity else "") or ""))
        return tuple(found)
