"""Who looks after a new case: the first rule that fits. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from followup.cases.states import CaseKind


@dataclass(frozen=True, slots=True)
class Rule:
    """Where cases of a kind, category (or one below it) and department go; None: any."""

    kind: CaseKind | None = None
    category: uuid.UUID | None = None
    department: str | None = None
    to_department: str = ""
    to_owner: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Who is to look after a case; the owner may still be open."""

    department: str = ""
    owner: uuid.UUID | None = None


def route(rules: Iterable[Rule], kind: CaseKind, category: uuid.UUID | None,
          departments: Collection[str], parents: Mapping[uuid.UUID, uuid.UUID | None]) -> Route:
    """By the first rule that fits; else to the one department concerned, else to nobody."""
    above = set(ancestors(category, parents))
    for rule in rules:
        if (rule.kind in (None, kind) and (rule.category is None or rule.category in above)
                and (rule.department is None or rule.department in departments)):
            return Route(rule.to_department or rule.department or "", rule.to_owner)
    return Route(next(iter(departments)) if len(departments) == 1 else "")


def ancestors(category: uuid.UUID | None,
              parents: Mapping[uuid.UUID, uuid.UUID | None]) -> list[uuid.UUID]:
    """The category and those above it; ends also where the tree bites its tail."""
    chain: list[uuid.UUID] = []
    while category is not None and category not in chain:
        chain.append(category)
        category = parents.get(category)
    return chain
