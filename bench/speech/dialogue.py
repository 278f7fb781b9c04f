"""A patient who answers a question aloud, on the real conversation, to what is recorded in the end.

The patient is the worst witness: never presses a key while words are taken, never says "no" to
what is read back, but gives the true answer again, in the other words there are for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.speech.questions import Question
from ivr.conversation import Context, advance, begin
from ivr.conversation.actions import StoreAnswer
from ivr.conversation.events import Event, Key, Spoken, Started
from ivr.conversation.speech import hears
from ivr.conversation.state import Phase
from ivr.recognition.protocol import Heard
from ivr.understanding import Grammar

MOST_TURNS = 40

Hear = Callable[[Grammar, bytes], Awaitable[Heard]]


@dataclass(frozen=True)
class Outcome:
    """``value`` is None when nothing was recorded. ``spoken``: utterances; ``by_voice``: no key."""

    value: Mapping[str, Any] | None
    spoken: int
    by_voice: bool


async def converse(question: Question, language: str, word: str, sounds: Iterator[bytes],
                   hear: Hear) -> Outcome:
    """One conversation; ``sounds`` are what the patient says, one after the other."""
    state = begin(question.questionnaire(language), Context({language: "h"}, "n", "d", language))
    truth = question.answers[word]
    waiting = list(question.keys[word])
    event: Event = Started()
    spoken = 0
    for _ in range(MOST_TURNS):
        state, actions = advance(state, event)
        for action in actions:
            if isinstance(action, StoreAnswer):
                return Outcome(action.value, spoken, isinstance(event, Spoken))
        if state.phase not in (Phase.ASKING, Phase.CONFIRMING):
            break
        grammar = hears(state)
        if grammar is not None and not (state.keys or len(waiting) < len(question.keys[word])):
            heard = await hear(grammar, next(sounds))
            spoken += 1
            event = Spoken(heard.text, heard.confidence)
        elif state.phase is Phase.CONFIRMING:
            event = Key("1" if state.value == truth else "2")
        elif waiting:
            event = Key(waiting.pop(0))
        else:
            break
    return Outcome(None, spoken, by_voice=False)
