"""Reads a FHIR R4 Questionnaire; one that is not sound is refused with every fault it has.

Our extensions are described in docs/questionnaires.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from followup.errors import InvalidInput
from followup.questionnaires.checks import check
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.faults import Fault
from followup.questionnaires.reader import ITEM_EXTENSIONS, Reader
from followup.questionnaires.shape import questionnaire_faults

MAX_BYTES = 1_000_000


def load_questionnaire(source: str | bytes | Mapping[str, Any], *,
                       stored: bool = False) -> Questionnaire:
    """A questionnaire from FHIR JSON; ``stored``: its shape was checked when it came in.

    Raises InvalidInput whose ``details["faults"]`` is a list of
    ``{"link_id", "field", "expected", "found"}``, one for every fault, in document order.
    """
    raw = source if isinstance(source, Mapping) else _parse(source)
    reader = Reader()
    questionnaire = reader.questionnaire(raw)
    faults = [*reader.faults, *check(questionnaire, reader.broken)]
    if not stored:
        faults += [fault for fault in questionnaire_faults(raw)
                   if not any(_same(fault, ours) for ours in faults)]
    if faults:
        ids = [item.link_id for item in questionnaire.order]
        faults.sort(key=lambda fault: ids.index(fault.link_id) if fault.link_id in ids else -1)
        raise InvalidInput(
            "the questionnaire is not sound:\n" + "\n".join(f"  {fault}" for fault in faults),
            field=faults[0].field, expected=faults[0].expected,
            faults=[fault.to_dict() for fault in faults])
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
    expected = "a FHIR R4 Questionnaire in JSON"
    if len(source) > MAX_BYTES:
        raise InvalidInput(f"the questionnaire is larger than {MAX_BYTES} bytes", field="file",
                           expected=expected, faults=[])
    try:
        raw = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not valid JSON: {error}", field="file", expected=expected,
                           faults=[]) from error
    if not isinstance(raw, dict):
        raise InvalidInput("not a JSON object", field="file", expected=expected, faults=[])
    return raw
