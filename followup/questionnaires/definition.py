"""A questionnaire as the conversation, the forms and the rules see it: read-only and checked.

``load_questionnaire`` makes one from a FHIR resource; nothing else should.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from followup.questionnaires.units import Unit
from followup.responses.models import Severity

Scalar = bool | int | Decimal | date | str     # what a FHIR value[x] comes down to; a code is str
Texts = Mapping[str, str]                      # language (zh, en, yue) -> text

LANGUAGES = ("zh", "en", "yue")


class ItemType(StrEnum):
    """The FHIR item types that can be asked by phone."""

    GROUP = "group"
    DISPLAY = "display"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    OPEN_CHOICE = "open-choice"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TEXT = "text"              # a voice message
    STRING = "string"          # the same, short
    QUANTITY = "quantity"      # a decimal with its unit

    @property
    def is_question(self) -> bool:
        """Whether an item of this type takes an answer."""
        return self not in (ItemType.GROUP, ItemType.DISPLAY)

    @property
    def has_options(self) -> bool:
        """Whether one of several fixed answers is picked (boolean has yes and no)."""
        return self in (ItemType.BOOLEAN, ItemType.CHOICE, ItemType.OPEN_CHOICE)

    @property
    def is_message(self) -> bool:
        """Whether the answer is a voice message."""
        return self in (ItemType.TEXT, ItemType.STRING)

    @property
    def is_fractional(self) -> bool:
        """Whether the answer is a number that may have a point."""
        return self in (ItemType.DECIMAL, ItemType.QUANTITY)

    @property
    def is_number(self) -> bool:
        """Whether a number is typed or told."""
        return self is ItemType.INTEGER or self.is_fractional

    @property
    def has_order(self) -> bool:
        """Whether a number or a date is typed or told."""
        return self.is_number or self is ItemType.DATE


class Confirm(StrEnum):
    """Whether an answer heard by voice is read back before it counts."""

    AUTO = "auto"              # when it was not clear, or is a red flag
    ALWAYS = "always"
    NEVER = "never"


class Control(StrEnum):
    """What a key does that is no answer."""

    REPEAT = "repeat"          # the question again
    END = "end"                # of a number, a message, several options
    PERSON = "person"          # somebody to speak with
    BACK = "back"              # the question before


class Operator(StrEnum):
    """FHIR questionnaire-enable-operator."""

    EXISTS = "exists"
    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    LESS = "<"
    GREATER_OR_EQUAL = ">="
    LESS_OR_EQUAL = "<="


_USUAL = {Control.REPEAT: "*", Control.END: "#", Control.PERSON: "0", Control.BACK: "9"}
_ANYWHERE = (Control.REPEAT, Control.END)        # digits are typed, or start a recording


@dataclass(frozen=True)
class Condition:
    """One enableWhen: the answer to ``question`` compared with ``value``."""

    question: str
    operator: Operator
    value: Scalar
    place: int = field(default=0, compare=False)     # its index in the FHIR list
    unit: str = field(default="", compare=False)     # UCUM code of an answerQuantity


@dataclass(frozen=True)
class Rule:
    """When an answer is a finding."""

    id: str
    severity: Severity
    operator: Operator
    value: Scalar
    text: Texts
    place: int = field(default=0, compare=False)     # its index in the FHIR list


@dataclass(frozen=True)
class Option:
    """One answer to choose from; ``outcome`` is a Disposition that ends the call politely."""

    value: Mapping[str, Any]           # FHIR value[x]
    text: Texts
    keys: tuple[str, ...]              # digits of the telephone, the first one is announced
    outcome: str | None = None
    exclusive: bool = False            # not together with others, e.g. "none of these"
    spoken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)   # other words for it
    place: int = field(default=0, compare=False)     # its index in the FHIR list


@dataclass(frozen=True)
class SpokenValue:
    """Words that stand for a number, e.g. "no pain" for 0."""

    value: int | Decimal
    language: str
    words: tuple[str, ...]
    place: int = field(default=0, compare=False)     # its index in the FHIR list


@dataclass(frozen=True)
class Item:
    """One item. ``minimum`` and ``maximum`` are inclusive and of the item's own type."""

    link_id: str
    type: ItemType
    text: Texts = field(default_factory=dict)
    prompt: Texts = field(default_factory=dict)      # said by phone in place of ``text``
    required: bool = False
    options: tuple[Option, ...] = ()
    other_key: str = ""                              # open-choice: "something else", recorded
    minimum: Scalar | None = None
    maximum: Scalar | None = None
    decimals: int = 0
    unit: str = ""                                   # UCUM code, e.g. Cel
    unit_text: Texts = field(default_factory=dict)   # what it is called
    unit_system: str = ""                            # of its code
    units: tuple[Unit, ...] = ()                     # that an answer may be told in
    spoken_values: tuple[SpokenValue, ...] = ()      # words that stand for a number
    repeats: bool = False                            # takes several answers
    min_answers: int = 1
    max_answers: int = 1
    initial: tuple[Mapping[str, Any], ...] = ()      # FHIR value[x], offered to the patient
    weights: Mapping[Scalar, Decimal] = field(default_factory=dict)   # of answers, for a score
    controls: Mapping[Control, str] = field(default_factory=dict)     # where not the usual key
    max_seconds: int = 60                            # of a voice message
    identity: bool = False                           # asked first in each call
    birth_year: bool = False                         # then: the patient's, never stored
    language_keys: Mapping[str, str] = field(default_factory=dict)    # digit -> language
    ask_before_agent: bool = False                   # useful to the nurse once a finding waits
    confirm: Confirm = Confirm.AUTO
    rules: tuple[Rule, ...] = ()
    enable_when: tuple[Condition, ...] = ()
    enable_any: bool = False                         # any condition suffices, else all must hold
    parent: str | None = None
    items: tuple[Item, ...] = ()

    @property
    def is_question(self) -> bool:
        """Whether the item takes an answer."""
        return self.type.is_question

    @property
    def is_numbered(self) -> bool:
        """Whether the options are whole numbers (valueInteger)."""
        return bool(self.options) and all("valueInteger" in each.value for each in self.options)

    def option_for(self, key: str) -> Option | None:
        """The option that a digit stands for."""
        return next((option for option in self.options if key in option.keys), None)

    def option_of(self, value: Mapping[str, Any]) -> Option | None:
        """The option whose FHIR value[x] this is."""
        return next((option for option in self.options if option.value == value), None)

    def unit_of(self, code: str) -> Unit | None:
        """The unit of that code which an answer may be told in."""
        return next((unit for unit in self.units if unit.code == code), None)

    def other_units(self, language: str) -> tuple[Unit, ...]:
        """Units beside the item's own which a bare number may be meant in."""
        return tuple(unit for unit in self.units
                     if language in unit.usual and unit.code != self.unit)

    def key_for(self, control: Control) -> str:
        """The key of a control; "" when it has none here."""
        if control in self.controls:
            return self.controls[control]
        usual = _USUAL[control] if self.type.has_options or control in _ANYWHERE else ""
        return "" if usual in self.answer_keys or usual in self.controls.values() else usual

    @property
    def answer_keys(self) -> tuple[str, ...]:
        """Every key that gives an answer, or a language, at once."""
        return (*(key for option in self.options for key in option.keys), *self.language_keys,
                *([self.other_key] if self.other_key else []))

    def walk(self) -> Iterator[Item]:
        """This item and all below it, in document order."""
        yield self
        for child in self.items:
            yield from child.walk()


@dataclass(frozen=True)
class Score:
    """A sum of weights: over which questions, and what it is called.

    ``link_id``: of the item that declares it (``type`` is its FHIR type then), of the group it is
    over, or "" for the whole questionnaire. ``below``: the item that holds a declared one, or "".
    """

    link_id: str
    items: tuple[str, ...]
    text: Texts = field(default_factory=dict)
    type: str = ""
    unit: Mapping[str, str] = field(default_factory=dict)     # FHIR unit, system and code
    below: str = ""
    rules: tuple[Rule, ...] = ()       # of a declared one, once it is complete


@dataclass(frozen=True)
class Questionnaire:
    """One version of a questionnaire; ``resource`` is the FHIR JSON it was read from."""

    url: str
    version: str
    title: str
    status: str
    languages: tuple[str, ...]         # the first is the one the resource is written in
    items: tuple[Item, ...]
    resource: Mapping[str, Any] = field(repr=False, compare=False)
    sums: tuple[Score, ...] = ()       # scores that items declare, which are not asked

    @property
    def slug(self) -> str:
        """Short name for files: the last part of the url."""
        return self.url.rstrip("/").replace(":", "/").rpartition("/")[2]

    @cached_property
    def order(self) -> tuple[Item, ...]:
        """Every item in document order."""
        return tuple(item for top in self.items for item in top.walk())

    @cached_property
    def _by_id(self) -> dict[str, Item]:
        return {item.link_id: item for item in self.order}

    @property
    def identity(self) -> Item | None:
        """The item that checks who answered."""
        return next((item for item in self.order if item.identity), None)

    def item(self, link_id: str) -> Item:
        """The item of that linkId; KeyError when there is none."""
        return self._by_id[link_id]
