"""What must hold for a questionnaire to be asked by phone; each breach is a ``Fault``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any

from followup.questionnaires import answer_checks
from followup.questionnaires.definition import (
    LANGUAGES,
    Condition,
    Item,
    ItemType,
    Operator,
    Questionnaire,
    Scalar,
    Texts,
)
from followup.questionnaires.faults import Fault

STATUSES = ("draft", "active", "retired")
RELATIVE = "relative"                                # has answered: when is the patient there?
OUTCOMES = ("wrong_person", "call_back", "refused", RELATIVE)
VARIABLES = ("name", "hospital", "department")       # what a phone text may name in braces
_LINK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")    # it also names sound files
_SCALARS: dict[ItemType, tuple[type, str]] = {
    ItemType.BOOLEAN: (bool, "a boolean"), ItemType.CHOICE: (str, "a coding"),
    ItemType.OPEN_CHOICE: (str, "a coding"), ItemType.INTEGER: (int, "an integer"),
    ItemType.DECIMAL: (Decimal, "a decimal"), ItemType.DATE: (date, "a date")}


def check(questionnaire: Questionnaire, broken: Collection[str] = ()) -> list[Fault]:
    """Every fault; ``broken`` holds linkIds of items whose type could not be read."""
    faults = list(_head(questionnaire))
    seen: dict[str, Item] = {}
    for item in questionnaire.order:
        if item.link_id in seen:
            faults.append(Fault(item.link_id, "linkId", "a linkId used once only", item.link_id))
        if item.link_id not in broken:
            faults += _item(item, questionnaire.languages)
        for condition in item.enable_when:
            if condition.question not in broken:
                faults += _condition(item, condition, seen)
        seen.setdefault(item.link_id, item)
    return faults


def _head(questionnaire: Questionnaire) -> Iterator[Fault]:
    if questionnaire.status not in STATUSES:
        yield Fault("", "status", "one of " + ", ".join(STATUSES), questionnaire.status or None)
    if questionnaire.slug and not _LINK_ID.fullmatch(questionnaire.slug):
        yield Fault("", "url", "a url whose last part has letters, digits, . _ and - only",
                    questionnaire.url)
    for language in questionnaire.languages:
        if language not in LANGUAGES:
            yield Fault("", "language", "one of " + ", ".join(LANGUAGES), language)
    questions = [item for item in questionnaire.order if item.is_question]
    if not questions:
        yield Fault("", "item", "at least one question")
    for item in questionnaire.order:
        if item.identity and item is not next(iter(questions), None):
            yield Fault(item.link_id, "role", "identity on the first question only", "identity")
        elif item.identity and not (item.type is ItemType.CHOICE and item.required
                                    and not item.enable_when):
            yield Fault(item.link_id, "role", "identity on a required choice without enableWhen")
        if item.birth_year and not _sound_birth_year(item, questions):
            yield Fault(item.link_id, "role", "birth-year on a required integer right after the "
                        "identity question, without enableWhen, rule, repeats, initial or items "
                        "below", "birth-year")


def _sound_birth_year(item: Item, questions: Sequence[Item]) -> bool:
    return len(questions) > 1 and questions[0].identity and questions[1] is item \
        and item.type is ItemType.INTEGER and item.required and item.parent is None \
        and not (item.enable_when or item.rules or item.items or item.repeats or item.initial)


def _item(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    link_id = item.link_id
    if not _LINK_ID.fullmatch(link_id) and not link_id.startswith("(item "):
        yield Fault(link_id, "linkId", "up to 64 letters, digits, . _ and -, a letter or digit "
                    "first", link_id)
    if item.type is not ItemType.GROUP or item.text or item.prompt:
        yield from _texts(link_id, "text", item.text, languages, spoken=True)
    if item.prompt:
        yield from _texts(link_id, "phone-prompt", item.prompt, languages, spoken=True)
    for language in ((item.identity or item.birth_year) and languages) or ():
        if "department" in variables(item.prompt.get(language) or item.text.get(language, "")):
            yield Fault(link_id, "phone-prompt", "no {department} before the identity is known")
    if item.type is ItemType.GROUP and not item.items:
        yield Fault(link_id, "item", "at least one item in a group")
    if item.type is ItemType.DISPLAY and item.items:
        yield Fault(link_id, "item", "nothing below a display")
    if not item.is_question:
        for name, there in (("required", item.required), ("rule", item.rules),
                            ("ask-before-agent", item.ask_before_agent)):
            if there:
                yield Fault(link_id, name, f"none on a {item.type.value}")
    if not 1 <= item.max_seconds <= 300:
        yield Fault(link_id, "max-seconds", "1 to 300", item.max_seconds)
    yield from _range(item)
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
            yield Fault(link_id, where, f"a text in {language}")
            continue
        try:
            unknown = variables(text) - set(VARIABLES) if spoken else set()
        except ValueError:
            yield Fault(link_id, where, "matching braces", text)
            continue
        for name in sorted(unknown):
            yield Fault(link_id, where, "only {" + "}, {".join(VARIABLES) + "} in braces", name)


def _fits(kind: ItemType, value: Scalar) -> bool:
    expected = _SCALARS[kind][0] if kind in _SCALARS else str
    if kind is ItemType.DECIMAL and isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))


def _range(item: Item) -> Iterator[Fault]:
    given = [(name, value) for name, value in (("minValue", item.minimum),
                                               ("maxValue", item.maximum)) if value is not None]
    if given and not item.type.has_order:
        yield Fault(item.link_id, given[0][0], f"none on a {item.type.value}")
        return
    wrong = [name for name, value in given if not _fits(item.type, value)]
    for name in wrong:
        yield Fault(item.link_id, name, f"{_SCALARS[item.type][1]}, as the item is one")
    if len(given) == 2 and not wrong:
        low: Any = item.minimum
        if low > item.maximum:
            yield Fault(item.link_id, "minValue", f"at most maxValue, {item.maximum}", str(low))
    # keys cannot say a minus sign
    if item.type in (ItemType.INTEGER, ItemType.DECIMAL) and not wrong and given \
            and any(isinstance(value, int | Decimal) and value < 0 for _, value in given):
        yield Fault(item.link_id, "minValue", "0 or more: keys have no minus sign",
                    str(item.minimum))
    if item.decimals and item.type is not ItemType.DECIMAL:
        yield Fault(item.link_id, "maxDecimalPlaces", "none unless the item is a decimal")
    elif not 0 <= item.decimals <= 4:
        yield Fault(item.link_id, "maxDecimalPlaces", "0 to 4", item.decimals)


def _options(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    link_id = item.link_id
    if item.type in (ItemType.CHOICE, ItemType.OPEN_CHOICE) and not item.options:
        yield Fault(link_id, "answerOption", "at least one option")
    keys: Counter[str] = Counter(list(item.language_keys))
    if item.type is ItemType.OPEN_CHOICE:
        if not item.other_key:
            yield Fault(link_id, "other-key", "the digit for an answer in one's own words")
        else:
            keys[item.other_key] += 1
    elif item.other_key:
        yield Fault(link_id, "other-key", "none unless the item is an open-choice")
    if item.language_keys and not item.type.has_options:
        yield Fault(link_id, "language-key", "none unless one of several options is picked")
    for language in item.language_keys.values():
        if language not in languages:
            yield Fault(link_id, "language-key", "a language of the questionnaire", language)
    codes: Counter[str] = Counter()
    for option in item.options:
        keys.update(option.keys)
        if item.type is not ItemType.BOOLEAN:
            codes[option.value["valueCoding"]["code"]] += 1
            yield from _texts(link_id, f"answerOption.{option.place}.display", option.text,
                              languages)
        if option.outcome is not None and not item.identity:
            yield Fault(link_id, f"answerOption.{option.place}.outcome", "none: only the identity "
                        "question may end a call", option.outcome)
        elif option.outcome is not None and option.outcome not in OUTCOMES:
            yield Fault(link_id, f"answerOption.{option.place}.outcome",
                        "one of " + ", ".join(OUTCOMES), option.outcome)
    for key, times in keys.items():
        if not re.fullmatch("[0-9]", key):
            yield Fault(link_id, "key", "one digit from 0 to 9", key)
        elif times > 1:
            yield Fault(link_id, "key", "each key once", key)
    for code, times in codes.items():
        if times > 1:
            yield Fault(link_id, "answerOption", "each code once", code)


def _rules(item: Item, languages: Collection[str]) -> Iterator[Fault]:
    if item.rules and item.is_question and item.type not in _SCALARS:
        yield Fault(item.link_id, "rule", f"none on a {item.type.value}")
        return
    for rule in item.rules if item.is_question else ():
        where = f"rule.{rule.place}"
        if rule.operator is Operator.EXISTS:
            yield Fault(item.link_id, f"{where}.operator", "a comparison with a value", "exists")
        else:
            yield from _comparison(item, item.link_id, where, rule.operator, rule.value)
        yield from _texts(item.link_id, f"{where}.text", rule.text, languages)
    for name, times in Counter(rule.id for rule in item.rules).items():
        if times > 1:
            yield Fault(item.link_id, "rule.id", "each id once", name)


def _comparison(question: Item, link_id: str, where: str, operator: Operator,
                value: Scalar) -> Iterator[Fault]:
    """Whether answers to ``question`` can be compared so; the fault is ``link_id``'s."""
    if operator not in (Operator.EQUAL, Operator.NOT_EQUAL) and not question.type.has_order:
        yield Fault(link_id, f"{where}.operator", f"= or != for a {question.type.value}",
                    operator.value)
    if not _fits(question.type, value):
        yield Fault(link_id, f"{where}.value", f"{_SCALARS[question.type][1]}, as "
                    f"{question.link_id} is one", str(value))
    elif question.type in (ItemType.CHOICE, ItemType.OPEN_CHOICE):
        codes = [option.value["valueCoding"]["code"] for option in question.options]
        if value not in codes:
            yield Fault(link_id, f"{where}.value", "a code among " + ", ".join(codes), value)


def _condition(item: Item, condition: Condition, earlier: dict[str, Item]) -> Iterator[Fault]:
    where = f"enableWhen.{condition.place}"
    question = earlier.get(condition.question)
    if question is None or not question.is_question or question.birth_year:
        yield Fault(item.link_id, f"{where}.question", "the linkId of an earlier question",
                    condition.question)
    elif condition.operator is Operator.EXISTS:
        if not isinstance(condition.value, bool):
            yield Fault(item.link_id, where, "an answerBoolean with exists")
    elif question.type is ItemType.TEXT:
        yield Fault(item.link_id, f"{where}.operator", "exists for a voice message",
                    condition.operator.value)
    else:
        yield from _comparison(question, item.link_id, where, condition.operator,
                               condition.value)
