"""Answers that a value set within the questionnaire lists, as the options they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from followup.questionnaires.resource import TRANSLATION, WEIGHTS

Options = list[dict[str, Any]]               # FHIR answerOption


def contained_options(raw: Mapping[str, Any]) -> dict[str, Options]:
    """``#id`` -> options, of every contained ValueSet that lists its codes and leaves none open."""
    contained = raw.get("contained")
    found = {}
    for each in contained if isinstance(contained, list) else ():
        if isinstance(each, Mapping) and each.get("resourceType") == "ValueSet" \
                and isinstance(each.get("id"), str) and (options := _options(each)):
            found[f"#{each['id']}"] = options
    return found


def with_options(raw: Mapping[str, Any], sets: Mapping[str, Options]) -> Mapping[str, Any]:
    """An item with the options of its value set in the set's place, where that is known."""
    named = raw.get("answerValueSet")
    if not isinstance(named, str) or named not in sets or "answerOption" in raw:
        return raw
    kept = {name: value for name, value in raw.items() if name != "answerValueSet"}
    return {**kept, "answerOption": sets[named]}


def _options(value_set: Mapping[str, Any]) -> Options:
    """None of them where a part of the set is told by a rule, and not listed."""
    codings = list(_expanded(value_set) if "expansion" in value_set else _composed(value_set))
    return [] if None in codings else [{"valueCoding": coding} for coding in codings if coding]


def _expanded(value_set: Mapping[str, Any]) -> Iterator[dict[str, Any] | None]:
    expansion = value_set["expansion"]
    contains = expansion.get("contains") if isinstance(expansion, Mapping) else None
    for entry in contains if isinstance(contains, list) else ():
        plain = isinstance(entry, Mapping) and not any(
            entry.get(name) for name in ("contains", "abstract", "inactive"))
        yield _coding(entry.get("system"), entry) if plain else None


def _composed(value_set: Mapping[str, Any]) -> Iterator[dict[str, Any] | None]:
    compose = value_set.get("compose")
    include = compose.get("include") if isinstance(compose, Mapping) else None
    if not isinstance(compose, Mapping) or not isinstance(include, list) or "exclude" in compose:
        yield None
        return
    for part in include:
        concepts = part.get("concept") if isinstance(part, Mapping) else None
        if not isinstance(concepts, list) or "filter" in part or "valueSet" in part:
            yield None
            continue
        for concept in concepts:
            yield _coding(part.get("system"), concept) if isinstance(concept, Mapping) else None


def _coding(system: Any, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A concept as a coding; its designations are translations of its display."""
    designations = entry.get("designation")
    translations = [{"url": TRANSLATION, "extension": [
        {"url": "lang", "valueCode": each["language"]},
        {"url": "content", "valueString": each["value"]}]}
        for each in (designations if isinstance(designations, list) else ())
        if isinstance(each, Mapping) and "language" in each and "value" in each]
    display = {"extension": translations} if translations else None
    found = {"system": system, "code": entry.get("code"), "display": entry.get("display"),
             "extension": _weights(entry), "_display": entry.get("_display") or display}
    return {name: value for name, value in found.items() if value is not None}


def _weights(entry: Mapping[str, Any]) -> list[Any] | None:
    extensions = entry.get("extension")
    return [each for each in (extensions if isinstance(extensions, list) else ())
            if isinstance(each, Mapping) and each.get("url") in WEIGHTS] or None
