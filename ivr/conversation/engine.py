"""The conversation: what follows from an event.

Every batch of actions that is not empty ends in one of ``actions.WAITING`` (or hands the call to
an agent); an empty one means: go on waiting for what you were waiting for.
"""

from __future__ import annotations

from collections.abc import Collection

from followup.calls.models import Disposition
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.enablement import Answers
from followup.questionnaires.values import each, together
from followup.responses.models import GivenBy
from followup.rules import evaluate, findings
from ivr.conversation import call_back, farewell, flow, keys, leaving, several, speech, wording
from ivr.conversation.actions import Action, Mark, SetLanguage
from ivr.conversation.changes import replace
from ivr.conversation.events import (
    AgentChecked,
    AgentJoined,
    Clock,
    Event,
    HungUp,
    Key,
    MachineHeard,
    MessageRecorded,
    NoAgent,
    PersonHeard,
    Spoken,
    Started,
    TimedOut,
)
from ivr.conversation.flow import Step
from ivr.conversation.state import Context, Phase, State
from ivr.understanding import Wish, Wished, is_risky, wish


def begin(questionnaire: Questionnaire, context: Context) -> State:
    """A conversation that waits for ``Started``."""
    return resume(questionnaire, context, {})


def resume(questionnaire: Questionnaire, context: Context, answers: Answers,
           open_: Collection[str] = ()) -> State:
    """A conversation that goes on from stored answers (linkId -> FHIR value[x], or several).

    ``open_``: the linkIds to whose answers the patient may have more to add.
    Who answered is asked anew in each call; findings in the answers wait for an agent again.
    """
    identity = questionnaire.identity
    kept = {link_id: dict(value) for link_id, value in answers.items()
            if not (identity and link_id == identity.link_id)}
    language = context.language if context.language in questionnaire.languages \
        else questionnaire.languages[0]
    return State(questionnaire, context, language, answers=kept,
                 open=tuple(item.link_id for item in questionnaire.order
                            if item.link_id in open_ and item.link_id in kept),
                 given_before=tuple(set(answers) - set(kept)),
                 findings=tuple(hit for hit in findings(questionnaire, answers)
                                if hit.link_id in kept))


def advance(state: State, event: Event) -> Step:
    """What follows from ``event``. An event that does not fit the moment changes nothing."""
    match state.phase, event:
        case _, HungUp():
            return _hung_up(state)
        case _, Clock(now):
            return replace(state, context=replace(state.context, now=now)), ()
        case Phase.NEW, Started():
            return flow.step(state, wording.opening(state), (SetLanguage(state.language),))
        case Phase.ASKING | Phase.RECORDING | Phase.CONFIRMING, Key(digit):
            return keys.pressed(replace(state, heard=True, item_heard=True, person=True), digit)
        case Phase.ASKING, Spoken("", cut=True) if flow.at_opening(state):
            return flow.reopen(_heard(state, ""))
        case Phase.ASKING | Phase.CONFIRMING, Spoken(text, confidence):
            return speech.spoken(_heard(state, text), text, confidence)
        case Phase.ASKING | Phase.CONFIRMING | Phase.RECORDING, MachineHeard(certain):
            return flow.machine(state, certain)
        case _, PersonHeard():
            return replace(state, machine=False), ()
        case Phase.MORE | Phase.REVIEWING, Key(digit):
            return several.pressed(replace(state, heard=True, item_heard=True, person=True), digit)
        case Phase.MORE | Phase.REVIEWING, Spoken(text, confidence):
            return several.spoken(_heard(state, text), text, confidence)
        case Phase.MORE | Phase.REVIEWING, TimedOut():
            return several.again(state)
        case Phase.ASKING, TimedOut() if state.waiting and not state.keys:
            return flow.repeat(state)
        case Phase.ASKING, TimedOut() if flow.picking(state):
            return flow.review(state)
        case Phase.ASKING, TimedOut():
            return keys.typed(state) if state.keys else flow.miss(state, "not-heard")
        case Phase.CONFIRMING, TimedOut():
            return keys.confirmed(state) if state.keys else speech.unanswered(state)
        case Phase.RECORDING, MessageRecorded(file, duration_ms):
            return keys.recorded(state, file, duration_ms)
        case Phase.RECORDING, TimedOut():
            return keys.recorded(state, "", 0)
        case Phase.CALLING_BACK, Key(digit):
            return call_back.key(state, digit)
        case Phase.CALLING_BACK, TimedOut():
            return call_back.given(state)
        case Phase.CONFIRMING_TIME, Key(digit):
            return call_back.confirming_key(state, digit)
        case Phase.CALLING_BACK | Phase.CONFIRMING_TIME, Spoken(text, confidence):
            return leaving.on_time(state, text, confidence)
        case Phase.STOPPING, Spoken(text, confidence):
            return farewell.stop_words(state, text, confidence)
        case Phase.TAKING_LEAVE, Key(digit):
            return leaving.pressed(replace(state, heard=True, person=True), digit)
        case Phase.TAKING_LEAVE, Spoken(text, confidence):
            return leaving.spoken(state, text, confidence) or speech.spoken(
                replace(_heard(state, text), phase=Phase.ASKING, leaving=None), text, confidence)
        case Phase.TAKING_LEAVE, TimedOut():
            return leaving.unanswered(state)
        case Phase.STOPPING, Key(digit):
            return farewell.stop_key(state, digit)
        case Phase.CONFIRMING_TIME, TimedOut():
            return call_back.unconfirmed(state)
        case Phase.STOPPING, TimedOut():
            return farewell.say_goodbye(state)
        case Phase.CHECKING, AgentChecked(free):
            return flow.escalate(state, "finding", hold_s=0) if free \
                else flow.ask_next(state, (), ())
        case Phase.ESCALATING, AgentJoined():
            return (replace(state, phase=Phase.TALKING, outcome=Disposition.ESCALATED),
                    (Mark("agent", state.link_id, ""),))
        case Phase.ESCALATING, NoAgent():
            return flow.no_agent(state)
    return state, ()


def _heard(state: State, text: str) -> State:
    """Sound without words may be music or a television: nobody is known to be there by it.

    Nor by a "hello": a machine says that too.
    """
    said = bool(text) and wish(state.language, text) != Wished(Wish.HELLO)
    return replace(state, heard=True, item_heard=state.item_heard or said,
                   person=state.person or said)


def _hung_up(state: State) -> Step:
    if state.phase is Phase.TAKING_LEAVE:
        return leaving.hung_up(state)
    if state.phase in (Phase.CALLING_BACK, Phase.CONFIRMING_TIME):
        return call_back.hung_up(state)
    stored: tuple[Action, ...] = ()
    outcome = state.outcome
    if state.phase is Phase.CONFIRMING and state.value is not None:
        state, stored = _unconfirmed(state)
    if outcome is None and (state.phase is Phase.ESCALATING or state.unmet):
        outcome = Disposition.CALLBACK_ALERT
    if outcome is None:
        outcome = Disposition.VOICEMAIL if flow.is_machine(state) else \
            Disposition.PARTIAL if state.heard else Disposition.NO_INPUT
    state = replace(state, phase=Phase.ENDED, outcome=outcome, value=None)
    return state, (*stored, farewell.ending(state))


def _unconfirmed(state: State) -> Step:
    """Read back and not denied, then the line was closed: what was typed was given.

    What was only heard is kept where it is an alarm or cannot be its own opposite; an all-clear
    that may have been heard wrongly is asked again in the next call.
    """
    assert state.value is not None
    if not state.words and not state.keys:        # offered by us, and not confirmed
        return state, ()
    if not state.words:
        return flow.store(state, state.value, state.given, GivenBy.KEY)
    item = flow.current(state)
    kept = [one for one in each(state.value)
            if not is_risky(item, one) or evaluate(item, one) is not None]
    if not kept:
        return state, ()
    return flow.store(state, together(kept), state.given, GivenBy.VOICE, state.confidence)
