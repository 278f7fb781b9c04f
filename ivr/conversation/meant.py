"""What words mean at the question being asked, with what is known of the patient and the day."""

from __future__ import annotations

from datetime import date

from followup.questionnaires.definition import Item
from followup.questionnaires.values import together
from ivr.conversation import wording
from ivr.conversation.state import State
from ivr.understanding import (
    Answered,
    Meaning,
    Unclear,
    introduced,
    unchanged,
    understand,
)


def meaning(state: State, item: Item, text: str) -> Meaning:
    """An answer to ``item``, a wish, or neither."""
    if not text:
        return Unclear()
    if wording.offered(state, item) and unchanged(state.language, text):
        return Answered(together(item.initial))
    if item.identity and (named := introduced(item, state.language, text, state.context.name)):
        return named
    today = date.fromisoformat(state.context.today) if state.context.today else None
    return understand(item, state.language, text, today=today)
