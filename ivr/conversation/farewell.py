"""Calls that are not wanted now, or never again: when to call back, whether to stop calling."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from followup.calls.models import AnsweredBy, Disposition
from ivr.conversation import flow, wording
from ivr.conversation.actions import Action, End, Listen, Report, Say, StopCalling
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.prompts.prompt import Prompt
from ivr.understanding import When, Wish, Wished, confirmation, when, wish

WHEN_MS = 8000               # to find the keys of a time
DIGIT_MS = 3000              # between two of them
STOP_MS = 6000
CONFIRM_MS = 5000            # silence leaves the time as it was read back
SOON = When(after_min=60)
TOMORROW = When(days=1)


def leave(state: State, outcome: Disposition, first: tuple[Action, ...] = ()) -> Step:
    """End politely; ask first what there is to ask. The outcome stands whatever follows."""
    state = replace(state, outcome=outcome, keys="", words="", misses=0)
    if outcome is Disposition.CALL_BACK:
        return (replace(state, phase=Phase.CALLING_BACK),
                (*first, Say((when_prompt(state),)), Listen(WHEN_MS)))
    if outcome is Disposition.REFUSED:
        return (replace(state, phase=Phase.STOPPING),
                (*first, Say((wording.prompt(state, "stop-calling"),)), Listen(STOP_MS)))
    if outcome is Disposition.WRONG_PERSON:
        first = (*first, Report(outcome))
    return flow.finish(state, outcome, (), first)


def when_prompt(state: State) -> Prompt:
    """A relative is asked when the patient can be reached."""
    relative = state.answered_by is AnsweredBy.RELATIVE
    return wording.prompt(state, "reach-when" if relative else "call-back-when")


def time_key(state: State, digit: str) -> Step:
    """One more key of the time to call back: 1, 2, or the hour and minute as on a clock.

    A lone 0: no call at all any more.
    """
    if digit == "#" and state.misses and not state.keys:
        return state, ()               # out of habit, after a time that was none
    if digit == "#":
        return time_given(state)
    if digit == "*":
        return ask_again(state)
    keys = state.keys + digit
    state = replace(state, keys=keys)
    return time_given(state) if len(keys) == 4 else (state, (Listen(DIGIT_MS),))


def time_given(state: State) -> Step:
    """Nothing more is coming: the time typed, or none."""
    if state.keys == "0" and state.answered_by is not AnsweredBy.RELATIVE:
        return leave(state, Disposition.REFUSED)
    if state.keys and read_time(state.keys) is None:
        return ask_again(state)
    return say_goodbye(state)


def read_time(keys: str) -> When | None:
    """What the keys mean: ``1`` in an hour, ``2`` tomorrow, ``930`` or ``1530`` on the clock."""
    if keys in ("1", "2"):
        return SOON if keys == "1" else TOMORROW
    if not keys.isdigit() or len(keys) not in (3, 4):
        return None
    hour, minute = divmod(int(keys), 100)
    return When(minute=hour * 60 + minute) if hour < 24 and minute < 60 else None


def moment_of(named_time: When, asked_at: datetime) -> datetime:
    """The moment that was named at ``asked_at`` (aware, in the hospital's time zone)."""
    day = asked_at.date() + timedelta(days=named_time.days or 0)
    if named_time.minute is None:
        return asked_at + timedelta(days=named_time.days or 0, minutes=named_time.after_min or 0)
    hour, minute = divmod(named_time.minute, 60)
    named = datetime.combine(day, time(hour, minute), asked_at.tzinfo)
    return named if named > asked_at else named + timedelta(days=1)


def stop_words(state: State, text: str, confidence: float) -> Step:
    """Words in place of a key: a yes, or the wish again. What was hardly heard stops no calls."""
    said = confirmation(state.language, text)
    wished = wish(state.language, text) if said is None else None
    stop = said or wished == Wished(Wish.STOP_CALLING)
    unclear = bool(text) and said is None and not stop and not state.misses
    if unclear or (stop and confidence < CONFIDENT):
        return _ask_for_key(state)
    return say_goodbye(state, (StopCalling(),) if stop else ())


def time_words(state: State, text: str) -> Step:
    """Words in place of the keys of a time."""
    named = when(state.language, text)
    return ask_again(state) if named is None else read_back(replace(state, words=text), named)


def read_back(state: State, named: When) -> Step:
    """Say when we shall call, as it was understood."""
    state = replace(state, phase=Phase.CONFIRMING_TIME, keys="", repeats=state.repeats + 1)
    return state, (Say(wording.time_heard(state, named)), Listen(CONFIRM_MS))


def confirming_key(state: State, digit: str) -> Step:
    """A key on a time that was read back."""
    named = when(state.language, state.words)
    if digit == "*" and named is not None and state.repeats < flow.MAX_REPEATS:
        return read_back(state, named)
    return say_goodbye(state) if digit in "1#" else ask_again(state)


def confirming_words(state: State, text: str) -> Step:
    """Yes, no, or another time. What is unclear leaves the time as it was read back."""
    named = when(state.language, text)
    if named is not None and state.repeats < flow.MAX_REPEATS:
        return read_back(replace(state, words=text), named)
    return ask_again(state) if confirmation(state.language, text) is False \
        else say_goodbye(state)


def ask_again(state: State) -> Step:
    """No time was understood: once more, then the hospital chooses."""
    if state.misses:
        return say_goodbye(replace(state, keys="", words=""))        # the hospital chooses
    state = replace(state, phase=Phase.CALLING_BACK, keys="", words="", misses=1)
    return state, (Say((wording.prompt(state, "not-understood"), when_prompt(state))),
                   Listen(WHEN_MS))


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
    """How the call ends, with the time that was named."""
    assert state.outcome is not None
    named = None
    if state.outcome is Disposition.CALL_BACK:
        named = read_time(state.keys) or when(state.language, state.words)
    return End(state.outcome, not flow.remaining(state), named)
