"""Whether a resource is FHIR R4 by shape: elements, cardinalities and types, by fhir.resources.

The package has R4B, whose Questionnaire and QuestionnaireResponse are those of R4. It takes a
quarter of a second to import, so it is imported only where something comes in or goes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from followup.questionnaires.faults import Fault

Path = tuple[str | int, ...]
_SAID = {
    "extra_forbidden": "nothing of this name: it is no element of FHIR R4",
    "model_field_validation.missing": "this element, as FHIR R4 requires it",
    "fhir-validation-wrong-resource-type": "",        # told by the reader
}


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
    names = dict(_named(raw))
    found = []
    for path, code, message, value in errors:
        link_id, below = _place(path, names)
        expected = _SAID.get(code, message)
        if expected:
            found.append(Fault(link_id, ".".join(map(str, below)), expected,
                               value if isinstance(value, str | int | float | bool) else None))
    return found


def _errors(model: type[BaseModel], raw: Any, at: Path) -> Iterator[tuple[Path, str, str, Any]]:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            message = each["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            yield (*at, *each["loc"]), each["type"], message, each["input"]


def _without_value_elements(raw: Any, at: Path, found: list[tuple[Path, Any]]) -> Any:
    """A copy without the ``_valueX`` of extensions, which fhir.resources does not know of.

    They are kept in ``found``, to be judged by themselves.
    """
    if isinstance(raw, Mapping):
        copy = {}
        for name, value in raw.items():
            if "url" in raw and str(name).startswith("_value"):
                found.append(((*at, name), value))
            else:
                copy[name] = _without_value_elements(value, (*at, name), found)
        return copy
    if isinstance(raw, list):
        return [_without_value_elements(each, (*at, place), found)
                for place, each in enumerate(raw)]
    return raw


def _named(raw: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path of every item, and its linkId; one without is called by its place, as read."""
    def below(items: Any, at: Path) -> Iterator[tuple[Path, Any]]:
        for place, item in enumerate(items if isinstance(items, Sequence) else ()):
            yield (*at, "item", place), item
            if isinstance(item, Mapping):
                yield from below(item.get("item"), (*at, "item", place))

    for count, (path, item) in enumerate(below(raw.get("item"), ()), 1):
        link_id = item.get("linkId") if isinstance(item, Mapping) else None
        yield path, link_id if isinstance(link_id, str) and link_id else f"(item {count})"


def _place(path: Path, names: Mapping[Path, str]) -> tuple[str, Path]:
    """The innermost item on a path, and the rest of it."""
    for length in range(len(path), 0, -1):
        if path[:length] in names:
            return names[path[:length]], path[length:] or ("item",)
    return "", path
