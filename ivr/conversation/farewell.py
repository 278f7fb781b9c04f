"""Calls that are not wanted now, or never again: the last words, and whether to stop calling."""

from __future__ import annotations

from datetime import datetime

from followup.calls.models import Disposition
from ivr.conversation import flow, wording
from ivr.conversation.actions import Action, End, Listen, Report, Say, StopCalling
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.understanding import Wish, Wished, confirmation, wish

WHEN_MS = 8000               # to find the keys of a time
STOP_MS = 6000


def leave(state: State, outcome: Disposition, first: tuple[Action, ...] = ()) -> Step:
    """End politely; ask first what there is to ask. The outcome stands whatever follows."""
    repeats = 0 if state.outcome is None else state.repeats
    state = replace(state, outcome=outcome, keys="", words="", named="", misses=0,
                    repeats=repeats)
    if outcome is Disposition.CALL_BACK and state.context.now:
        return (replace(state, phase=Phase.CALLING_BACK),
                (*first, Say((wording.when_to_call(state),)), Listen(WHEN_MS)))
    if outcome is Disposition.REFUSED:
        return (replace(state, phase=Phase.STOPPING),
                (*first, Say((wording.prompt(state, "stop-calling"),)), Listen(STOP_MS)))
    if outcome is Disposition.WRONG_PERSON:
        first = (*first, Report(outcome))
    return flow.finish(state, outcome, (), first)


def stop_words(state: State, text: str, confidence: float) -> Step:
    """Words in place of a key: a yes, or the wish again. What was hardly heard stops no calls."""
    said = confirmation(state.language, text)
    wished = wish(state.language, text) if said is None else None
    stop = said or wished == Wished(Wish.STOP_CALLING)
    unclear = bool(text) and said is None and not stop and not state.misses
    if unclear or (stop and confidence < CONFIDENT):
        return _ask_for_key(state)
    return say_goodbye(state, (StopCalling(),) if stop else ())


def stop_key(state: State, digit: str) -> Step:
    """1: never call again."""
    if digit == "*" and not state.misses:
        return _ask_for_key(state)
    return say_goodbye(state, (StopCalling(),) if digit == "1" else ())


def _ask_for_key(state: State) -> Step:
    """Say once more what stops the calls."""
    return (replace(state, misses=state.misses + 1),
            (Say((wording.prompt(state, "stop-calling"),)), Listen(STOP_MS)))


def say_goodbye(state: State, first: tuple[Action, ...] = ()) -> Step:
    """The last words, then the end."""
    assert state.outcome is not None
    name = "goodbye-stopped" if StopCalling() in first else ""
    prompts = (wording.prompt(state, name),) if name else wording.goodbye(state, state.outcome)
    return (replace(state, phase=Phase.ENDED), (*first, Say(prompts, interruptible=False),
                                                ending(state)))


def ending(state: State) -> End:
    """How the call ends, with the time that was agreed on."""
    assert state.outcome is not None
    at = datetime.fromisoformat(state.named) \
        if state.outcome is Disposition.CALL_BACK and state.named else None
    return End(state.outcome, not flow.remaining(state), at)
