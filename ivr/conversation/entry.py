"""Numbers and dates typed on a telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from followup.questionnaires.definition import Item, ItemType

MAX_KEYS = 12


@dataclass(frozen=True)
class Typed:
    """What the keys came to; ``converted``: not quite as typed, so it is read back."""

    value: int | Decimal | date | None
    converted: bool = False
    out_of_range: bool = False


UNCLEAR = Typed(None)


def read(item: Item, keys: str) -> Typed:
    """The number or date that ``keys`` (digits, ``*`` for the point, no ``#``) stand for.

    ``385`` for a temperature up to 43.0 with one decimal is understood as 38.5: only when the
    plain value is out of range and the other one is not.
    """
    if item.type is ItemType.DATE:
        return _day(item, keys)
    whole, point, fraction = keys.partition("*")
    if not whole.isdigit() or (fraction and not fraction.isdigit()) \
            or len(fraction) > (item.decimals or 2) or len(keys) > MAX_KEYS:
        return UNCLEAR
    if item.type is ItemType.INTEGER:
        plain = int(whole)
        return UNCLEAR if point else _ranged(item, plain)
    number = Decimal(f"{whole}.{fraction or 0}")
    if _within(item, number) or point or not item.decimals:
        return _ranged(item, number)
    shifted = number.scaleb(-item.decimals)
    return Typed(shifted, converted=True) if _within(item, shifted) else _ranged(item, number)


def may_go_on(item: Item, keys: str) -> bool:
    """Whether one more key could still make a sensible value of ``keys``."""
    if item.birth_year:
        return len(keys) < 4
    if item.type is ItemType.INTEGER and isinstance(item.maximum, int) and keys.isdigit():
        return int(keys) * 10 <= item.maximum
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


def _within(item: Item, value: int | Decimal | date) -> bool:
    low, high = item.minimum, item.maximum     # of the item's own type: checked when published
    return (low is None or low <= value) and (  # type: ignore[operator]
        high is None or value <= high)          # type: ignore[operator]


def _ranged(item: Item, value: int | Decimal | date) -> Typed:
    return Typed(value) if _within(item, value) else Typed(None, out_of_range=True)
