"""Small FHIR questionnaires for tests, and hypothesis strategies that make any valid one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
BOUND = "http://hl7.org/fhir/StructureDefinition/"


def english(text: str) -> dict[str, Any]:
    return {"extension": [{"url": TRANSLATION, "extension": [
        {"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": text}]}]}


def coding(code: str) -> dict[str, Any]:
    return {"code": code, "display": f"选{code}", "_display": english(f"pick {code}")}


def item(link_id: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link_id, "type": kind, "text": f"问{link_id}",
            "_text": english(f"ask {link_id}"), **more}


def choice(link_id: str, codes: str = "abc", kind: str = "choice", **more: Any) -> dict[str, Any]:
    return item(link_id, kind, answerOption=[{"valueCoding": coding(code)} for code in codes],
                **more)


def ours(name: str, **value: Any) -> dict[str, Any]:
    return {"url": f"urn:aftercall:{name}", **value}


def rule(severity: str, operator: str, **more: Any) -> dict[str, Any]:
    return {"url": "urn:aftercall:rule", "extension": [
        {"url": "id", "valueString": more.pop("id", "r")},
        {"url": "severity", "valueCode": severity}, {"url": "operator", "valueCode": operator},
        {"url": "value", **more},
        {"url": "text", "valueString": "异常", "_valueString": english("abnormal")}]}


def questionnaire(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": "urn:test:some", "version": "1",
            "title": "试", "status": "active", "language": "zh", "item": list(items),
            "extension": [ours("language", valueCode="en")], **more}


VALUES = {
    "boolean": st.booleans().map(lambda value: {"Boolean": value}),
    "choice": st.sampled_from("abc").map(lambda code: {"Coding": {"code": code}}),
    "open-choice": st.sampled_from("abc").map(lambda code: {"Coding": {"code": code}}),
    "integer": st.integers(0, 12).map(lambda value: {"Integer": value}),
    "decimal": st.integers(0, 500).map(lambda value: {"Decimal": value / 10}),
    "date": st.dates().map(lambda value: {"Date": value.isoformat()}),
}
ORDERED = ("integer", "decimal", "date")


@st.composite
def any_questionnaire(draw: st.DrawFn) -> dict[str, Any]:
    """A valid questionnaire of up to eight items: types, branches, groups, rules, identity."""
    earlier: list[tuple[str, str]] = []

    def operator_for(kind: str) -> str:
        return draw(st.sampled_from(
            ["=", "!=", ">", "<", ">=", "<="] if kind in ORDERED else ["=", "!="]))

    def conditions() -> dict[str, Any]:
        if not earlier or draw(st.booleans()):
            return {}
        found = []
        for link_id, kind in draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=2)):
            if kind == "text" or draw(st.integers(0, 3)) == 0:
                found.append({"question": link_id, "operator": "exists",
                              "answerBoolean": draw(st.booleans())})
            else:
                value = draw(VALUES[kind])
                found.append({"question": link_id, "operator": operator_for(kind),
                              **{f"answer{name}": each for name, each in value.items()}})
        return {"enableWhen": found, "enableBehavior": draw(st.sampled_from(["all", "any"]))}

    def one(number: int, depth: int) -> dict[str, Any]:
        kinds = ["boolean", "choice", "open-choice", "integer", "decimal", "date", "text"]
        if depth == 1:
            kinds += ["group", "display"]
        kind = draw(st.sampled_from(kinds))
        link_id = f"q{number}"
        more: dict[str, Any] = conditions()
        extension: list[dict[str, Any]] = []
        if kind not in ("group", "display"):
            more["required"] = draw(st.booleans())
            if draw(st.booleans()):
                extension.append(ours("ask-before-agent", valueBoolean=True))
            if kind in VALUES and draw(st.booleans()):
                value = draw(VALUES[kind])
                extension.append(rule(
                    draw(st.sampled_from(["abnormal", "critical"])), operator_for(kind),
                    **{f"value{name}": each for name, each in value.items()}))
        if kind == "open-choice":
            extension.append(ours("other-key", valueString="7"))
        if kind == "integer":
            extension += [{"url": BOUND + "minValue", "valueInteger": 0},
                          {"url": BOUND + "maxValue", "valueInteger": 10}]
        if kind == "decimal":
            extension += [{"url": BOUND + "minValue", "valueDecimal": 34.0},
                          {"url": BOUND + "maxValue", "valueDecimal": 43.0},
                          {"url": BOUND + "maxDecimalPlaces", "valueInteger": 1}]
        built = choice(link_id, kind=kind, extension=extension, **more) \
            if kind in ("choice", "open-choice") \
            else item(link_id, kind, extension=extension, **more)
        if kind not in ("group", "display"):
            earlier.append((link_id, kind))
        if kind == "group" or (kind != "display" and depth == 1 and draw(st.integers(0, 4)) == 0):
            built["item"] = [one(number * 10 + below, depth + 1)
                             for below in range(1, draw(st.integers(1, 2)) + 1)]
        return built

    items = []
    if draw(st.booleans()):
        identity = choice("identity", required=True, extension=[
            ours("role", valueCode="identity"),
            ours("language-key", extension=[{"url": "key", "valueString": "8"},
                                            {"url": "language", "valueCode": "en"}])])
        identity["answerOption"][1]["extension"] = [ours("outcome", valueCode="wrong_person")]
        items.append(identity)
        earlier.append(("identity", "choice"))
    items += [one(number, 1) for number in range(1, draw(st.integers(1, 6)) + 1)]
    if not earlier:
        items.append(choice("last"))
    return questionnaire(*items)
