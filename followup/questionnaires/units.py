"""Units in which a number may be told, and what it is in the unit that is asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

_USUAL = Path(__file__).with_name("units.toml")


@dataclass(frozen=True)
class Unit:
    """One unit; ``code`` is UCUM's. (A number + ``offset``) * ``factor`` is in the item's unit."""

    code: str
    text: Mapping[str, str]                          # language -> what it is called
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    usual: tuple[str, ...] = ()                      # languages where a bare number may be in it
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)     # other names
    place: int = field(default=-1, compare=False)    # its index in the FHIR list

    def names(self, language: str) -> tuple[str, ...]:
        """Everything it is called in a language, the usual name first."""
        first = self.text.get(language)
        return (*([first] if first else []), *self.words.get(language, ()))

    def converted(self, number: Decimal, decimals: int) -> Decimal:
        """``number`` of these in the item's unit, rounded to its decimals."""
        exact = (Fraction(number) + self.offset) * self.factor
        step = Decimal(1).scaleb(-decimals)
        return (Decimal(exact.numerator) / exact.denominator).quantize(step, ROUND_HALF_UP)

    def stated(self, number: Decimal) -> Decimal:
        """How many of these make ``number`` in the item's unit, to nine decimals."""
        exact = Fraction(number) / self.factor - self.offset
        return round(Decimal(exact.numerator) / exact.denominator, 9)


@dataclass(frozen=True)
class Told:
    """A number as it was told, in a unit that is not the item's; as text "101.3 [degF]"."""

    number: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{self.number:f} {self.unit}"

    @classmethod
    def read(cls, text: str) -> Told:
        """The reverse of ``str``."""
        number, _, unit = text.partition(" ")
        return cls(Decimal(number), unit)


@cache
def usual_units(code: str) -> tuple[Unit, ...]:
    """The units that people use in place of ``code``; it is itself among them where it has names
    that set it apart."""
    return tuple(_unit(name, raw) for name, raw in _table().get(code, {}).items())


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_USUAL.read_text("utf-8"))


def _unit(code: str, raw: Mapping[str, Any]) -> Unit:
    words = {language: tuple(names) for language, names in raw.get("words", {}).items()}
    return Unit(code, raw["text"], Fraction(raw.get("factor", 1)), Fraction(raw.get("offset", 0)),
                tuple(raw.get("usual", ())), words)
