"""Every prompt that a campaign's calls can need, known before the first call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from decimal import Decimal
from itertools import permutations, product

from followup.questionnaires.definition import Control, Item, ItemType, Questionnaire
from followup.questionnaires.values import fhir_value, together
from ivr.prompts.answers import said
from ivr.prompts.prompt import Prompt, Value, unrecorded_key
from ivr.prompts.texts import catalogue, fillers, key_name, questionnaire_texts

DAYTIME = range(8, 21)   # hours at which people ask to be called
MAX_READ_BACKS = 500     # values of one item; an item with more is read back as it comes


def campaign_prompts(questionnaire: Questionnaire, hospital: Mapping[str, str],
                     patients: Iterable[tuple[str, str]]) -> Iterator[Prompt]:
    """All prompts, each with its language.

    ``hospital``: its name by language; ``patients``: (name, department) of each.
    """
    patients = list(dict.fromkeys(patients))
    departments = list(dict.fromkeys(department for _, department in patients))
    texts = questionnaire_texts(questionnaire)
    for language in questionnaire.languages:
        own: dict[str, Value] = {
            "hospital": hospital.get(language) or next(iter(hospital.values()), "")}
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
    """When to call back, at hours and half hours of the day; others are rendered as they come."""
    for hours in range(2, 13):
        yield Prompt("call-back-in-hours", {"hours": hours}, language)
    yield Prompt("call-back-in-minutes", {"minutes": 30}, language)
    for name, hour, minute in product(("call-back-at", "call-back-tomorrow-at"), DAYTIME, (0, 30)):
        yield Prompt(name, {"time": time(hour, minute)}, language)


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
    for option in item.options:
        for name in ("heard", "heard-risky"):
            yield Prompt(name, {"value": said(item, option.value, language)}, language)
    end = item.key_for(Control.END)
    if item.is_question and end not in ("", "#"):
        for name in ("help-end", "say-it-and-press"):
            yield Prompt(name, {"key": key_name(end, language)}, language)
    if item.initial:
        value = said(item, together(item.initial), language)
        yield Prompt("on-record", {"value": value, "key": key_name(end, language)}, language)
        yield Prompt("on-record-confirm", {"value": value}, language)
    if item.repeats and item.type.has_options:
        yield from _choices(item, language)
    if isinstance(item.minimum, int | Decimal) and isinstance(item.maximum, int | Decimal):
        low, high = (int(Decimal(bound).scaleb(item.decimals))
                     for bound in (item.minimum, item.maximum))
        numbers = range(low, high + 1) if high - low < MAX_READ_BACKS else range(0)
        for number, name in product(numbers, ("read-back", "heard")):
            value = Decimal(number).scaleb(-item.decimals)
            if item.unit == "Cel":
                yield Prompt(f"{name}-temperature", {"value": value}, language)
            else:
                yield Prompt(name, {"value": said(item, fhir_value(value), language)}, language)


def _choices(item: Item, language: str) -> Iterator[Prompt]:
    """One or two options, in the order they are chosen; more are rendered as they come."""
    key = key_name(item.key_for(Control.END), language)
    one = [(option.value,) for option in item.options]
    for values in (*one, *permutations((option.value for option in item.options), 2)):
        value = said(item, together(values), language)
        yield Prompt("picked-more", {"value": value, "key": key}, language)
        if len(values) > 1:
            yield Prompt("picked-all", {"value": value}, language)
