"""Every prompt that a campaign's calls can need, known before the first call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import combinations, islice, product
from typing import Any

from followup.questionnaires.definition import Control, Item, ItemType, Questionnaire
from followup.questionnaires.units import Unit
from followup.questionnaires.values import fhir_value, fitting, together
from ivr.prompts.answers import in_both_units, said
from ivr.prompts.prompt import Prompt, Value, hospital_in, unrecorded_key
from ivr.prompts.texts import catalogue, fillers, key_name, questionnaire_texts

DAYTIME = range(8, 21)   # hours at which people ask to be called
MAX_READ_BACKS = 500     # values of one item; an item with more is read back as it comes
MAX_CHOICES = 63         # sets of one item's options: all that can be made of six


def campaign_prompts(questionnaire: Questionnaire, hospital: Mapping[str, str],
                     patients: Iterable[tuple[str, str]]) -> Iterator[Prompt]:
    """All prompts, each with its language.

    ``hospital``: its name by language; ``patients``: (name, department) of each.
    """
    patients = list(dict.fromkeys(patients))
    departments = list(dict.fromkeys(department for _, department in patients))
    texts = questionnaire_texts(questionnaire)
    for language in questionnaire.languages:
        own: dict[str, Value] = {"hospital": hospital_in(hospital, language)}
        for name, template in catalogue(language).items():
            needed = fillers(template)
            if needed <= own.keys():
                yield Prompt(name, {key: own[key] for key in needed}, language)
            elif needed == {"department"}:
                for department in departments:
                    yield Prompt(name, {"department": department}, language)
        yield from _times(language)
        for (name, spoken_in), template in texts.items():
            if spoken_in != language:
                continue
            if not fillers(template) & {"name", "department"}:
                yield Prompt(name, own, language)
                continue
            for patient, department in patients:
                yield Prompt(name, {**own, "name": patient, "department": department}, language)
        for item in questionnaire.order:
            yield from _of_item(item, language)


def _times(language: str) -> Iterator[Prompt]:
    """When to call back, every five minutes of the day, and what will not do at hours and half
    hours; others are rendered as they come."""
    for hour, minute in product(DAYTIME, range(0, 60, 5)):
        yield Prompt("call-back-at", {"time": time(hour, minute)}, language)
    for name, hour, minute in product(("time-past", "time-closed"), range(6, 24), (0, 30)):
        yield Prompt(name, {"time": time(hour, minute)}, language)
    for start, end in product(range(7, 10), range(17, 23)):
        yield Prompt("calling-hours", {"start": time(start), "end": time(end)}, language)


def _of_item(item: Item, language: str) -> Iterator[Prompt]:
    for key, other in item.language_keys.items():
        if other == language:
            yield Prompt("other-language", {"key": key}, other)
    bounds = {name: bound for name, bound in (("minimum", item.minimum),
                                              ("maximum", item.maximum)) if bound is not None}
    if bounds and item.type is not ItemType.DATE:
        yield Prompt({1: "too-low" if "minimum" in bounds else "too-high",
                      2: "out-of-range"}[len(bounds)], bounds, language)
    if key := unrecorded_key(item):
        yield Prompt("recording-choice", {"key": key}, language)
    end = item.key_for(Control.END)
    if item.is_question and end not in ("", "#"):
        for name in ("help-end", "say-it-and-press"):
            yield Prompt(name, {"key": key_name(end, language)}, language)
    if item.initial:
        value = said(item, together(item.initial), language)
        yield Prompt("on-record", {"value": value, "key": key_name(end, language)}, language)
        yield Prompt("on-record-confirm", {"value": value}, language)
    if item.type.has_options:
        yield from _choices(item, language)
    elif not item.birth_year:           # which is never read back
        yield from _values(item, language)


def _choices(item: Item, language: str) -> Iterator[Prompt]:
    """Options as they are read back, and where several may be chosen, every set of them.

    Of very many options, the smaller sets; the others are rendered as they come.
    """
    key = key_name(item.key_for(Control.END), language)
    names = ("heard", *(["heard-risky"] if item.rules else []),
             *(["picked-all"] if item.repeats else []))
    for values in islice(_sets(item), MAX_CHOICES):
        value = said(item, together(values), language)
        for name in names:
            yield Prompt(name, {"value": value}, language)
        for name in ("picked-more", "picked-before") if item.repeats else ():
            yield Prompt(name, {"value": value, "key": key}, language)


def _sets(item: Item) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """What may be chosen together, small sets first; one that stands alone comes alone."""
    other: list[Mapping[str, Any]] = [{"valueAttachment": {}}] if item.other_key else []
    beside: list[Mapping[str, Any]] = [
        *(option.value for option in item.options if not option.exclusive), *other]
    yield from ((value,) for value in
                (*beside, *(option.value for option in item.options if option.exclusive)))
    for size in range(2, min(item.max_answers, len(beside)) + 1):
        yield from combinations(beside, size)


def _values(item: Item, language: str) -> Iterator[Prompt]:
    """Numbers and dates between two bounds, unless they are very many."""
    low, high = item.minimum, item.maximum
    values: list[Decimal | date] = []
    if isinstance(low, date) and isinstance(high, date):
        if (high - low).days < MAX_READ_BACKS:
            values += [low + timedelta(day) for day in range((high - low).days + 1)]
    elif isinstance(low, int | Decimal) and isinstance(high, int | Decimal):
        first, last = (int(Decimal(bound).scaleb(item.decimals)) for bound in (low, high))
        if last - first < MAX_READ_BACKS:
            values += [Decimal(number).scaleb(-item.decimals)
                       for number in range(first, last + 1)]
    for unit in item.other_units(language):
        yield from _told_in(unit, item, language)
    for value, name in product(values, ("read-back", "heard")):
        if item.unit == "Cel" and isinstance(value, Decimal):
            yield Prompt(f"{name}-temperature", {"value": value}, language)
        else:
            yield Prompt(name, {"value": said(item, fhir_value(value), language)}, language)


def _told_in(unit: Unit, item: Item, language: str) -> Iterator[Prompt]:
    """Numbers in another unit, read back in both, unless they are very many."""
    if not isinstance(item.minimum, int | Decimal) or not isinstance(item.maximum, int | Decimal):
        return
    first, last = (int(unit.stated(Decimal(bound)).scaleb(item.decimals))
                   for bound in (item.minimum, item.maximum))
    if last - first >= MAX_READ_BACKS:
        return
    for number in range(first, last + 2):        # a bound that is rounded to may be passed
        for told, value in fitting(item, Decimal(number).scaleb(-item.decimals), [unit]):
            yield Prompt("converted", in_both_units(item, fhir_value(value), told, language),
                         language)
