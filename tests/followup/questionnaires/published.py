"""Questionnaires as they are published: linkIds, weights and sums as in LOINC's and SDC's."""

from __future__ import annotations

from typing import Any

LOINC = "http://loinc.org"
BASE = "http://hl7.org/fhir/StructureDefinition/"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
PHQ9 = ("/44250-9", "/44255-8", "/44259-0", "/44254-1", "/44251-7", "/44258-2", "/44252-5",
        "/44253-3", "/44260-8")
TOTAL = "/44261-6"
FREQUENCY = (("LA6568-5", "Not at all"), ("LA6569-3", "Several days"),
             ("LA6570-1", "More than half the days"), ("LA6571-9", "Nearly every day"))
ABOUT = ("interest", "mood", "sleep", "energy", "appetite", "failure", "concentration",
         "restlessness", "thoughts of death")


def expression(url: str, text: str, **more: str) -> dict[str, Any]:
    return {"url": url, "valueExpression": {"language": "text/fhirpath", "expression": text,
                                            **more}}


def options(weighed: str = "ordinalValue") -> list[dict[str, Any]]:
    return [{"extension": [{"url": BASE + weighed, "valueDecimal": weight}],
             "valueCoding": {"system": LOINC, "code": code, "display": display}}
            for weight, (code, display) in enumerate(FREQUENCY)]


def looked_up(link_id: str) -> str:
    """The weight of an answer, as a rule editor writes it."""
    return (f"%questionnaire.item.where(linkId = '{link_id}').answerOption.where("
            f"valueCoding.code=%resource.item.where(linkId = '{link_id}').answer.valueCoding.code"
            f").extension.where(url='{BASE}ordinalValue').valueDecimal")


def phq9(total: str = "", **more: Any) -> dict[str, Any]:
    """PHQ-9 with a total by ``total``; by default as LHC-Forms writes it."""
    names = "abcdefghi"
    summed = " + ".join(f"iif(%{name}.exists(), %{name}, 0)" for name in names)
    return {
        "resourceType": "Questionnaire", "url": "http://example.org/44249-1", "version": "1",
        "title": "PHQ-9", "status": "active", "language": "en",
        "extension": [expression(BASE + "variable", looked_up(link_id), name=name)
                      for name, link_id in zip(names, PHQ9, strict=True)],
        "item": [
            *({"linkId": link_id, "type": "choice", "text": f"{about}?", "required": True,
               "code": [{"system": LOINC, "code": link_id[1:]}], "answerOption": options()}
              for link_id, about in zip(PHQ9, ABOUT, strict=True)),
            {"linkId": TOTAL, "type": "integer", "text": "PHQ-9 total score", "readOnly": True,
             "repeats": False, "required": False,
             "extension": [expression(CALCULATED, total or f"iif(%any, {summed}, {{}})")]}],
        **more}


def pain() -> dict[str, Any]:
    """A numeric rating scale, 0 to 10, its options plain integers."""
    return {
        "resourceType": "Questionnaire", "url": "http://example.org/nrs", "version": "1",
        "title": "NRS", "status": "active", "language": "zh", "item": [
            {"linkId": "疼痛 NRS", "type": "integer", "text": "现在疼得怎么样？0是不疼，10是最疼。",
             "answerOption": [{"valueInteger": number} for number in range(11)]},
            {"linkId": "疼痛.部位", "type": "string", "text": "请说哪里疼", "enableWhen": [
                {"question": "疼痛 NRS", "operator": ">", "answerInteger": 3}]}]}
