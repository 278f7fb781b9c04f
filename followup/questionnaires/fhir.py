"""Reads a FHIR R4 Questionnaire; one that is not sound is refused with every fault it has.

Our extensions are described in docs/questionnaires.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from followup.questionnaires.checks import before_identity, checked
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.faults import Fault, UnsoundQuestionnaire, fault
from followup.questionnaires.incoming import overlooked, printable
from followup.questionnaires.reader import ITEM_EXTENSIONS, Reader, Steps
from followup.questionnaires.shape import questionnaire_faults
from followup.questionnaires.summing import CALCULATED

MAX_BYTES = 1_000_000


def load_questionnaire(source: str | bytes | Mapping[str, Any], *,
                       stored: bool = False) -> Questionnaire:
    """A questionnaire from FHIR JSON; ``stored``: its shape and texts were checked as it came in.

    Raises UnsoundQuestionnaire with every fault, in document order.
    """
    steps = reading(source if isinstance(source, Mapping) else _parse(source), stored=stored)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            read: Questionnaire = end.value
            return read


def reading(raw: Mapping[str, Any], *, stored: bool = False) -> Steps[Questionnaire]:
    """The same item by item, for who may not be held up: a long one takes 20 ms."""
    raw, unprintable = (raw, []) if stored else printable(raw)
    reader = Reader()
    questionnaire = yield from reader.questionnaire(raw)
    faults = [*unprintable, *reader.faults]
    for found in checked(questionnaire, reader.broken):
        faults += found
        yield
    if not stored:
        sums = {score.link_id for score in questionnaire.sums}
        faults += [*before_identity(questionnaire),
                   *(each for each in overlooked(raw)
                     if each.field != CALCULATED or each.link_id not in sums)]
        faults += [each for each in questionnaire_faults(raw)
                   if not any(_same(each, ours) for ours in faults)]
    if faults:
        ids = [item.link_id for item in questionnaire.order]
        faults.sort(key=lambda each: ids.index(each.link_id) if each.link_id in ids else -1)
        raise UnsoundQuestionnaire(faults)
    return questionnaire


def _same(one: Fault, other: Fault) -> bool:
    """Whether two faults are about one element: our own words for it come first, and once."""
    (first, *_), (second, *_) = _element(one.field), _element(other.field)
    places = zip(_element(one.field)[1:2], _element(other.field)[1:2], strict=False)
    return (one.link_id, first) == (other.link_id, second) and all(
        here == there for here, there in places if here.isdigit() and there.isdigit())


def _element(where: str) -> list[str]:
    path = where.removeprefix("_").split(".")
    if path[0] in ITEM_EXTENSIONS or path[0].startswith("extension "):
        return ["extension"]
    return path


def _parse(source: str | bytes) -> Mapping[str, Any]:
    if len(source) > MAX_BYTES:
        raise UnsoundQuestionnaire([fault("", "file", "size", len(source), most=MAX_BYTES)])
    try:
        raw = json.loads(source)
    except json.JSONDecodeError as error:
        raise UnsoundQuestionnaire([
            fault("", "file", "json", line=error.lineno, column=error.colno)]) from error
    except UnicodeDecodeError as error:
        raise UnsoundQuestionnaire([fault("", "file", "utf-8")]) from error
    except (ValueError, RecursionError) as error:      # a number of 5000 digits, or [[[[…
        raise UnsoundQuestionnaire([fault("", "file", "flat-json")]) from error
    if not isinstance(raw, dict):
        raise UnsoundQuestionnaire([fault("", "file", "resource")])
    return raw
