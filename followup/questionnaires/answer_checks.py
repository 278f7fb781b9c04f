"""What must hold of several answers to one question, of values to offer, and of control keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from followup.questionnaires.definition import Control, Item, ItemType
from followup.questionnaires.faults import Fault, fault
from followup.questionnaires.values import scalar, within

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
        yield fault(item.link_id, "repeats", "asked-once")
        return
    if not 1 <= item.max_answers <= MOST:
        yield fault(item.link_id, "questionnaire-maxOccurs", "between", item.max_answers,
                    low=1, high=MOST)
    if not 1 <= item.min_answers <= item.max_answers:
        yield fault(item.link_id, "questionnaire-minOccurs", "between", item.min_answers,
                    low=1, high=item.max_answers)


def _initial(item: Item) -> Iterator[Fault]:
    if not item.initial:
        return
    if item.identity:
        yield fault(item.link_id, "initial", "unknown-beforehand")
    if len(item.initial) > item.max_answers:
        yield fault(item.link_id, "initial", "at-most-answers", len(item.initial),
                    most=item.max_answers)
    for place, value in enumerate(item.initial):
        plain = scalar(value)
        if plain is not None and item.type.has_order and not within(item, plain):
            yield fault(item.link_id, f"initial.{place}", "in-bounds", str(plain))


def _controls(item: Item) -> Iterator[Fault]:
    if item.controls and not item.is_question:
        yield fault(item.link_id, "control-key", "none-on-type", type=item.type.value)
        return
    typed = item.type.has_order
    for control, key in item.controls.items():
        if not key:
            continue
        if not re.fullmatch(r"[0-9*#]", key):
            yield fault(item.link_id, "control-key", "any-key", key)
        elif key in item.answer_keys:
            yield fault(item.link_id, "control-key", "free-key", key, control=control)
        elif typed and key.isdigit():
            yield fault(item.link_id, "control-key", "star-or-hash", key)
        elif key == "*" and control is not Control.REPEAT and item.type.is_fractional:
            yield fault(item.link_id, "control-key", "not-the-point", key)
    for key, times in Counter(filter(None, item.controls.values())).items():
        if times > 1:
            yield fault(item.link_id, "control-key", "key-once", key)
    if (item.initial or (item.repeats and item.type.has_options)) \
            and not item.key_for(Control.END):
        yield fault(item.link_id, "control-key", "end-key")
