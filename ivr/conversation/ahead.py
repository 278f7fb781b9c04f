"""An answer that tells the next one as well: "yes, thirty-eight five".

The next question is then not asked: what was told for it is read back instead.
"""

from __future__ import annotations

from followup.questionnaires.definition import Item
from ivr.conversation import wording
from ivr.conversation.actions import Action, Listen, Say
from ivr.conversation.changes import replace
from ivr.conversation.state import Phase, State
from ivr.prompts.prompt import Prompt
from ivr.understanding import Answered, understand

CONFIRM_MS = 5000


def may_be_told(item: Item) -> bool:
    """Whether the answer to ``item`` may be told with the one before it."""
    return item.type.is_number and not (
        item.birth_year or item.repeats)


def told(state: State, item: Item, words: str) -> Answered | None:
    """What ``words`` beside another answer tell for ``item``."""
    if not words or not may_be_told(item):
        return None
    meant = understand(item, state.language, words)
    return meant if isinstance(meant, Answered) else None


def taken_up(state: State, item: Item, lead: tuple[Prompt, ...],
             first: tuple[Action, ...]) -> tuple[State, tuple[Action, ...]] | None:
    """In place of asking ``item``; None where nothing was told for it."""
    words = state.ahead.get(item.link_id, "")
    meant = told(state, item, words)
    if meant is None:
        return None
    state = replace(state, phase=Phase.CONFIRMING, link_id=item.link_id, value=meant.value,
                    words=words, keys="", told=str(meant.told or ""), ahead={})
    return state, (*first, Say((*lead, *wording.read_back(state, item))), Listen(CONFIRM_MS))
