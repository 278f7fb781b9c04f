"""A template of messages as a form: what was typed, what is wrong with it, how it would read. Pure.

The fields of what is to be typed (``label_<variable>``, ``length_<variable>``) follow the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from followup.message_settings import CODE, LANGUAGES, NAME_MOST, MessageTemplate
from followup.messages.models import MessageTemplateRow
from followup.messages.wording import (
    LENGTH,
    OURS,
    TEXT_MOST,
    WrongText,
    fill,
    parts,
    signed,
    variables,
    wrong_text,
)
from webconsole.pages.inputs import text

POSITION_MOST = 999
# what may be wrong, beside its field
FAULTS = ("code", "code_taken", "name", "language", "position", "label", "length",
          *(f"text_{each.value}" for each in WrongText))
_NUMBER = re.compile(r"[0-9]{1,3}")
# who stands for the patients in a preview, by the template's language
SAMPLE = {"zh": {"name": "王秀英", "number": "C000123"},
          "en": {"name": "Emily Carter", "number": "C000123"}}
_LONG_NAME = {"zh": 4, "en": 24}         # how long a name may well be


@dataclass(frozen=True)
class TemplateForm:
    """``faults``: one of FAULTS by field; ``piece``: what of the text is wrong."""

    code: str = ""
    name: str = ""
    language: str = "zh"
    text: str = ""
    position: str = "0"
    active: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    piece: str = ""

    @classmethod
    def of(cls, row: MessageTemplateRow) -> TemplateForm:
        """As it is."""
        return cls(row.code, row.name, row.language, row.text, str(row.position), row.active,
                   row.labels, {name: str(most) for name, most in row.lengths.items()})

    @classmethod
    def sent(cls, form: Mapping[str, Any]) -> TemplateForm:
        """As a browser sends it."""
        def typed(prefix: str) -> dict[str, str]:
            return {name.removeprefix(prefix): text(value, NAME_MOST + 1)
                    for name, value in form.items() if name.startswith(prefix)}

        return cls(text(form.get("code"), 61), text(form.get("name"), NAME_MOST + 1),
                   text(form.get("language"), 10), text(form.get("text"), TEXT_MOST + 1),
                   text(form.get("position"), 10), bool(form.get("active")),
                   typed("label_"), typed("length_"))

    @property
    def asked(self) -> list[tuple[str, str, str]]:
        """(variable, label, longest) of what is to be typed in a message."""
        return [(name, self.labels.get(name, ""), self.lengths.get(name, ""))
                for name in variables(self.text) if name not in OURS]

    def wrong(self, name: str, fault: str) -> TemplateForm:
        """The same with a fault at a field."""
        return replace(self, faults={**self.faults, name: fault})

    def checked(self) -> TemplateForm:
        """The same with all that is wrong at its field."""
        faults = {}
        if not re.fullmatch(CODE, self.code):
            faults["code"] = "code"
        if not 0 < len(self.name) <= NAME_MOST:
            faults["name"] = "name"
        if self.language not in LANGUAGES:
            faults["language"] = "language"
        if not _NUMBER.fullmatch(self.position):
            faults["position"] = "position"
        wrong = wrong_text(self.text)
        if wrong:
            faults["text"] = f"text_{wrong[0].value}"
        for name, label, most in self.asked:
            if len(label) > NAME_MOST:
                faults[f"label_{name}"] = "label"
            if most and not (_NUMBER.fullmatch(most) and 1 <= int(most) <= TEXT_MOST):
                faults[f"length_{name}"] = "length"
        return replace(self, faults=faults, piece=wrong[1] if wrong else "")

    def read(self) -> MessageTemplate:
        """What it means; for a form without faults."""
        return MessageTemplate(
            code=self.code, name=self.name, text=self.text,
            language=cast(Literal["zh", "en"], self.language),
            labels={name: label for name, label, _ in self.asked if label},
            lengths={name: int(most) for name, _, most in self.asked if most})


@dataclass(frozen=True, slots=True)
class Preview:
    """How a message would stand on a phone, and in how many parts it is sent: this one, and one
    with all that may be typed."""

    text: str
    parts: int
    most_parts: int


def preview(form: TemplateForm, sign_name: str, hospital_names: Mapping[str, str]) -> Preview:
    """A message to a patient who does not exist."""
    language = form.language if form.language in LANGUAGES else "zh"
    ours = {**SAMPLE[language], "hospital": hospital_names[language]}
    lengths = {name: int(most) if _NUMBER.fullmatch(most) else LENGTH
               for name, _, most in form.asked}
    shown = signed(sign_name, fill(form.text, {
        **ours, **{name: f"〔{label or name}〕" for name, label, _ in form.asked}}))
    longest = signed(sign_name, fill(form.text, {
        **ours, "name": "x" * max(_LONG_NAME[language], len(ours["name"])),
        **{name: "x" * most for name, most in lengths.items()}}))
    return Preview(shown, parts(shown), parts(longest))
