"""Which items are to be asked, given the answers so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from followup.questionnaires.definition import Item, Questionnaire
from followup.questionnaires.values import satisfied

Answers = Mapping[str, Mapping[str, Any]]      # linkId -> FHIR value[x], or several (values.each)


def enabled_items(questionnaire: Questionnaire, answers: Answers) -> tuple[Item, ...]:
    """The enabled items in document order.

    An item below a disabled one is disabled; so is one below a question without an answer. An
    answer to a disabled question counts as none.
    """
    enabled: dict[str, Item] = {}
    for item in questionnaire.order:
        if item.parent:
            parent = enabled.get(item.parent)
            if parent is None or (parent.is_question and parent.link_id not in answers):
                continue
        if not item.enable_when or _holds(item, answers, enabled):
            enabled[item.link_id] = item
    return tuple(enabled.values())


def _holds(item: Item, answers: Answers, enabled: Collection[str]) -> bool:
    fits = any if item.enable_any else all
    return fits(
        satisfied(answers.get(condition.question) if condition.question in enabled else None,
                  condition.operator, condition.value)
        for condition in item.enable_when)


def unanswered(questionnaire: Questionnaire, answers: Answers,
               open_: Collection[str] = ()) -> tuple[Item, ...]:
    """The enabled questions that have no answer yet, in the order they are asked.

    ``open_``: the linkIds of those that may be given further answers; they are among them.
    """
    return tuple(item for item in enabled_items(questionnaire, answers)
                 if (item.link_id not in answers or item.link_id in open_) and item.is_question)
