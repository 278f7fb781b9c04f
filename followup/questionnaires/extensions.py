"""What the extensions of an item say, ours and the standard ones; faults are collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from followup.questionnaires import resource as wire
from followup.questionnaires.definition import (
    Confirm,
    Control,
    ItemType,
    Operator,
    Rule,
    SpokenValue,
    Texts,
)
from followup.questionnaires.faults import Fault, fault
from followup.questionnaires.units import Unit, usual_units
from followup.responses.models import Severity

ROLES = ("identity", "birth-year")


@dataclass
class Extensions:
    """Reads extensions; ``language`` is the one that plain texts are in."""

    faults: list[Fault] = field(default_factory=list)
    language: str = ""

    def fault(self, link_id: str, where: str, code: str, found: Any = None,
              **params: Any) -> None:
        """Note one."""
        self.faults.append(fault(link_id, where, code, found, **params))

    def known(self, element: wire.Element, link_id: str, names: Sequence[str]) -> None:
        for extension in element.extension:
            if extension.url.startswith(wire.OURS) and \
                    extension.url.removeprefix(wire.OURS) not in names:
                self.fault(link_id, "extension", "one-of", extension.url,
                           values=[wire.OURS + name for name in names])

    def value(self, element: wire.Element, link_id: str, url: str, kind: type) -> Any:
        """The value of our extension ``url``, of the type ``kind``."""
        extension = element.first(url)
        if extension is None:
            return None
        if not isinstance(extension.scalar, kind) or \
                (kind is int and isinstance(extension.scalar, bool)):
            elements = {str: ("valueString", "valueCode"), int: ("valueInteger",),
                        bool: ("valueBoolean",)}
            self.fault(link_id, f"extension {url}", "value-in", elements=elements[kind])
            return None
        return extension.scalar

    def role(self, element: wire.ItemElement, link_id: str) -> str:
        """What a question is for, beyond its answer."""
        role = self.value(element, link_id, wire.OURS + "role", str) or ""
        if role and role not in ROLES:
            self.fault(link_id, "role", "one-of", role, values=ROLES)
        return role

    def unit(self, element: wire.ItemElement, link_id: str,
             kind: ItemType) -> tuple[str, Texts, str]:
        """The unit's code, what it is called, and the system of its code; a quantity has one."""
        urls = (wire.UNIT, wire.UNIT_OPTION) if kind is ItemType.QUANTITY else (wire.UNIT,)
        codings = [each.coding for url in urls for each in element.having(url) if each.coding]
        if kind is ItemType.QUANTITY and (
                len({coding.code or "" for coding in codings} - {""}) != 1
                or not all(coding.code for coding in codings) or element.first(wire.UNIT_SET)):
            found = ", ".join(str(coding.code) for coding in codings)
            self.fault(link_id, "questionnaire-unit", "one-unit", found or None)
        if not codings:
            return "", {}, ""
        coding = codings[0]
        return (coding.code or "", wire.texts(coding.display, coding.display_, self.language),
                coding.system or "")

    def quantity(self, element: wire.Valued, link_id: str, where: str,
                 unit: str) -> Decimal | None:
        """The number of a valueQuantity, which must be of the item's unit."""
        told = element.quantity
        if told is None or told.exact is None:
            self.fault(link_id, where, "value-in", elements=("valueQuantity",))
            return None
        if told.code and told.code != unit:
            self.fault(link_id, f"{where}.code", "one-of", told.code, values=(unit,))
        return told.exact

    def units(self, element: wire.ItemElement, link_id: str, own: str) -> tuple[Unit, ...]:
        """Units that an answer may be told in: the usual ones, and those that are declared."""
        found = {unit.code: unit for unit in usual_units(own)}
        for place, extension in enumerate(element.having(wire.OURS + "unit-option")):
            where = f"unit-option.{place}"
            named, usual = extension.first("unit"), wire.strings(extension, "usual")
            coding = named.coding if named else None
            if coding is None or not coding.code or not coding.display:
                self.fault(link_id, f"{where}.unit", "unit-coding")
                continue
            known = found.get(coding.code)
            factor, offset = (self.number(extension, link_id, where, name)
                              for name in ("factor", "offset"))
            if factor is None and known is None:
                self.fault(link_id, f"{where}.factor", "unit-factor", unit=coding.code)
                continue
            if factor is not None and factor <= 0:
                self.fault(link_id, f"{where}.factor", "positive", str(factor))
                continue
            text = wire.texts(coding.display, coding.display_, self.language)
            if factor is None and known is not None:
                factor, offset = known.factor, offset if offset is not None else known.offset
            found[coding.code] = Unit(
                coding.code, text, Fraction(factor or 1), Fraction(offset or 0),
                tuple(map(wire.base_language, usual)) or tuple(text),
                {**(known.words if known else {}), **self.spoken(extension, link_id, "spoken")},
                place)
        return tuple(found.values())

    def number(self, element: wire.Element, link_id: str, where: str,
               name: str) -> Fraction | None:
        """A part that is a number."""
        part = element.first(name)
        if part is None:
            return None
        if isinstance(part.scalar, bool) or not isinstance(part.scalar, int | Decimal):
            self.fault(link_id, f"{where}.{name}", "value-in",
                       elements=("valueDecimal", "valueInteger"))
            return None
        return Fraction(part.scalar)

    def occurs(self, element: wire.ItemElement, link_id: str, url: str) -> int | None:
        """How many answers at least, or at most; 1 where the item does not repeat."""
        count: int | None = self.value(element, link_id, url, int)
        if count is not None and not element.repeats:
            self.fault(link_id, f"extension {url}", "repeats-only", count)
            return None
        return count

    def controls(self, element: wire.Element, link_id: str) -> dict[Control, str]:
        """Keys that are not the usual ones; "" where a control is switched off."""
        found: dict[Control, str] = {}
        for extension in element.having(wire.OURS + "control-key"):
            action, key = extension.first("action"), extension.first("key")
            code = (action.code or action.string) if action else None
            if code not in tuple(Control) or (key is not None and not key.string):
                self.fault(link_id, "control-key", "control", code, actions=tuple(Control))
            elif Control(code) in found:
                self.fault(link_id, "control-key", "action-once", code)
            else:
                found[Control(code)] = key.string or "" if key else ""
        return found

    def spoken(self, element: wire.Element, link_id: str, name: str) -> dict[str, tuple[str, ...]]:
        """Other words for an answer, by language."""
        found: dict[str, tuple[str, ...]] = {}
        for extension in element.having(wire.OURS + name):
            language, words = extension.first("language"), wire.strings(extension, "words")
            if language and language.code and words and all(words):
                code = wire.base_language(language.code)
                found[code] = (*found.get(code, ()), *words)
            else:
                self.fault(link_id, f"extension {wire.OURS}{name}", "spoken")
        return found

    def spoken_values(self, element: wire.Element, link_id: str) -> tuple[SpokenValue, ...]:
        """Words that stand for a number."""
        found = []
        for place, extension in enumerate(element.having(wire.OURS + "spoken-value")):
            value, language = extension.first("value"), extension.first("language")
            number, words = value.scalar if value else None, wire.strings(extension, "words")
            if isinstance(number, int | Decimal) and not isinstance(number, bool) \
                    and language and language.code and words and all(words):
                found.append(SpokenValue(number, wire.base_language(language.code), tuple(words),
                                         place))
            else:
                self.fault(link_id, f"spoken-value.{place}", "spoken-value")
        return tuple(found)

    def confirm(self, element: wire.ItemElement, link_id: str) -> Confirm:
        code = self.value(element, link_id, wire.OURS + "confirm", str) or Confirm.AUTO
        try:
            confirm = Confirm(code)
        except ValueError:
            self.fault(link_id, "confirm", "one-of", code, values=tuple(Confirm))
            return Confirm.AUTO
        if confirm is Confirm.NEVER and element.first(wire.OURS + "rule"):
            self.fault(link_id, "confirm", "confirmed-finding", code)
        return confirm

    def language_keys(self, element: wire.Element, link_id: str) -> dict[str, str]:
        found = {}
        for extension in element.having(wire.OURS + "language-key"):
            key, language = extension.first("key"), extension.first("language")
            if key and key.string and language and language.code:
                found[key.string] = wire.base_language(language.code)
            else:
                self.fault(link_id, f"extension {wire.OURS}language-key", "language-key")
        return found

    def operator(self, link_id: str, where: str, text: str | None) -> Operator | None:
        try:
            return Operator(text or "")
        except ValueError:
            self.fault(link_id, where, "one-of", text, values=tuple(Operator))
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
                self.fault(link_id, f"{where}.value", "compared")
            severity = grave.code if grave else None
            if severity not in tuple(Severity):
                self.fault(link_id, f"{where}.severity", "one-of", severity,
                           values=tuple(Severity))
                continue
            if operator is None or value is None:
                continue
            name = parts["id"].string or parts["id"].code if "id" in parts else None
            found.append(Rule(name or f"{link_id}-{number + 1}", Severity(str(severity)), operator,
                              value, wire.texts(text.string, text.string_, self.language)
                              if text else {}, place=number))
        return tuple(found)
