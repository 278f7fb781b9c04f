"""A patient who knows all answers beforehand, and gives each in full whenever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from followup.questionnaires.definition import Control, Item, ItemType
from followup.questionnaires.values import each
from ivr.conversation.actions import CheckAgent, Escalate
from ivr.conversation.events import (
    AgentChecked,
    Event,
    Key,
    MessageRecorded,
    NoAgent,
    TimedOut,
)
from ivr.conversation.state import Phase
from tests.ivr.conversation.driver import Call

TYPED = {ItemType.INTEGER: ("3", "7", "10"), ItemType.DECIMAL: ("36*5", "41", "38*2"),
         ItemType.QUANTITY: ("36*5", "41", "38*2"),
         ItemType.DATE: ("20260301", "20260302", "20260310")}


@dataclass(frozen=True)
class Patient:
    """``whims`` picks which option, and how many answers, question by question."""

    whims: Sequence[int]

    def wanted(self, item: Item, place: int) -> list[str]:
        """Keys of each answer, in order."""
        whim = self.whims[place % len(self.whims)]
        count = max(item.min_answers, min(item.max_answers, 1 + whim % 3))
        if item.identity:
            return [item.options[0].keys[0]]
        if item.type in TYPED:
            return [TYPED[item.type][(whim + number) % 3] for number in range(count)]
        if item.type.is_message:
            return ["message"] * count
        keys = [option.keys[0] for option in item.options]
        turn = whim % len(keys)
        return (keys[turn:] + keys[:turn])[:count]

    def acts(self, call: Call) -> list[Event]:
        """What they do now."""
        wait = call.last[-1]
        if isinstance(wait, CheckAgent):
            return [AgentChecked(False)]
        if isinstance(wait, Escalate):
            return [NoAgent()]
        item = call.state.item
        if item is None:
            return [TimedOut()]
        place = [each.link_id for each in call.questionnaire.order].index(item.link_id)
        wanted = self.wanted(item, place)
        given = _given(call.state.answers, item) if call.state.adding else 0
        if call.state.phase is Phase.MORE:
            return [Key("1" if given < len(wanted) else "2")]
        if call.state.phase in (Phase.REVIEWING, Phase.CONFIRMING):
            return [Key("1")]
        if item.type.is_message:
            return [MessageRecorded("m.wav", 5000)]
        if item.type in TYPED:
            keys = wanted[min(given, len(wanted) - 1)]
            end = item.key_for(Control.END)
            return [*map(Key, keys), Key(end) if end else TimedOut()]
        if item.repeats and given:
            left = [key for key in wanted if (option := item.option_for(key))
                    and option.value not in each(call.state.answers[item.link_id])]
            return [Key(left[0] if left else item.key_for(Control.END))]
        return [Key(wanted[0])]


def _given(answers: Mapping[str, Mapping[str, Any]], item: Item) -> int:
    return len(each(answers[item.link_id])) if item.link_id in answers else 0


patients = st.lists(st.integers(0, 8), min_size=1, max_size=6).map(
    lambda whims: Patient(tuple(whims)))
