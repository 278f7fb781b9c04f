"""Numbers and dates typed on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from followup.questionnaires.definition import Item, ItemType
from followup.questionnaires.units import Told, Unit
from followup.questionnaires.values import fitting, within

MAX_KEYS = 12


@dataclass(frozen=True)
class Typed:
    """What the keys came to; ``converted``: not quite as typed, so it is read back.

    ``told``: the number as it was typed, where it was meant in another unit.
    """

    value: int | Decimal | date | None
    converted: bool = False
    out_of_range: bool = False
    told: Told | None = None


UNCLEAR = Typed(None)


def read(item: Item, keys: str, language: str) -> Typed:
    """The number or date that ``keys`` (digits, ``*`` for the point, no ``#``) stand for.

    ``385`` for a temperature up to 43.0 with one decimal is understood as 38.5, and in English
    ``101`` as degrees Fahrenheit: only when the plain value is out of range and that one is not.
    """
    if item.type is ItemType.DATE:
        return _day(item, keys)
    whole, point, fraction = re.sub(r"\*+", "*", keys).rstrip("*").partition("*")
    if not whole.isdigit() or (fraction and not fraction.isdigit()) \
            or len(fraction) > (item.decimals or 2) or len(keys) > MAX_KEYS:
        return UNCLEAR
    others = item.other_units(language)
    number = Decimal(f"{whole}.{fraction or 0}" if fraction else whole)
    if item.type is ItemType.INTEGER:
        if point and not others:
            return UNCLEAR
        return Typed(int(whole)) if not point and within(item, int(whole)) \
            else _elsewhere(item, number, others)
    if within(item, number):
        return Typed(number)
    found = _elsewhere(item, number, others)       # just as it was typed, before a point is put in
    if found.value is not None or point or not item.decimals:
        return found
    shifted = number.scaleb(-item.decimals)
    return Typed(shifted, converted=True) if within(item, shifted) \
        else _elsewhere(item, shifted, others)


def _elsewhere(item: Item, number: Decimal, units: Iterable[Unit]) -> Typed:
    """A number that makes no sense in the item's own unit, but in one other."""
    found = fitting(item, number, units)
    if len(found) != 1:
        return Typed(None, out_of_range=True)
    (told, value), = found
    return Typed(value, converted=True, told=told)


def may_go_on(item: Item, keys: str, language: str) -> bool:
    """Whether one more key could still make a sensible value of ``keys``."""
    if item.birth_year:
        return len(keys) < 4
    if item.type is ItemType.INTEGER and isinstance(item.maximum, int) and keys.isdigit():
        elsewhere = [int(unit.stated(Decimal(item.maximum)))
                     for unit in item.other_units(language)]
        return int(keys) * 10 <= max(item.maximum, *elsewhere, 0)
    if item.type is ItemType.DATE:
        return len(keys) < 8
    return True


def _day(item: Item, keys: str) -> Typed:
    if len(keys) != 8 or not keys.isdigit():
        return UNCLEAR
    try:
        return _ranged(item, date(int(keys[:4]), int(keys[4:6]), int(keys[6:])))
    except ValueError:
        return UNCLEAR


def _ranged(item: Item, value: date) -> Typed:
    return Typed(value) if within(item, value) else Typed(None, out_of_range=True)
