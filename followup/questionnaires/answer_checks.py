"""What must hold of several answers to one question, of values to offer, and of control keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from followup.questionnaires.definition import Control, Item, ItemType, Operator
from followup.questionnaires.faults import Fault
from followup.questionnaires.values import compare, scalar

MOST = 10                    # answers by phone to one question


def answers(item: Item) -> Iterator[Fault]:
    """Faults of repeats, initial and control-key."""
    yield from _several(item)
    yield from _initial(item)
    yield from _controls(item)


def _several(item: Item) -> Iterator[Fault]:
    if not item.repeats:
        return
    if not item.is_question or item.type is ItemType.BOOLEAN or item.identity:
        yield Fault(item.link_id, "repeats", "false: a group, a yes/no question and the identity "
                    "are asked once")
        return
    if not 1 <= item.max_answers <= MOST:
        yield Fault(item.link_id, "questionnaire-maxOccurs", f"1 to {MOST}", item.max_answers)
    if not 1 <= item.min_answers <= item.max_answers:
        yield Fault(item.link_id, "questionnaire-minOccurs",
                    f"1 to maxOccurs, {item.max_answers}", item.min_answers)


def _initial(item: Item) -> Iterator[Fault]:
    if not item.initial:
        return
    if item.identity:
        yield Fault(item.link_id, "initial", "none: who answers is not known beforehand")
    if len(item.initial) > item.max_answers:
        yield Fault(item.link_id, "initial", f"at most {item.max_answers}, as many as there may "
                    "be answers", len(item.initial))
    for place, value in enumerate(item.initial):
        plain = scalar(value)
        if plain is None or not item.type.has_order:
            continue
        if (item.minimum is not None and compare(plain, Operator.LESS, item.minimum)) or (
                item.maximum is not None and compare(plain, Operator.GREATER, item.maximum)):
            yield Fault(item.link_id, f"initial.{place}", "a value within minValue and maxValue",
                        str(plain))


def _controls(item: Item) -> Iterator[Fault]:
    if item.controls and not item.is_question:
        yield Fault(item.link_id, "control-key", f"none on a {item.type.value}")
        return
    typed = item.type in (ItemType.INTEGER, ItemType.DECIMAL, ItemType.DATE)
    for control, key in item.controls.items():
        if not key:
            continue
        if not re.fullmatch(r"[0-9*#]", key):
            yield Fault(item.link_id, "control-key", "one of 0 to 9, * and #", key)
        elif key in item.answer_keys:
            yield Fault(item.link_id, "control-key", f"for {control} a key that is no answer", key)
        elif typed and key.isdigit():
            yield Fault(item.link_id, "control-key", "* or #: digits are typed here", key)
        elif key == "*" and control is not Control.REPEAT and item.type is ItemType.DECIMAL:
            yield Fault(item.link_id, "control-key", "another key: * is the decimal point here",
                        key)
    for key, times in Counter(filter(None, item.controls.values())).items():
        if times > 1:
            yield Fault(item.link_id, "control-key", "each key once", key)
    if (item.initial or (item.repeats and item.type.has_options)) \
            and not item.key_for(Control.END):
        yield Fault(item.link_id, "control-key", "a key for end: it ends the choice of several "
                    "options, and takes an initial value")
