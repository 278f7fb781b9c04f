"""What must hold for a questionnaire to be asked by phone; each breach is a ``Fault``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any

from followup.questionnaires import answer_checks, link_ids
from followup.questionnaires.definition import (
    LANGUAGES,
    Condition,
    Item,
    ItemType,
    Operator,
    Questionnaire,
    Rule,
    Scalar,
    Texts,
)
from followup.questionnaires.faults import Fault, fault
from followup.questionnaires.shape import SHOWN
from followup.questionnaires.values import scalar, within

STATUSES = ("draft", "active", "retired")
RELATIVE = "relative"                                # has answered: when is the patient there?
OUTCOMES = ("wrong_person", "call_back", "refused", RELATIVE)
VARIABLES = ("name", "hospital", "department")       # what a phone text may name in braces
_SCALARS: dict[ItemType, tuple[type, str]] = {
    ItemType.BOOLEAN: (bool, "boolean"), ItemType.CHOICE: (str, "coding"),
    ItemType.OPEN_CHOICE: (str, "coding"), ItemType.INTEGER: (int, "integer"),
    ItemType.DECIMAL: (Decimal, "decimal"), ItemType.QUANTITY: (Decimal, "decimal"),
    ItemType.DATE: (date, "date")}
_NUMBERED = (int, "integer")                         # options that are whole numbers


def check(questionnaire: Questionnaire, broken: Collection[str] = ()) -> list[Fault]:
    """Every fault; ``broken`` holds linkIds of items whose type could not be read."""
    return [found for some in checked(questionnaire, broken) for found in some]


def checked(questionnaire: Questionnaire,
            broken: Collection[str] = ()) -> Iterator[list[Fault]]:
    """The same, item by item."""
    yield list(_head(questionnaire))
    seen: dict[str, Item] = {}
    for item in questionnaire.order:
        faults = []
        if item.link_id in seen:
            faults.append(fault(item.link_id, "linkId", "link-id-once", item.link_id))
        if item.link_id not in broken:
            faults += _item(item, questionnaire)
        for condition in item.enable_when:
            if condition.question not in broken:
                faults += _condition(item, condition, seen)
        seen.setdefault(item.link_id, item)
        yield faults
    yield list(_sums(questionnaire, seen))


def _sums(questionnaire: Questionnaire, seen: Collection[str]) -> Iterator[Fault]:
    for score in questionnaire.sums:
        for rule in score.rules:
            where = f"rule.{rule.place}"
            if rule.operator is Operator.EXISTS:
                yield fault(score.link_id, f"{where}.operator", "comparison", "exists")
            elif isinstance(rule.value, bool) or not isinstance(rule.value, int | Decimal):
                yield fault(score.link_id, f"{where}.value", "value-of-type", str(rule.value),
                            type="decimal")
            yield from _texts(score.link_id, f"{where}.text", rule.text, questionnaire.languages)
        yield from _once(score.link_id, score.rules)
    ids = Counter(score.link_id for score in questionnaire.sums)
    for link_id, times in ids.items():
        if not link_ids.is_sound(link_id):
            yield fault(link_id, "linkId", "link-id", link_id[:SHOWN], most=link_ids.MOST)
        if times > 1 or link_id in seen:
            yield fault(link_id, "linkId", "link-id-once", link_id)


def _head(questionnaire: Questionnaire) -> Iterator[Fault]:
    if questionnaire.status not in STATUSES:
        yield fault("", "status", "one-of", questionnaire.status or None, values=STATUSES)
    if questionnaire.slug and not link_ids.PLAIN.fullmatch(questionnaire.slug):
        yield fault("", "url", "url", questionnaire.url)
    for language in questionnaire.languages:
        if language not in LANGUAGES:
            yield fault("", "language", "one-of", language, values=LANGUAGES)
    questions = [item for item in questionnaire.order if item.is_question]
    if not questions:
        yield fault("", "item", "a-question")
    for item in questionnaire.order:
        if item.identity and item is not next(iter(questions), None):
            yield fault(item.link_id, "role", "identity-first", "identity")
        elif item.identity and not (item.type is ItemType.CHOICE and item.required
                                    and not item.enable_when):
            yield fault(item.link_id, "role", "identity-choice")
        if item.birth_year and not _sound_birth_year(item, questions):
            yield fault(item.link_id, "role", "birth-year", "birth-year")


def before_identity(questionnaire: Questionnaire) -> Iterator[Fault]:
    """Whatever is said to somebody unknown may not name the department."""
    order = questionnaire.order
    known = max((place for place, item in enumerate(order, 1) if item.identity or item.birth_year),
                default=0)
    for item in order[:known]:
        for language in questionnaire.languages:
            heading = item.type is ItemType.GROUP            # is not said to strangers
            text = item.prompt.get(language) or ("" if heading else item.text.get(language, ""))
            if "{department" in text.replace("{{", ""):
                yield fault(item.link_id, "phone-prompt", "no-department")


def _sound_birth_year(item: Item, questions: Sequence[Item]) -> bool:
    return len(questions) > 1 and questions[0].identity and questions[1] is item \
        and item.type is ItemType.INTEGER and item.required and item.parent is None \
        and not (item.enable_when or item.rules or item.items or item.repeats or item.initial)


def _item(item: Item, questionnaire: Questionnaire) -> Iterator[Fault]:
    link_id, languages = item.link_id, questionnaire.languages
    if not link_ids.is_sound(link_id):
        yield fault(link_id, "linkId", "link-id", link_id[:SHOWN], most=link_ids.MOST)
    if item.type is not ItemType.GROUP or item.text or item.prompt:
        yield from _texts(link_id, "text", item.text, languages, spoken=True)
    if item.prompt:
        yield from _texts(link_id, "phone-prompt", item.prompt, languages, spoken=True)
    if item.type is ItemType.GROUP and not item.items \
            and all(score.below != link_id for score in questionnaire.sums):
        yield fault(link_id, "item", "below-group")
    if item.type is ItemType.DISPLAY and item.items:
        yield fault(link_id, "item", "below-display")
    if not item.is_question:
        for name, there in (("required", item.required), ("rule", item.rules),
                            ("ask-before-agent", item.ask_before_agent)):
            if there:
                yield fault(link_id, name, "none-on-type", type=item.type.value)
    if not 1 <= item.max_seconds <= 300:
        yield fault(link_id, "max-seconds", "between", item.max_seconds, low=1, high=300)
    yield from _range(item)
    yield from _units(item, languages)
    yield from _options(item, languages)
    yield from _rules(item, languages)
    yield from answer_checks.answers(item)


def variables(template: str) -> set[str]:
    """The names in braces of a phone text; ValueError when the braces do not match."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _texts(link_id: str, where: str, found: Texts, languages: Collection[str],
           spoken: bool = False) -> Iterator[Fault]:
    for language in languages:
        text = found.get(language, "").strip()
        if not text:
            yield fault(link_id, where, "text-in", language=language)
            continue
        try:
            unknown = variables(text) - set(VARIABLES) if spoken else set()
        except ValueError:
            yield fault(link_id, where, "braces", text)
            continue
        for name in sorted(unknown):
            yield fault(link_id, where, "variables", name, names=VARIABLES)


def _answered_by(item: Item) -> tuple[type, str]:
    return _NUMBERED if item.is_numbered else _SCALARS.get(item.type, (str, "string"))


def _fits(item: Item, value: Scalar) -> bool:
    expected, _ = _answered_by(item)
    if expected is Decimal and isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))


def _range(item: Item) -> Iterator[Fault]:
    given = [(name, value) for name, value in (("minValue", item.minimum),
                                               ("maxValue", item.maximum)) if value is not None]
    if given and not item.type.has_order:
        yield fault(item.link_id, given[0][0], "none-on-type", type=item.type.value)
        return
    wrong = [name for name, value in given if not _fits(item, value)]
    for name in wrong:
        yield fault(item.link_id, name, "value-of-type", type=_SCALARS[item.type][1])
    if len(given) == 2 and not wrong:
        low: Any = item.minimum
        if low > item.maximum:
            yield fault(item.link_id, "minValue", "at-most-maximum", str(low),
                        maximum=str(item.maximum))
    # keys cannot say a minus sign
    if item.type.is_number and not wrong and given \
            and any(isinstance(value, int | Decimal) and value < 0 for _, value in given):
        yield fault(item.link_id, "minValue", "no-minus", str(item.minimum))
    if item.decimals and not item.type.is_fractional:
        yield fault(item.link_id, "maxDecimalPlaces", "decimals-only")
    elif not 0 <= item.decimals <= 4:
        yield fault(item.link_id, "maxDecimalPlaces", "between", item.decimals, low=0, high=4)


def _units(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    declared = [unit for unit in item.units if unit.place >= 0]
    number = item.type.is_number
    for name, there in (("unit-option", declared), ("spoken-value", item.spoken_values)):
        if there and not number:
            yield fault(item.link_id, name, "none-on-type", type=item.type.value)
    for spoken in item.spoken_values if number else ():
        if not _fits(item, spoken.value):
            yield fault(item.link_id, f"spoken-value.{spoken.place}", "value-of-type",
                        str(spoken.value), type=_SCALARS[item.type][1])
        elif not within(item, spoken.value):
            yield fault(item.link_id, f"spoken-value.{spoken.place}", "in-bounds",
                        str(spoken.value))
    if not number:
        return
    if declared and not item.unit:
        yield fault(item.link_id, "unit-option", "own-unit")
    for unit in declared:
        yield from _texts(item.link_id, f"unit-option.{unit.place}.unit", unit.text, languages)
        for language in unit.usual:
            if language not in languages:
                yield fault(item.link_id, f"unit-option.{unit.place}.usual", "own-language",
                            language)


def _options(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    link_id = item.link_id
    if item.type in (ItemType.CHOICE, ItemType.OPEN_CHOICE) and not item.options:
        yield fault(link_id, "answerOption", "an-option")
    keys: Counter[str] = Counter(list(item.language_keys))
    if item.type is ItemType.OPEN_CHOICE:
        if not item.other_key:
            yield fault(link_id, "other-key", "other-key")
        else:
            keys[item.other_key] += 1
    elif item.other_key:
        yield fault(link_id, "other-key", "open-choice-only")
    if item.language_keys and not item.type.has_options:
        yield fault(link_id, "language-key", "options-only")
    for language in item.language_keys.values():
        if language not in languages:
            yield fault(link_id, "language-key", "own-language", language)
    codes: Counter[str] = Counter()
    numbers = [option.value["valueInteger"] for option in item.options
               if "valueInteger" in option.value]
    if numbers and not item.is_numbered:
        yield fault(link_id, "answerOption", "numbers-only")
    if any(number < 0 for number in numbers):
        yield fault(link_id, "answerOption", "no-minus", min(numbers))
    for option in item.options:
        keys.update(option.keys)
        if item.type is not ItemType.BOOLEAN:
            codes[str(scalar(option.value))] += 1
            name = "display" if "valueCoding" in option.value else next(iter(option.value))
            yield from _texts(link_id, f"answerOption.{option.place}.{name}", option.text,
                              languages)
        if option.outcome is not None and not item.identity:
            yield fault(link_id, f"answerOption.{option.place}.outcome", "identity-outcome",
                        option.outcome)
        elif option.outcome is not None and option.outcome not in OUTCOMES:
            yield fault(link_id, f"answerOption.{option.place}.outcome", "one-of",
                        option.outcome, values=OUTCOMES)
    for key, times in keys.items():
        if not re.fullmatch("[0-9]", key):
            yield fault(link_id, "key", "digit", key)
        elif times > 1:
            yield fault(link_id, "key", "key-once", key)
    for code, times in codes.items():
        if times > 1:
            yield fault(link_id, "answerOption", "code-once", code)


def _rules(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    if item.rules and item.is_question and item.type not in _SCALARS:
        yield fault(item.link_id, "rule", "none-on-type", type=item.type.value)
        return
    for rule in item.rules if item.is_question else ():
        where = f"rule.{rule.place}"
        if rule.operator is Operator.EXISTS:
            yield fault(item.link_id, f"{where}.operator", "comparison", "exists")
        else:
            yield from _comparison(item, item.link_id, where, rule.operator, rule.value)
        yield from _texts(item.link_id, f"{where}.text", rule.text, languages)
    yield from _once(item.link_id, item.rules)


def _once(link_id: str, rules: Sequence[Rule]) -> Iterator[Fault]:
    for name, times in Counter(rule.id for rule in rules).items():
        if times > 1:
            yield fault(link_id, "rule.id", "id-once", name)


def _comparison(question: Item, link_id: str, where: str, operator: Operator,
                value: Scalar) -> Iterator[Fault]:
    """Whether answers to ``question`` can be compared so; the fault is ``link_id``'s."""
    ordered = question.type.has_order or question.is_numbered
    if operator not in (Operator.EQUAL, Operator.NOT_EQUAL) and not ordered:
        yield fault(link_id, f"{where}.operator", "equality", operator.value,
                    type=question.type.value)
    if not _fits(question, value):
        yield fault(link_id, f"{where}.value", "value-like", str(value),
                    type=_answered_by(question)[1], question=question.link_id)
    elif question.type in (ItemType.CHOICE, ItemType.OPEN_CHOICE):
        codes = [scalar(option.value) for option in question.options]
        if value not in codes and operator in (Operator.EQUAL, Operator.NOT_EQUAL):
            yield fault(link_id, f"{where}.value", "code-among", value, codes=codes)


def _condition(item: Item, condition: Condition, earlier: dict[str, Item]) -> Iterator[Fault]:
    where = f"enableWhen.{condition.place}"
    question = earlier.get(condition.question)
    if question is None or not question.is_question or question.birth_year:
        yield fault(item.link_id, f"{where}.question", "earlier", condition.question)
    elif condition.operator is Operator.EXISTS:
        if not isinstance(condition.value, bool):
            yield fault(item.link_id, where, "exists-truth")
    elif question.type.is_message:
        yield fault(item.link_id, f"{where}.operator", "exists-only", condition.operator.value)
    else:
        if condition.unit and condition.unit != question.unit:
            yield fault(item.link_id, f"{where}.answerQuantity.code", "one-of", condition.unit,
                        values=(question.unit,))
        yield from _comparison(question, item.link_id, where, condition.operator,
                               condition.value)
