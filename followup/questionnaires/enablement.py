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
        parent = enabled.get(item.parent or "")
        if item.parent and (parent is None or (parent.is_question
                                               and parent.link_id not in answers)):
            continue
        holds = [
            satisfied(answers.get(condition.question) if condition.question in enabled else None,
                      condition.operator, condition.value)
            for condition in item.enable_when]
        if not holds or (any(holds) if item.enable_any else all(holds)):
            enabled[item.link_id] = item
    return tuple(enabled.values())


def unanswered(questionnaire: Questionnaire, answers: Answers,
               open_: Collection[str] = ()) -> tuple[Item, ...]:
    """The enabled questions that have no answer yet, in the order they are asked.

    ``open_``: the linkIds of those that may be given further answers; they are among them.
    """
    return tuple(item for item in enabled_items(questionnaire, answers)
                 if item.is_question and (item.link_id not in answers or item.link_id in open_))
