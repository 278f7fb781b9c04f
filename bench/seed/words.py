"""The words of invented patients, out of words.toml, ready to be drawn from."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_FILE = Path(__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True)
class Nationality:
    """How names are made, and what is spoken on the telephone."""

    name: str
    surnames: Sequence[str]
    given: Sequence[str]
    join: str
    language: str

    def person(self, rows: Any) -> str:
        """A name; single characters are drawn once or twice."""
        first, second = rows.one_of(self.surnames), rows.one_of(self.given)
        if len(second) == 1 and not self.join and rows.chance(72):
            second += rows.one_of(self.given)
        return f"{first}{self.join}{second}"


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its doctors and what it treats: (diagnosis, operation)."""

    name: str
    doctors: Sequence[str]
    treats: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Words:
    """Everything; ``nationalities`` repeats each by its weight."""

    nationalities: Sequence[Nationality]
    departments: Sequence[Department]
    told: dict[str, Sequence[str]]           # complaint, praise, notes, closings

    @classmethod
    def load(cls) -> Self:
        """The words of this folder."""
        known = tomllib.loads(_FILE.read_text("utf-8"))
        weighted: list[Nationality] = []
        for each in known["nationality"]:
            one = Nationality(each["name"], _split(each["surnames"]), _split(each["given"]),
                              each.get("join", ""), each.get("language", "zh"))
            weighted += [one] * each["weight"]
        han = weighted[0]
        departments = [
            Department(name, _doctors(han, place), [
                (one.partition(">")[0], one.partition(">")[2]) for one in treats.split()])
            for place, (name, treats) in enumerate(known["departments"].items())]
        return cls(weighted, departments, known["complaints"])


def _split(told: str) -> list[str]:
    return told.split() if " " in told else list(told)


def _doctors(han: Nationality, place: int) -> list[str]:
    """Eight of a department, always the same."""
    return [han.surnames[(place * 7 + n * 11) % len(han.surnames)]
            + han.given[(place * 5 + n * 13) % len(han.given)]
            + han.given[(place * 3 + n * 17) % len(han.given)] for n in range(8)]
