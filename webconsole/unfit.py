"""What is wrong in the filter of an address, as its page tells it: beside the field, with what was
typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from followup.errors import InvalidInput
from webconsole.i18n import Catalogue

KINDS = {"YYYY-MM-DD": "day", "an id": "id", "a cursor": "cursor",
         "a day before the end": "period"}           # by what was expected; all else: "choice"
CHOICE = "choice"
_SHOWN = 60                                          # characters of what was typed


@dataclass(frozen=True, slots=True)
class Fault:
    """``typed`` does not fit where such a ``kind`` of thing is expected."""

    typed: str
    kind: str

    @classmethod
    def of(cls, wrong: InvalidInput, query: Mapping[str, str]) -> Fault:
        """What was wrong with the field of this address."""
        typed = "".join(c for c in query[wrong.field] if c.isprintable() or c == "\u3000")
        return cls(typed[:_SHOWN], KINDS.get(wrong.expected, CHOICE))

    def said(self, translate: Catalogue) -> str:
        """In the reader's language."""
        return translate(f"unfit.{self.kind}", typed=self.typed)

    def left_out(self, translate: Catalogue) -> str:
        """The same, of what is shown without it."""
        return translate("list.and_then", first=self.said(translate),
                         then=translate("unfit.left_out"))


@dataclass
class Unfit:
    """The faults of an address by field, and which of them the page has told so far."""

    faults: Mapping[str, Fault] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def typed(self, name: str, value: object) -> object:
        """What the field holds: what was typed, if that was at fault."""
        return self.faults[name].typed if name in self.faults else value

    def query(self) -> str:
        """What a part of the page that holds the fields asks for itself beside what is fit."""
        return "".join(f"&{quote(name)}={quote(fault.typed)}"
                       for name, fault in self.faults.items())

    def at(self, name: str, translate: Catalogue) -> str:
        """What is told beside the field; empty: nothing is wrong with it."""
        if name not in self.faults:
            return ""
        self._told.add(name)
        return self.faults[name].left_out(translate)

    def elsewhere(self, translate: Catalogue) -> list[str]:
        """What is wrong with fields that the page has not drawn."""
        return [fault.left_out(translate) for name, fault in self.faults.items()
                if name not in self._told]


UNFIT = web.RequestKey("unfit", Unfit)
