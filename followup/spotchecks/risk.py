"""How doubtful a follow-up is, and why: pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SHORT_S = 20.0               # a talk below it can hardly have asked anything
UNSURE = 0.6                 # confidence below it
MANY_UNSURE = 2


class Doubt(StrEnum):
    """A reason to listen again."""

    SHORT = "short"                      # seconds of talk
    UNSURE = "unsure"                    # answers heard with low confidence
    DISAGREEING = "disagreeing"          # answers of which key and voice said different things
    OVERRIDDEN = "overridden"            # answers that an agent replaced
    NOT_ESCALATED = "not_escalated"      # findings, and no agent joined the call


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an answered call that has ended."""

    talk_s: float
    unsure: int = 0
    disagreeing: int = 0
    overridden: int = 0
    findings_alone: int = 0              # findings of a call that no agent joined


@dataclass(frozen=True, slots=True)
class Risk:
    """0 is no reason to doubt; each reason with its number, the weightiest first."""

    score: int
    reasons: tuple[tuple[Doubt, int], ...]


def assess(facts: Facts) -> Risk:
    """Add up the reasons. A finding left alone weighs most: it may harm a patient."""
    points: dict[Doubt, tuple[int, int]] = {}
    if facts.findings_alone:
        points[Doubt.NOT_ESCALATED] = (40 + 10 * min(facts.findings_alone - 1, 3),
                                       facts.findings_alone)
    if facts.overridden:
        points[Doubt.OVERRIDDEN] = (25 + 5 * min(facts.overridden - 1, 3), facts.overridden)
    if facts.disagreeing:
        points[Doubt.DISAGREEING] = (25 + 5 * min(facts.disagreeing - 1, 3), facts.disagreeing)
    if facts.talk_s < SHORT_S:
        points[Doubt.SHORT] = (20, max(0, int(facts.talk_s)))
    if facts.unsure >= MANY_UNSURE:
        points[Doubt.UNSURE] = (15 + 5 * min(facts.unsure - MANY_UNSURE, 3), facts.unsure)
    ranked = sorted(points, key=lambda doubt: (-points[doubt][0], doubt))
    return Risk(sum(weight for weight, _ in points.values()),
                tuple((doubt, points[doubt][1]) for doubt in ranked))
