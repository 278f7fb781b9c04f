"""FHIRPath of a calculatedExpression that is a plain sum of weights; no other is understood.

The common forms: ``%resource.item.where(linkId='g').item.answer.value.ordinal().sum()`` (also with
``weight()``, ``repeat(item)``, ``descendants()``, ``answers()``), and ``%a + %b`` or
``iif(%any, iif(%a.exists(), %a, 0) + …, {})`` where each variable looks up one question's weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ROOT = re.compile(r"(?:%resource|%context|QuestionnaireResponse)\.")
_END = re.compile(r"\.(?:ordinal|weight)\(\)(?:\.sum\(\))?$")
_STEP = re.compile(r"\.?(?P<name>item|answer|value|repeat\(item\)|descendants\(\)|answers\(\)"
                   r"|where\(linkId(?P<not>!?)='(?P<id>[^'\\]+)'\))(?=\.|$)")
_PATH = r"(?:\.item(?:\.where\(linkId='[^'\\]+'\))?)*?\.item\.where\(linkId='(?P<{}>[^'\\]+)'\)"
_LOOKED_UP = re.compile(
    "%questionnaire" + _PATH.format("asked") + r"\.answerOption\.where\(valueCoding\.code=%resource"
    + _PATH.format("given") + r"\.answer\.(?:valueCoding|value)\.code\)\.extension"
    r"\.where\(url='http://hl7\.org/fhir/StructureDefinition/"
    r"(?:questionnaire-)?(?:ordinalValue|itemWeight)'\)\.(?:valueDecimal|value)")
_GUARDED = re.compile(r"iif\(%\w+,(.+),\{\}\)")
_TERM = re.compile(r"iif\(%(\w+)\.exists\(\),%\1,0\)|%(\w+)")
_QUOTED = re.compile(r"('[^']*')")
_DEEPEST = 4                                         # variables that name variables
Json = Mapping[str, Any]


def summed(expression: str, variables: Mapping[str, str], raw: Json) -> frozenset[str] | None:
    """The linkIds whose weights are added up; None where the expression is no such sum.

    ``variables``: name -> expression, ``raw``: the FHIR Questionnaire.
    """
    return _summed(_compact(expression), variables, raw, _DEEPEST)


def _summed(text: str, variables: Mapping[str, str], raw: Json,
            left: int) -> frozenset[str] | None:
    if not left:
        return None
    if guarded := _GUARDED.fullmatch(text):
        text = guarded[1]
    if looked := _LOOKED_UP.fullmatch(text):
        return frozenset({looked["asked"]}) if looked["asked"] == looked["given"] else None
    if _ROOT.match(text):
        return _walked(text, raw)
    found: set[str] = set()
    for term in text.split("+"):
        named = _TERM.fullmatch(term)
        below = named and _summed(_compact(variables.get(named[1] or named[2], "")), variables,
                                  raw, left - 1)
        if not below or found & below:               # one that is added twice is no plain sum
            return None
        found |= below
    return frozenset(found)


def _compact(text: str) -> str:
    """Without blanks, but for those in a linkId."""
    return "".join(part if part.startswith("'") else re.sub(r"\s+", "", part)
                   for part in _QUOTED.split(text))


def _walked(text: str, raw: Json) -> frozenset[str] | None:
    """What a path leads to, on the items of the questionnaire."""
    end = _END.search(text)
    if end is None:
        return None
    path = "." + _ROOT.sub("", text[:end.start()], count=1)
    at: list[Json] = [raw]
    answers = False
    while path:
        step = _STEP.match(path)
        if step is None or not path.startswith("."):
            return None
        path, name = path[step.end():], step["name"]
        if name == "value":
            if not answers or path:
                return None
        elif name in ("answer", "answers()"):
            if answers:
                return None
            at, answers = at if name == "answer" else list(_below(at, every=True)), True
        elif name == "item":
            at = [child for item in at if answers or not _is_question(item)
                  for child in _children(item)]
            answers = False
        elif name.startswith("where"):
            if answers:
                return None
            at = [item for item in at if (item.get("linkId") == step["id"]) != bool(step["not"])]
        else:
            at, answers = list(_below(at, every=name == "descendants()")), False
    return frozenset(str(item.get("linkId")) for item in at) if answers else None


def _below(items: Sequence[Json], every: bool) -> Iterator[Json]:
    """All items below; ``every``: those below an answer, too."""
    for item in items:
        if every or not _is_question(item):
            for child in _children(item):
                yield child
                yield from _below([child], every)


def _children(item: Json) -> list[Json]:
    below = item.get("item")
    return [child for child in below if isinstance(child, Mapping)] \
        if isinstance(below, list) else []


def _is_question(item: Json) -> bool:
    return item.get("type", "group") not in ("group", "display")
