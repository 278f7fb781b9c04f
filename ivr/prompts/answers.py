"""Answers as they are said: an option by its text, a number with its unit, several in a row."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from followup.questionnaires.definition import Item
from followup.questionnaires.units import Told
from followup.questionnaires.values import each, scalar
from ivr.prompts.prompt import Value
from ivr.prompts.texts import WRITTEN_AS, catalogue

_UNITS = Path(__file__).with_name("units.toml")
_BETWEEN = {"en": ", "}


def said(item: Item, value: Mapping[str, Any], language: str) -> Value:
    """What stands for ``{value}`` when an answer to ``item`` is read back.

    Options come in the order of the questionnaire, whatever the order they were chosen in, and
    other answers last and once: so few texts are possible that all can be ready before a call.
    """
    found = [_one(item, one, language) for one in each(value)]
    if item.type.has_options:
        offered = [_one(item, option.value, language) for option in item.options]
        found = sorted(dict.fromkeys(found), key=lambda text: offered.index(text)
                       if text in offered else len(offered))
    return found[0] if len(found) == 1 else \
        _BETWEEN.get(language, "、").join(_text(one) for one in found)


def _one(item: Item, value: Mapping[str, Any], language: str) -> Value:
    option = item.option_of(value)
    if option is not None:
        return option.text.get(language) or option.text.get(WRITTEN_AS.get(language, ""), "")
    plain = scalar(value)
    if "valueAttachment" in value or plain is None:
        return catalogue(language)["other-answer"]
    if not item.type.is_number or isinstance(plain, bool):
        return plain
    unit = unit_of(item, language)
    return _with_unit(plain, unit, language) if unit else plain


def _with_unit(number: Value, unit: str, language: str) -> str:
    return f"{_text(number)}{' ' if language == 'en' else ''}{unit}"


def unit_of(item: Item, language: str) -> str:
    """What the item's unit is called, or "" when there is none."""
    written = WRITTEN_AS.get(language, language)
    return item.unit_text.get(language) or item.unit_text.get(written) \
        or str(_units().get(written, {}).get(item.unit, ""))


def in_both_units(item: Item, value: Mapping[str, Any], told: Told,
                  language: str) -> dict[str, Value]:
    """What stands for ``{told}`` and ``{value}`` when a number was told in another unit."""
    own, other, plain = item.unit_of(item.unit), item.unit_of(told.unit), scalar(value)
    assert other is not None
    assert isinstance(plain, int | Decimal)
    own_name = next(iter(own.names(language)), "") if own else ""
    return {"told": _with_unit(told.number, next(iter(other.names(language)), ""), language),
            "value": _with_unit(plain, own_name or unit_of(item, language), language)}


@cache
def _units() -> Mapping[str, Any]:
    return tomllib.loads(_UNITS.read_text("utf-8"))


def _text(value: Value) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
