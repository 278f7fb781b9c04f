"""Small FHIR questionnaires for tests."""

from __future__ import annotations

from typing import Any

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


def control(action: str, *key: str) -> dict[str, Any]:
    """A control key; without ``key`` the control is off."""
    return ours("control-key", extension=[
        {"url": "action", "valueCode": action},
        *({"url": "key", "valueString": each} for each in key)])


def standard(name: str, **value: Any) -> dict[str, Any]:
    return {"url": BOUND + name, **value}


def questionnaire(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": "urn:test:some", "version": "1",
            "title": "试", "status": "active", "language": "zh", "item": list(items),
            "extension": [ours("language", valueCode="en")], **more}
