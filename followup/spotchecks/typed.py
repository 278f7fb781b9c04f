"""Answers that somebody types in after a call by hand: from a form to FHIR values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from followup.errors import InvalidInput
from followup.questionnaires.definition import Item, ItemType, Operator, Questionnaire
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.link_ids import as_name
from followup.questionnaires.values import compare, fhir_value, together

TEXT_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Typed:
    """The answers to one question: what was typed, and the values it stands for."""

    item: Item
    heard: str
    values: tuple[Mapping[str, Any], ...]


def questions(questionnaire: Questionnaire) -> Iterator[Item]:
    """What can be typed in: everything that is asked and kept."""
    return (item for item in questionnaire.order if item.is_question and not item.birth_year)


def field_of(item: Item) -> str:
    """The name of a question's field in a form, and of what belongs to it on the page."""
    return f"answer-{as_name(item.link_id)}"


def read_answers(questionnaire: Questionnaire,
                 given: Mapping[str, Sequence[str]]) -> list[Typed]:
    """The answers of a form, ``{field_of(item): [as typed]}``; options by their place, 1, 2, …

    Questions left empty have none; InvalidInput names the field whose answer does not fit, or
    says that there is no answer at all. Answers to what is not asked, given the others, are left
    out.
    """
    language = questionnaire.languages[0]
    read = {}
    for item in questions(questionnaire):
        if texts := _texts(item, given.get(field_of(item), ())):
            values = tuple(_value(item, each) for each in texts)
            read[item.link_id] = Typed(item, ", ".join(
                option.text.get(language, text) if (option := item.option_of(value)) else text
                for text, value in zip(texts, values, strict=True)), values)
    asked = {item.link_id for item in enabled_items(
        questionnaire, {link_id: together(each.values) for link_id, each in read.items()})}
    kept = [each for link_id, each in read.items() if link_id in asked]
    if not kept:
        raise InvalidInput("answers: expected at least one", field="answers",
                           expected="at least one answer")
    return kept


def _texts(item: Item, typed: Sequence[str]) -> list[str]:
    texts = list(dict.fromkeys(text.strip()[:TEXT_LENGTH] for text in typed if text.strip()))
    if len(texts) > max(1, item.max_answers):
        raise _wrong(item, f"at most {max(1, item.max_answers)} answers")
    return texts


def _value(item: Item, text: str) -> Mapping[str, Any]:
    if item.options:
        if not text.isdecimal() or not 1 <= int(text) <= len(item.options):
            raise _wrong(item, "one of the options")
        return dict(item.options[int(text) - 1].value)
    if item.type is ItemType.BOOLEAN:
        if text not in ("yes", "no"):
            raise _wrong(item, "yes or no")
        return {"valueBoolean": text == "yes"}
    if item.type.is_message:
        return {"valueString": text}
    plain = _plain(item, text)
    if (item.minimum is not None and compare(plain, Operator.LESS, item.minimum)) or (
            item.maximum is not None and compare(plain, Operator.GREATER, item.maximum)):
        raise _wrong(item, f"{item.minimum} to {item.maximum}")
    return fhir_value(plain)


def _plain(item: Item, text: str) -> int | Decimal | date:
    try:
        if item.type is ItemType.DATE:
            return date.fromisoformat(text)
        number = Decimal(text)
    except (ValueError, InvalidOperation) as error:
        raise _wrong(item, "a date" if item.type is ItemType.DATE else "a number") from error
    if not number.is_finite() or abs(number) > 10 ** 9:
        raise _wrong(item, "a number")
    if item.type is ItemType.INTEGER:
        if number != int(number):
            raise _wrong(item, "a whole number")
        return int(number)
    return number


def _wrong(item: Item, expected: str) -> InvalidInput:
    return InvalidInput(f"{item.link_id}: expected {expected}", field=field_of(item),
                        expected=expected)
