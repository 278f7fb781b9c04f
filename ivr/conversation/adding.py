"""Several answers to one question: what an answer adds to those before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from followup.questionnaires.definition import Item

Value = Mapping[str, Any]


@dataclass(frozen=True)
class Added:
    """``kept`` stays, ``new`` comes after it, and when ``open`` there may be still more."""

    kept: tuple[Value, ...]
    new: tuple[Value, ...]
    open: bool


def add(item: Item, before: Sequence[Value], values: Sequence[Value]) -> Added:
    """``values`` beside those ``before``.

    An option counts once; one that goes with no other ends the choice, and takes the place of all
    others or gives way to them.
    """
    if not item.repeats:
        return Added((), tuple(values), open=False)
    kept = tuple(before)
    new: list[Value] = []
    alone = [option.value for option in item.options if option.exclusive]
    for value in values:
        if value in alone:
            return Added((), (value,), open=False) if value not in kept else \
                Added(kept, (), open=False)
        if item.type.has_options:
            kept = tuple(one for one in kept if one not in alone)
            if value in (*kept, *new):
                continue
        new.append(value)
    new = new[:max(0, item.max_answers - len(kept))]
    return Added(kept, tuple(new), open=len(kept) + len(new) < item.max_answers)


def same(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Whether they are the same values, in whatever order."""
    return len(one) == len(other) and all(value in other for value in one)
