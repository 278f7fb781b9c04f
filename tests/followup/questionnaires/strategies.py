"""Hypothesis strategies that make any valid questionnaire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from followup.questionnaires.resource import CALCULATED
from tests.followup.questionnaires.build import (
    choice,
    control,
    english,
    item,
    ours,
    questionnaire,
    rule,
    standard,
)

VALUES = {
    "boolean": st.booleans().map(lambda value: {"Boolean": value}),
    "choice": st.sampled_from("abc").map(lambda code: {"Coding": {"code": code}}),
    "open-choice": st.sampled_from("abc").map(lambda code: {"Coding": {"code": code}}),
    "integer": st.integers(0, 12).map(lambda value: {"Integer": value}),
    "decimal": st.integers(0, 500).map(lambda value: {"Decimal": value / 10}),
    "points": st.integers(0, 4).map(lambda value: {"Integer": value}),
    "scale": st.integers(-1, 12).map(lambda value: {"Integer": value}),
    "quantity": st.integers(0, 500).map(lambda value: {"Quantity": {"value": value / 10}}),
    "date": st.dates().map(lambda value: {"Date": value.isoformat()}),
}
WITHIN = {**VALUES, "points": st.integers(0, 3).map(lambda value: {"Integer": value}),
          "scale": st.integers(0, 10).map(lambda value: {"Integer": value}),
          "quantity": st.integers(340, 430).map(
              lambda value: {"Quantity": {"value": value / 10}}),
          "integer": st.integers(0, 10).map(lambda value: {"Integer": value}),
          "decimal": st.integers(340, 430).map(lambda value: {"Decimal": value / 10})}
ORDERED = ("integer", "decimal", "date", "quantity", "points", "scale")
TYPED = ("integer", "decimal", "date", "quantity", "scale")
MESSAGES = ("text", "string")
NUMBERED = {"points": range(4), "scale": range(11)}      # options that are numbers
QUESTIONS = ("boolean", "choice", "open-choice", "integer", "decimal", "date", "text",
             *MESSAGES[1:], "quantity", *NUMBERED)
DEEPEST = 3
OTHER_KEY = "7"
SUM = "%resource.descendants().answer.value.weight().sum()"
# any text will do
LINK_IDS = ("q{}", "/44250-{}", "体温 {}", "../{}", "{}~keys", "~2F{}", "[b]{}{{x}}",
            "É\u00a0" * 40 + "{}", "x" * 90 + "{}", '"><i>&amp;{}', "(item {})")
UNITS = {"integer": "mm[Hg]", "decimal": "Cel", "quantity": "Cel"}


@dataclass
class _Maker:
    """Draws items one after the other; conditions look back at what came before."""

    draw: st.DrawFn
    earlier: list[tuple[str, str]] = field(default_factory=list)      # linkId, type
    count: int = 0
    weighed: bool = False

    def maybe(self, one_in: int = 2) -> bool:
        return self.draw(st.integers(1, one_in)) == 1

    def operator(self, kind: str) -> str:
        return self.draw(st.sampled_from(
            ["=", "!=", ">", "<", ">=", "<="] if kind in ORDERED else ["=", "!="]))

    def conditions(self) -> dict[str, Any]:
        if not self.earlier or self.maybe():
            return {}
        found = []
        for link_id, kind in self.draw(
                st.lists(st.sampled_from(self.earlier), min_size=1, max_size=2)):
            if kind in MESSAGES or self.maybe(4):
                found.append({"question": link_id, "operator": "exists",
                              "answerBoolean": self.draw(st.booleans())})
            else:
                operator = self.operator(kind)
                among = kind == "points" and operator in ("=", "!=")
                value = self.draw((WITHIN if among else VALUES)[kind])
                found.append({"question": link_id, "operator": operator,
                              **{f"answer{name}": each for name, each in value.items()}})
        return {"enableWhen": found, "enableBehavior": self.draw(st.sampled_from(["all", "any"]))}

    def item(self, depth: int) -> dict[str, Any]:
        self.count += 1
        link_id = self.draw(st.sampled_from(LINK_IDS)).format(self.count)
        kind = self.draw(st.sampled_from(
            [*QUESTIONS, "display", *(["group"] if depth < DEEPEST else [])]))
        more = self.conditions()
        more |= {"text": f"问{self.count}", "_text": english(f"ask {self.count}")}
        if kind not in ("group", "display"):
            more |= self.question(kind)
        if kind in NUMBERED:
            built = item(link_id, self.draw(st.sampled_from(["choice", "integer"])), **more,
                         answerOption=[{"valueInteger": number} for number in NUMBERED[kind]])
        else:
            built = choice(link_id, kind=kind, **more) if kind in ("choice", "open-choice") \
                else item(link_id, kind, **more)
        if kind in ("choice", "open-choice") and more.get("repeats") and self.maybe(3):
            built["answerOption"][2]["extension"] = [
                standard("questionnaire-optionExclusive", valueBoolean=True)]
        if "answerOption" in built and self.maybe(3):
            self.weighed = True
            for weight, option in enumerate(built["answerOption"]):
                option.setdefault("extension", []).append(
                    standard("ordinalValue", valueDecimal=weight))
        if kind in QUESTIONS:
            self.earlier.append((link_id, kind))
        if kind == "group" or (kind != "display" and depth < DEEPEST and self.maybe(5)):
            built["item"] = [self.item(depth + 1) for _ in range(self.draw(st.integers(1, 2)))]
        return built

    def question(self, kind: str) -> dict[str, Any]:
        extension: list[dict[str, Any]] = []
        more: dict[str, Any] = {"required": self.draw(st.booleans()), "extension": extension}
        ruled = kind in VALUES and self.maybe()
        if self.maybe():
            extension.append(ours("ask-before-agent", valueBoolean=True))
        if ruled:
            value = self.draw(VALUES["decimal" if kind == "quantity" else kind])
            operator = self.operator(kind)
            if kind == "points" and operator in ("=", "!="):
                value = self.draw(WITHIN[kind])
            extension.append(rule(
                self.draw(st.sampled_from(["abnormal", "abnormal", "critical"])),
                operator, **{f"value{name}": each for name, each in value.items()}))
        if self.maybe(4):
            extension.append(ours("confirm", valueCode=self.draw(st.sampled_from(
                ["auto", "always"] if ruled else ["auto", "always", "never"]))))
        if kind == "open-choice":
            extension.append(ours("other-key", valueString=OTHER_KEY))
        if kind == "integer":
            extension += [standard("minValue", valueInteger=0),
                          standard("maxValue", valueInteger=10)]
        if kind in ("decimal", "quantity"):
            extension += [standard("minValue", valueDecimal=34.0),
                          standard("maxValue", valueDecimal=43.0),
                          standard("maxDecimalPlaces", valueInteger=1)]
        if kind == "quantity" or (kind in UNITS and self.maybe()):
            named = "questionnaire-unitOption" if kind == "quantity" and self.maybe() else \
                "questionnaire-unit"
            extension.append(standard(named, valueCoding={"code": UNITS[kind]}))
        if kind not in ("boolean", "scale") and self.maybe(3):
            more["repeats"] = True
            most = self.draw(st.integers(1, 3))
            extension += [standard("questionnaire-maxOccurs", valueInteger=most),
                          standard("questionnaire-minOccurs",
                                   valueInteger=self.draw(st.integers(1, most)))]
        if kind in WITHIN and self.maybe(4):
            more["initial"] = [{f"value{name}": each
                                for name, each in self.draw(WITHIN[kind]).items()}]
        extension += self.controls(kind, needs_end="initial" in more or "repeats" in more)
        return more

    def controls(self, kind: str, needs_end: bool) -> list[dict[str, Any]]:
        if not self.maybe(4):
            return []
        keys = ["*", "#"] if kind in TYPED else ["*", "#", "5", "6", "8"]
        chosen = self.draw(st.permutations(keys))
        found = []
        for action in self.draw(st.sets(st.sampled_from(["repeat", "end", "person", "back"]))):
            key = chosen.pop() if chosen and self.maybe() else ""
            if kind in ("decimal", "quantity") and key == "*" and action != "repeat":
                key = ""
            if action == "end" and not key and needs_end:
                continue
            found.append(control(action, *([key] if key else [])))
        if needs_end and {"#"} & {part.get("valueString") for each in found
                                  for part in each["extension"]} and not any(
                part.get("valueCode") == "end" for each in found for part in each["extension"]):
            return []                 # another control has taken the usual key
        return found

    def identity(self) -> dict[str, Any]:
        who = choice("identity", required=True, extension=[
            ours("role", valueCode="identity"),
            ours("language-key", extension=[{"url": "key", "valueString": "8"},
                                            {"url": "language", "valueCode": "en"}])])
        who["answerOption"][1]["extension"] = [ours("outcome", valueCode="wrong_person")]
        self.earlier.append(("identity", "choice"))
        return who


@st.composite
def any_questionnaire(draw: st.DrawFn) -> dict[str, Any]:
    """A valid questionnaire: all types, nesting, branches, rules, several answers, own keys."""
    maker = _Maker(draw)
    items = [maker.identity()] if draw(st.booleans()) else []
    items += [maker.item(1) for _ in range(draw(st.integers(1, 5)))]
    if not maker.earlier:
        items.append(choice("last"))
    if maker.weighed and maker.maybe():
        items.append(item("/total", "integer", readOnly=True, extension=[
            {"url": CALCULATED, "valueExpression": {
                "language": "text/fhirpath", "expression": SUM}},
            *([rule(draw(st.sampled_from(["abnormal", "critical"])), maker.operator("integer"),
                    valueInteger=draw(st.integers(0, 6)))] if maker.maybe() else [])]))
    if items[0]["linkId"] != "identity" and maker.maybe(4):
        return questionnaire(*items, extension=[])          # in Chinese alone
    return questionnaire(*items)
