"""Draws samples of finished follow-ups: pure, and the same again from the same seed.

A seed puts all follow-ups into an order, by the MD5 of seed and id, and whoever comes first is
drawn. So a sample hangs on no list's order, anybody can work it out again, and the database can
do the sorting.
"""

from __future__ import annotations

import hashlib
import heapq
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from followup.spotchecks.risk import Risk


class Method(StrEnum):
    """How a plan's sample is drawn."""

    RANDOM = "random"            # every follow-up has the same chance
    STRATIFIED = "stratified"    # in proportion, each stratum on its own
    RISK = "risk"                # the most doubtful ones first


class By(StrEnum):
    """What the strata are."""

    DEPARTMENT = "department"
    AGENT = "agent"
    QUESTIONNAIRE = "questionnaire"
    OUTCOME = "outcome"


_NO_RISK = Risk(0, ())


@dataclass(frozen=True, slots=True)
class Drawn:
    """One follow-up of a sample, with why it is in it."""

    attempt_id: uuid.UUID
    stratum: str = ""
    risk: Risk = _NO_RISK


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many there are, and who comes first by the seed: as many as may be wanted, or all."""

    size: int
    first: Sequence[uuid.UUID]


def place(seed: int, member: uuid.UUID) -> str:
    """Where a seed puts somebody: these sort as the members are drawn."""
    return hashlib.md5(f"{seed}:{member}".encode(), usedforsecurity=False).hexdigest()


def stratum(members: Iterable[uuid.UUID], seed: int, most: int) -> Stratum:
    """The stratum that these make up."""
    every = list(members)
    return Stratum(len(every), heapq.nsmallest(most, every, key=lambda each: place(seed, each)))


def allocate(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many of ``wanted`` each stratum gives: in proportion, by largest remainder.

    No stratum gives more than it has. Where there are at least as many wanted as strata, each that
    is not empty gives one or more: those that have most beyond their share give up theirs.
    """
    total = sum(sizes.values())
    wanted = max(0, min(wanted, total))
    if not wanted:
        return dict.fromkeys(sizes, 0)
    # whole parts and remainders in integers: what is equal is equal
    given = {name: wanted * size // total for name, size in sizes.items()}
    rest = sorted(sizes, key=lambda name: (-(wanted * sizes[name] % total), name))
    for name in rest[:wanted - sum(given.values())]:
        given[name] += 1
    left_out = [name for name in sorted(sizes) if sizes[name] and not given[name]]
    if wanted >= sum(1 for size in sizes.values() if size):
        for name in left_out:
            donor = max((each for each in sorted(given) if given[each] > 1),
                        key=lambda each: given[each] * total - wanted * sizes[each])
            given[donor] -= 1
            given[name] = 1
    return given


def draw(strata: Mapping[str, Stratum], wanted: int) -> list[Drawn]:
    """A stratified sample; with one stratum, a simple random one."""
    shares = allocate({name: each.size for name, each in strata.items()}, wanted)
    return [Drawn(member, name) for name in sorted(strata)
            for member in strata[name].first[:shares[name]]]


def draw_by_risk(doubtful: Mapping[uuid.UUID, Risk], population: Stratum, wanted: int,
                 seed: int) -> list[Drawn]:
    """The highest scores, of equals by the seed; where there are too few, any others as well,
    of which ``population`` then tells the first twice ``wanted``."""
    # only those at the edge and above it need a place
    scores = heapq.nlargest(wanted, (risk.score for risk in doubtful.values()))
    above = [each for each, risk in doubtful.items() if scores and risk.score >= scores[-1]]
    ranked = heapq.nsmallest(wanted, above, key=lambda each: (-doubtful[each].score,
                                                              place(seed, each)))
    drawn = [Drawn(each, risk=doubtful[each]) for each in ranked]
    others = (each for each in population.first if each not in doubtful)
    return drawn + [Drawn(each) for _, each in zip(range(wanted - len(drawn)), others,
                                                   strict=False)]


def twice(drawn: Sequence[Drawn], share_percent: int, seed: int) -> frozenset[uuid.UUID]:
    """Those that two inspectors check without seeing each other's score: at least one of a share
    above nothing."""
    count = -(-len(drawn) * max(0, min(100, share_percent)) // 100)
    # another order than the one that drew them: else the first stratum's would be doubled most
    return frozenset(heapq.nsmallest(count, (each.attempt_id for each in drawn),
                                     key=lambda each: place(~seed, each)))
