"""One thing that is wrong with a questionnaire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing wrong: in which item ("" for the questionnaire itself), where, what is expected."""

    link_id: str
    field: str
    expected: str
    found: Any = None

    def __str__(self) -> str:
        where = f"{self.link_id}: {self.field}" if self.link_id else self.field
        found = "" if self.found is None else f", found {self.found!r}"
        return f"{where}: expected {self.expected.removeprefix('expected ')}{found}"

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"link_id": self.link_id, "field": self.field,
                "expected": self.expected.removeprefix("expected "), "found": self.found}
