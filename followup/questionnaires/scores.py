"""Scores: sums of the weights of what was answered. Pure.

A sum that the questionnaire declares is one; without any, the whole questionnaire has one, or each
of several groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from followup.questionnaires.definition import Item, Questionnaire, Score
from followup.questionnaires.enablement import Answers, enabled_items
from followup.questionnaires.values import each, scalar


@dataclass(frozen=True)
class Scored:
    """What a score has come to; ``missing``: linkIds of questions without an answer that counts."""

    score: Score
    value: Decimal
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every question of it was answered."""
        return not self.missing


def scores_of(questionnaire: Questionnaire) -> tuple[Score, ...]:
    """The sums that are declared; else of each group that has some, or of it all."""
    if questionnaire.sums:
        return questionnaire.sums
    whole = weighted(questionnaire.items)
    groups = [Score(item.link_id, below, item.text) for item in questionnaire.order
              if not item.is_question and len(below := weighted(item.items)) > 1]
    apart = [one for one in groups if not any(                # the innermost ones
        other is not one and set(other.items) < set(one.items) for other in groups)]
    if len({frozenset(one.items) for one in apart}) > 1:
        return tuple(apart)
    return (Score("", whole, {}),) if len(whole) > 1 else ()


def scored(questionnaire: Questionnaire, answers: Answers) -> tuple[Scored, ...]:
    """Every score of which something was answered.

    A question that is not asked, as its enableWhen does not hold, is not missing.
    """
    enabled = {item.link_id for item in enabled_items(questionnaire, answers)}
    found = []
    for score in scores_of(questionnaire):
        asked = [questionnaire.item(link_id) for link_id in score.items if link_id in enabled]
        weights = {item.link_id: weight_of(item, answers.get(item.link_id)) for item in asked}
        known = [weight for weight in weights.values() if weight is not None]
        if known:
            found.append(Scored(score, sum(known, Decimal(0)), tuple(
                link_id for link_id, weight in weights.items() if weight is None)))
    return tuple(found)


def weight_of(item: Item, value: Mapping[str, Any] | None) -> Decimal | None:
    """What an answer weighs, several together; None where there is none, or one without weight."""
    plain = [scalar(one) for one in each(value)] if value is not None else []
    weights = [item.weights.get(one) for one in plain if one is not None]
    known = [weight for weight in weights if weight is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(plain) else None


def weighted(items: Sequence[Item]) -> tuple[str, ...]:
    """The questions with weights, in document order."""
    return tuple(item.link_id for top in items for item in top.walk() if item.weights)
