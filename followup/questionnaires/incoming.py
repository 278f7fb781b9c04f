"""What FHIR allows and a call could not keep to: refused where it comes in, never passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from followup.questionnaires import resource as wire
from followup.questionnaires.faults import Fault, fault
from followup.questionnaires.shape import SHOWN, Path, item_names, place_of
from followup.questionnaires.valuesets import contained_options, with_options

EXPRESSIONS = tuple(wire.SDC + name for name in (
    "enableWhenExpression", "calculatedExpression", "answerExpression",
    "answerOptionsToggleExpression"))
BOUNDS = {wire.MIN_VALUE: "minValue", wire.MAX_VALUE: "maxValue"}
_ORDERED = ("valueInteger", "valueDecimal", "valueDate")
_SPOKEN = (wire.OURS + "phone-prompt", "content")       # extensions whose valueString is said
# tabs and line ends are FHIR's too; neither PostgreSQL nor a voice takes the others
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|&(?:[A-Za-z]+|#\d+);")


def printable(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Fault]]:
    """``raw`` with a replacement mark for each control character and broken surrogate, and a
    fault for each text that held some."""
    found: list[tuple[Path, str]] = []
    clean = _clean(raw, (), found)
    names = dict(item_names(clean))
    faults = []
    for path, text in found:
        link_id, where = place_of(path, names)
        faults.append(fault(link_id, ".".join(map(str, where)), "printable", text[:SHOWN]))
    return clean, faults


def overlooked(raw: Mapping[str, Any]) -> list[Fault]:
    """What would change which items are asked, or what their answers mean, without our doing so."""
    names = dict(item_names(raw))
    faults = []
    for path, element in _objects(raw, ()):
        link_id, where = place_of(path, names)
        if "modifierExtension" in element and path and path not in names:
            faults.append(fault(link_id, ".".join(map(str, (*where, "modifierExtension"))),
                                "unsupported"))
        faults += _extension(element, link_id)
        if link_id or path[:1] == ("contained",):
            faults += _texts(element, link_id, where)
    return [*faults, *_codings(raw, names)]


def _extension(element: Mapping[str, Any], link_id: str) -> Iterator[Fault]:
    url = str(element.get("url"))
    if url in EXPRESSIONS:
        yield fault(link_id, f"extension {url}", "no-expression")
    elif url in BOUNDS and not any(kind in element for kind in _ORDERED):
        yield fault(link_id, BOUNDS[url], "value-in", elements=_ORDERED)
    elif url == wire.UNIT and "valueCoding" not in element:
        yield fault(link_id, "questionnaire-unit", "value-in", elements=("valueCoding",))


def _texts(element: Mapping[str, Any], link_id: str, where: Path) -> Iterator[Fault]:
    """Of what is said, the texts with tags or entities, which a voice would read out."""
    names = ("text", "display", *(("valueString",) if str(element.get("url")) in _SPOKEN else ()))
    for name in names:
        text = element.get(name)
        if isinstance(text, str) and _MARKUP.search(text):
            at = (*(() if where == ("item",) else where), name)
            yield fault(link_id, ".".join(map(str, at)), "plain-text", text[:SHOWN])


def _codings(raw: Mapping[str, Any], names: Mapping[Path, str]) -> Iterator[Fault]:
    """Conditions on a code of another system than the options have."""
    sets = contained_options(raw)
    items = {path: with_options(item, sets) for path, item in _objects(raw, ()) if path in names}
    systems: dict[str, set[tuple[str, str]]] = {}
    for item in items.values():
        options = item.get("answerOption")
        systems[str(item.get("linkId"))] = {
            (option["valueCoding"]["system"], str(option["valueCoding"].get("code")))
            for option in (options if isinstance(options, list) else ())
            if isinstance(option, Mapping) and isinstance(option.get("valueCoding"), Mapping)
            and isinstance(option["valueCoding"].get("system"), str)}
    for path, item in items.items():
        conditions = item.get("enableWhen")
        for place, each in enumerate(conditions if isinstance(conditions, list) else ()):
            coding = each.get("answerCoding") if isinstance(each, Mapping) else None
            if not isinstance(coding, Mapping) or not isinstance(coding.get("system"), str):
                continue
            system, wanted = coding["system"], str(coding.get("code"))
            there = {of for of, code in systems.get(str(each.get("question")), ())
                     if code == wanted}
            if there and system not in there:
                yield fault(names[path], f"enableWhen.{place}.answerCoding.system", "one-of",
                            system, values=sorted(there))


def _objects(raw: Any, at: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if isinstance(raw, Mapping):
        yield at, raw
        for name, value in raw.items():
            yield from _objects(value, (*at, name))
    elif isinstance(raw, list):
        for place, each in enumerate(raw):
            yield from _objects(each, (*at, place))


def _clean(raw: Any, at: Path, found: list[tuple[Path, str]]) -> Any:
    if isinstance(raw, Mapping):
        return {_text(name, (*at, name), found): _clean(value, (*at, name), found)
                for name, value in raw.items()}
    if isinstance(raw, list):
        return [_clean(each, (*at, place), found) for place, each in enumerate(raw)]
    return _text(raw, at, found) if isinstance(raw, str) else raw


def _text(text: str, at: Path, found: list[tuple[Path, str]]) -> str:
    clean = _UNPRINTABLE.sub("\ufffd", text)
    if clean != text:
        found.append((tuple(_UNPRINTABLE.sub("\ufffd", str(part)) if isinstance(part, str)
                            else part for part in at), clean))
    return clean
