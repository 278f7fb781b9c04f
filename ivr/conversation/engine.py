"""The conversation: what follows from an event.

Every batch of actions that is not empty ends in one of ``actions.WAITING`` (or hands the call to
an agent); an empty one means: go on waiting for what you were waiting for.
"""

from __future__ import annotations

from dataclasses import replace

from followup.calls.models import Disposition
from followup.questionnaires.definition import Item, ItemType, Option, Questionnaire
from followup.questionnaires.enablement import Answers, enabled_items
from followup.questionnaires.values import fhir_value
from followup.responses.models import GivenBy
from followup.rules import evaluate
from ivr.conversation import flow, wording
from ivr.conversation.actions import (
    Action,
    End,
    Listen,
    Mark,
    Say,
    SetLanguage,
)
from ivr.conversation.entry import MAX_KEYS, may_go_on, read
from ivr.conversation.events import (
    AgentChecked,
    AgentJoined,
    Event,
    HungUp,
    Key,
    MessageRecorded,
    NoAgent,
    Started,
    TimedOut,
)
from ivr.conversation.flow import Step
from ivr.conversation.state import Context, Phase, State

INTER_DIGIT_MS = 3000        # between two keys of a number
LAST_DIGIT_MS = 1500         # when no further digit can follow: time for a # out of habit
CONFIRM_MS = 4000
MESSAGE_SHORTEST_MS = 700    # below this nobody spoke


def begin(questionnaire: Questionnaire, context: Context) -> State:
    """A conversation that waits for ``Started``."""
    return resume(questionnaire, context, {})


def resume(questionnaire: Questionnaire, context: Context, answers: Answers) -> State:
    """A conversation that goes on from stored answers (linkId -> FHIR value[x]).

    Who answered is asked anew in each call; findings in the answers wait for an agent again.
    """
    identity = questionnaire.identity
    kept = {link_id: dict(value) for link_id, value in answers.items()
            if not (identity and link_id == identity.link_id)}
    hits = (evaluate(item, kept[item.link_id])
            for item in enabled_items(questionnaire, answers) if item.link_id in kept)
    language = context.language if context.language in questionnaire.languages \
        else questionnaire.languages[0]
    return State(questionnaire, context, language, answers=kept,
                 given_before=tuple(set(answers) - set(kept)),
                 findings=tuple(hit for hit in hits if hit))


def advance(state: State, event: Event) -> Step:
    """What follows from ``event``. An event that does not fit the moment changes nothing."""
    match state.phase, event:
        case _, HungUp():
            return _hung_up(state)
        case Phase.NEW, Started():
            return flow.step(state, wording.opening(state),
                         (SetLanguage(state.language),))
        case Phase.ASKING | Phase.RECORDING | Phase.CONFIRMING, Key(digit):
            return _key(replace(state, heard=True, item_heard=True), digit)
        case Phase.ASKING, TimedOut():
            return _typed(state) if state.keys else flow.miss(state, "not-heard")
        case Phase.CONFIRMING, TimedOut():
            return _confirmed(state)
        case Phase.RECORDING, MessageRecorded(file, duration_ms):
            return _recorded(state, file, duration_ms)
        case Phase.RECORDING, TimedOut():
            return _recorded(state, "", 0)
        case Phase.CHECKING, AgentChecked(free):
            return flow.escalate(state, "finding", hold_s=0) if free \
                else flow.ask_next(state, (), ())
        case Phase.ESCALATING, AgentJoined():
            return (replace(state, phase=Phase.TALKING, outcome=Disposition.ESCALATED),
                    (Mark("agent", state.link_id, ""),))
        case Phase.ESCALATING, NoAgent():
            return flow.no_agent(state)
    return state, ()


# --- keys ------------------------------------------------------------------------------------

def _key(state: State, digit: str) -> Step:
    if state.phase is Phase.CONFIRMING:
        return _confirm_key(state, digit)
    item = flow.current(state)
    if state.phase is Phase.RECORDING:
        return _recording_key(state, item, digit)
    if item.type.has_options:
        return _option_key(state, item, digit)
    return _number_key(state, item, digit)


def _option_key(state: State, item: Item, digit: str) -> Step:
    if option := item.option_for(digit):
        return _chosen(state, item, option, digit)
    if language := item.language_keys.get(digit):
        state = replace(state, language=language)
        return flow.repeat(state, (SetLanguage(language),))
    if digit == item.other_key:
        return (replace(state, phase=Phase.RECORDING),
                (Say((wording.prompt(state, "say-it"),)), flow.record(item)))
    if digit == "*":
        return flow.repeat(state)
    if digit == "#" and not state.repeats and not state.misses:
        return flow.repeat(state)      # a # out of habit after the question before
    if digit == "0":
        return _asked_for_person(state)
    return flow.miss(state, "not-understood")


def _number_key(state: State, item: Item, digit: str) -> Step:
    if digit == "#":
        if not state.keys and not state.repeats and not state.misses:
            return flow.repeat(state)
        return _typed(state) if state.keys else flow.miss(state, "not-understood")
    if digit == "*" and not (state.keys and item.type is ItemType.DECIMAL):
        return flow.repeat(state)      # nothing typed yet, or start over
    keys = state.keys + digit
    if len(keys) > MAX_KEYS:
        return flow.miss(state, "not-understood")
    return (replace(state, keys=keys),
            (Listen(INTER_DIGIT_MS if may_go_on(item, keys) else LAST_DIGIT_MS),))


def _recording_key(state: State, item: Item, digit: str) -> Step:
    if digit == "#":
        return _recorded(state, "", 0)
    if digit == "*":
        return flow.repeat(state)
    if state.repeats >= flow.MAX_REPEATS:
        return _recorded(state, "", 0)
    return replace(state, repeats=state.repeats + 1), (flow.record(item),)     # speaks at once


def _confirm_key(state: State, digit: str) -> Step:
    if digit in "1#":
        return _confirmed(state)
    return flow.miss(state, "again")


def _confirmed(state: State) -> Step:
    assert state.value is not None
    return flow.answer(state, state.value, state.keys, GivenBy.KEY)


def _typed(state: State) -> Step:
    item = flow.current(state)
    typed = read(item, state.keys)
    if typed.out_of_range:
        return flow.miss(state, "out-of-range")
    if typed.value is None:
        return flow.miss(state, "not-understood")
    value = fhir_value(typed.value)
    if not typed.converted:
        return flow.answer(state, value, state.keys, GivenBy.KEY)
    state = replace(state, phase=Phase.CONFIRMING, value=value)
    return state, (Say(wording.read_back(state, item, typed.value)), Listen(CONFIRM_MS))


def _chosen(state: State, item: Item, option: Option, digit: str) -> Step:
    if option.outcome:
        state, stored = flow.store(state, option.value, digit, GivenBy.KEY)
        return flow.finish(state, Disposition(option.outcome), (), stored)
    return flow.answer(state, option.value, digit, GivenBy.KEY)


def _recorded(state: State, file: str, duration_ms: int) -> Step:
    item = flow.current(state)
    if file and duration_ms >= MESSAGE_SHORTEST_MS:
        value = {"valueAttachment": {"contentType": "audio/wav", "url": file}}
        return flow.answer(replace(state, heard=True, item_heard=True), value, f"{duration_ms} ms",
                       GivenBy.MESSAGE)
    if item.required or item.type is not ItemType.TEXT:
        return flow.miss(state, "not-heard")
    return flow.step(replace(state, skipped=(*state.skipped, item.link_id)))


def _asked_for_person(state: State) -> Step:
    if not state.unmet:
        return flow.escalate(state, "asked", state.context.hold_s)
    return flow.miss(state, "nobody-free-go-on")      # said once already: it counts


def _hung_up(state: State) -> Step:
    stored: tuple[Action, ...] = ()
    outcome = state.outcome
    if state.phase is Phase.CONFIRMING and state.value is not None:
        # read back and not denied: the answer was given
        state, stored = flow.store(state, state.value, state.keys, GivenBy.KEY)
    if outcome is None and (state.phase is Phase.ESCALATING or state.unmet):
        outcome = Disposition.CALLBACK_ALERT
    if outcome is None:
        outcome = Disposition.PARTIAL if state.heard else Disposition.NO_INPUT
    state = replace(state, phase=Phase.ENDED, outcome=outcome, value=None)
    return state, (*stored, End(outcome, not flow.remaining(state)))
