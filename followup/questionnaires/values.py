"""FHIR value[x] to plain values and back, and how two of them compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from followup.questionnaires.definition import Item, ItemType, Operator, Scalar
from followup.questionnaires.units import Told, Unit


def scalar(value: Mapping[str, Any]) -> Scalar | None:
    """What a FHIR ``{"valueX": …}`` holds: a coding gives its code, an attachment its url."""
    for name, plain in value.items():
        match name, plain:
            case "valueCoding", {"code": str(code)}:
                return code
            case ("valueBoolean", bool(held)) | ("valueInteger", int(held)) \
                    | ("valueString", str(held)):
                return held
            case "valueDecimal", int() | float() | Decimal():
                return Decimal(str(plain))
            case "valueDate", str():
                return date.fromisoformat(plain)
            case "valueAttachment", {"url": str(url)}:
                return url
    return None


def fhir_value(plain: bool | int | Decimal | date) -> dict[str, Any]:
    """The FHIR value[x], ready for JSON, of a plain value (codings and texts have more to say)."""
    match plain:
        case bool():
            return {"valueBoolean": plain}
        case int():
            return {"valueInteger": plain}
        case Decimal():
            return {"valueDecimal": float(plain)}
        case date():
            return {"valueDate": plain.isoformat()}


def each(value: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The single values of an answer: several where an item repeats."""
    return tuple(value["answer"]) if "answer" in value else (value,)


def together(values: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer that several values make: as FHIR has it, a list named ``answer``."""
    found = [dict(value) for value in values]
    return found[0] if len(found) == 1 else {"answer": found}


def satisfied(value: Mapping[str, Any] | None, operator: Operator, right: Scalar) -> bool:
    """Whether an answer (None: there is none) satisfies a condition; one of several suffices.

    But ``!=`` holds only when none of them equals.
    """
    plain = [scalar(one) for one in each(value)] if value is not None else [None]
    fits = all if operator is Operator.NOT_EQUAL else any
    return fits(compare(one, operator, right) for one in plain)


def within(item: Item, plain: Scalar) -> bool:
    """Whether a number or a date lies between the bounds of its item."""
    return (item.minimum is None or compare(plain, Operator.GREATER_OR_EQUAL, item.minimum)) and (
        item.maximum is None or compare(plain, Operator.LESS_OR_EQUAL, item.maximum))


def fitting(item: Item, number: Decimal, units: Iterable[Unit]) -> list[tuple[Told, int | Decimal]]:
    """What ``number`` may be when it was told in one of ``units``: all that lies within bounds."""
    found = ((Told(number, unit.code), unit.converted(number, item.decimals)) for unit in units)
    plain = ((told, int(value) if item.type is ItemType.INTEGER else value)
             for told, value in found)
    return [(told, value) for told, value in plain if within(item, value)]


def _ordered(left: Scalar, right: Scalar) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    return any(isinstance(left, kind) and isinstance(right, kind)
               for kind in (int | Decimal, date))


def compare(left: Scalar | None, operator: Operator, right: Scalar) -> bool:
    """FHIR's enableWhen operators; ``left`` is None when there is no answer.

    As R4 says: ``!=`` holds when no answer equals, so without an answer too; the other
    comparisons need one. Values that have no common order are never greater or smaller.
    """
    if operator is Operator.EXISTS:
        return (left is not None) == right
    if operator is Operator.NOT_EQUAL:
        return not compare(left, Operator.EQUAL, right)
    if left is None:
        return False
    if operator is Operator.EQUAL:
        return left == right and isinstance(left, bool) == isinstance(right, bool)
    if not _ordered(left, right):
        return False
    sign: Any = left        # both are numbers, or both dates: checked just above
    match operator:
        case Operator.GREATER:
            return bool(sign > right)
        case Operator.LESS:
            return bool(sign < right)
        case Operator.GREATER_OR_EQUAL:
            return bool(sign >= right)
        case _:
            return bool(sign <= right)
