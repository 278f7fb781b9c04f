"""Whether a resource is FHIR R4 by shape: elements, cardinalities and types, by fhir.resources.

The package has R4B, whose Questionnaire and QuestionnaireResponse are those of R4. It takes a
quarter of a second to import, so it is imported only where something comes in or goes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from followup.questionnaires.faults import Fault, fault

Path = tuple[str | int, ...]
SHOWN = 80                                             # characters of a text in a fault
OTHER = "shape"                                        # has no words of ours: told as it is
CODES = {                                              # pydantic's types of error, by our codes
    "element": ("extra_forbidden",),
    "needed": ("model_field_validation.missing", "missing"),
    "text": ("string_type", "string_sub_type", "string_unicode"),
    "not-empty": ("string_too_short",),
    "text-at-most": ("string_too_long",),
    "truth": ("bool_type", "bool_parsing"),
    "whole-number": ("int_type", "int_parsing", "int_parsing_size", "int_from_float"),
    "number": ("number", "float_type", "float_parsing", "decimal_type", "decimal_parsing",
               "finite_number"),
    "list": ("list_type",),
    "object": ("dict_type", "model_type", "model_attributes_type", "model_validation_format"),
    "day": ("date", "date_type", "date_parsing", "date_from_datetime_parsing",
            "date_from_datetime_inexact"),
    "moment": ("datetime_type", "datetime_parsing", "datetime_from_date_parsing",
               "timezone_aware"),
}
_CODE = {kind: code for code, kinds in CODES.items() for kind in kinds}
_TOLD_BY_READER = "fhir-validation-wrong-resource-type"
_MESSAGES = (("moment", ("Date", "Instant")), ("one-value", ("Any of one", "Expect any")))


def questionnaire_faults(raw: Mapping[str, Any]) -> list[Fault]:
    """Where ``raw`` is no FHIR R4 Questionnaire, each fault with the linkId it stands under."""
    from fhir.resources.R4B.questionnaire import Questionnaire

    return _faults(Questionnaire, raw)


def response_faults(raw: Mapping[str, Any]) -> list[Fault]:
    """Where ``raw`` is no FHIR R4 QuestionnaireResponse."""
    from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

    return _faults(QuestionnaireResponse, raw)


def _faults(model: type[BaseModel], raw: Mapping[str, Any]) -> list[Fault]:
    from fhir.resources.R4B.element import Element

    beside: list[tuple[Path, Any]] = []
    errors = list(_errors(model, _without_value_elements(raw, (), beside), ()))
    for path, element in beside:
        errors += _errors(Element, element, path)
    names = dict(item_names(raw))
    return [shape_fault(*place_of(path, names), error) for path, error in errors]


def shape_fault(link_id: str, where: Path, error: Mapping[str, Any]) -> Fault:
    """The fault that one of pydantic's errors is."""
    place, given = ".".join(map(str, where)), error["input"]
    found = given[:SHOWN] if isinstance(given, str) else given \
        if isinstance(given, int | float) else None
    said = str(error["msg"]).removeprefix("Value error, ")
    code = _CODE.get(error["type"]) or next(
        (ours for ours, starts in _MESSAGES if said.startswith(starts)), OTHER)
    params = {"text-at-most": {"most": error.get("ctx", {}).get("max_length")},
              OTHER: {"said": said}}
    return fault(link_id, place, code, found, **params.get(code, {}))


def _errors(model: type[BaseModel], raw: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        yield from (((*at, *each["loc"]), each) for each in error.errors(include_url=False)
                    if each["type"] != _TOLD_BY_READER)
    except (AttributeError, TypeError) as error:       # of fhir.resources, over strange input
        yield at, {"type": "", "msg": str(error), "input": None}


def _without_value_elements(raw: Any, at: Path, found: list[tuple[Path, Any]]) -> Any:
    """A copy without the ``_valueX`` of extensions, which fhir.resources does not know of, and
    without any ``_name`` that is no object, over which it stumbles.

    They are kept in ``found``, to be judged by themselves.
    """
    if isinstance(raw, Mapping):
        copy = {}
        for name, value in raw.items():
            beside = str(name).startswith("_")
            if beside and (("url" in raw and str(name).startswith("_value"))
                           or not isinstance(value, Mapping | list)):
                found.append(((*at, name), value))
            else:
                copy[name] = _without_value_elements(value, (*at, name), found)
        return copy
    if isinstance(raw, list):
        return [_without_value_elements(each, (*at, place), found)
                for place, each in enumerate(raw)]
    return raw


def item_names(raw: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path of every item, and its linkId; one without is called by its place, as read."""
    def below(items: Any, at: Path) -> Iterator[tuple[Path, Any]]:
        for place, item in enumerate(items if isinstance(items, Sequence) else ()):
            yield (*at, "item", place), item
            if isinstance(item, Mapping):
                yield from below(item.get("item"), (*at, "item", place))

    for count, (path, item) in enumerate(below(raw.get("item"), ()), 1):
        link_id = item.get("linkId") if isinstance(item, Mapping) else None
        yield path, link_id if isinstance(link_id, str) and link_id else f"(item {count})"


def place_of(path: Path, names: Mapping[Path, str]) -> tuple[str, Path]:
    """The innermost item on a path, and the rest of it."""
    for length in range(len(path), 0, -1):
        if path[:length] in names:
            return names[path[:length]], path[length:] or ("item",)
    return "", path
