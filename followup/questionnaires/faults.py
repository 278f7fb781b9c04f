"""What is wrong with a questionnaire: codes with parameters, and the words for them.

The words are in ``words/zh.toml`` and ``words/en.toml``, one for each code.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from followup.errors import InvalidInput
from followup.questionnaires.link_ids import MOST, is_sound

LOCALES = ("zh", "en")
_FOLDER = Path(__file__).with_name("words")


@dataclass(frozen=True)
class Fault:
    """One thing wrong: in which item ("" for the questionnaire itself), where, what is expected.

    ``code`` names the expectation, ``params`` is what its words have in braces.
    """

    link_id: str
    field: str
    code: str
    found: Any = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def expected(self, locale: str = "en") -> str:
        """What would have been right."""
        words = vocabulary(locale)
        between = words["between"]["values"]
        return words["expected"][self.code].format_map({
            name: value if isinstance(value, str) or not isinstance(value, Sequence)
            else between.join(map(str, value)) for name, value in self.params.items()})

    def told(self, locale: str = "en") -> str:
        """The whole fault in a line."""
        lines = vocabulary(locale)["line"]
        # one that is refused may have ends of lines in it
        name = self.link_id if is_sound(self.link_id) else ascii(self.link_id[:MOST])
        where = f"{name}: {self.field}" if self.link_id else self.field
        return lines["plain" if self.found is None else "found"].format(
            where=where, expected=self.expected(locale), found=repr(self.found))

    def to_dict(self, locale: str = "en") -> dict[str, Any]:
        """Ready for JSON."""
        return {"link_id": self.link_id, "field": self.field, "code": self.code,
                "params": dict(self.params), "expected": self.expected(locale),
                "found": self.found}


def fault(link_id: str, where: str, code: str, found: Any = None, **params: Any) -> Fault:
    """A fault; ``params`` are those that the code's words name."""
    return Fault(link_id, where, code, found, params)


class UnsoundQuestionnaire(InvalidInput):
    """A questionnaire that is refused, with everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.told("en"), field=faults[0].field, expected=faults[0].expected(),
                         faults=[each.to_dict() for each in faults])

    def told(self, locale: str) -> str:
        """All of it, a line each."""
        return "\n".join((vocabulary(locale)["line"]["head"],
                          *(f"  {each.told(locale)}" for each in self.faults)))


@cache
def vocabulary(locale: str) -> Mapping[str, Mapping[str, str]]:
    """The words of zh or en, by table and key; Chinese for any other language."""
    chosen = locale if locale in LOCALES else LOCALES[0]
    return tomllib.loads((_FOLDER / f"{chosen}.toml").read_text("utf-8"))
