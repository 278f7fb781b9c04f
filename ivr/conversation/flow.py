"""The moves of a conversation: ask, ask again, keep an answer, call an agent, end.

Each takes a state and gives the next one with the actions that go with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from followup.calls.models import AnsweredBy, Disposition
from followup.questionnaires.definition import Control, Item
from followup.questionnaires.enablement import unanswered
from followup.questionnaires.values import each, together
from followup.responses.models import GivenBy, Severity
from followup.rules import evaluate, findings, joined, told_with, worst
from ivr.conversation import wording
from ivr.conversation.actions import (
    Action,
    CheckAgent,
    CloseAnswers,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    Say,
    StoreAnswer,
)
from ivr.conversation.adding import add
from ivr.conversation.ahead import taken_up
from ivr.conversation.changes import replace
from ivr.conversation.state import Phase, State
from ivr.prompts.prompt import Prompt
from ivr.understanding import Wished

LISTEN_MS = 6000             # after a question that one key answers
LISTEN_NUMBER_MS = 8000      # after one that is typed: finding the keys takes longer
WAIT_MS = 20000              # to fetch a thermometer, or the patient
MESSAGE_SILENCE_S = 4
MAX_MISSES = 3
MAX_REPEATS = 5              # to hear a question again; then each counts as a miss
MAX_SILENT_ITEMS = 2         # given up in silence one after the other: nobody is there

Step = tuple[State, tuple[Action, ...]]


def remaining(state: State) -> tuple[Item, ...]:
    """The questions that are still to be asked, in order, as things stand."""
    return tuple(item for item in unanswered(state.questionnaire, state.answers, state.open)
                 if item.link_id not in state.skipped
                 and not (item.birth_year and _year_is_settled(state)))


def _year_is_settled(state: State) -> bool:
    """Whether the year of birth needs not be asked: told rightly, or nobody knows it."""
    return state.context.birth_year is None or state.answered_by is AnsweredBy.PATIENT


def identified(state: State) -> bool:
    """Whether who has answered is known as far as it is to be: only then of the stay is spoken."""
    return not any(item.identity or item.birth_year for item in remaining(state))


# --- what to ask next ------------------------------------------------------------------------

def step(state: State, lead: tuple[Prompt, ...] = (), first: tuple[Action, ...] = ()) -> Step:
    """Ask, check for an agent, escalate or finish; ``first`` and then ``lead`` go before."""
    state = leave_item(state)
    ahead = remaining(state)
    severity = worst(state.findings)
    if severity is None or not identified(state):
        return ask_next(state, lead, first)
    if severity is Severity.CRITICAL:
        return escalate(state, "finding", state.context.hold_s, lead, first)
    if any(item.ask_before_agent for item in ahead):
        return ask_next(state, lead, first)
    if ahead:
        said = (Say(lead, interruptible=False),) if lead else ()
        return replace(state, phase=Phase.CHECKING), (*first, *said, CheckAgent())
    return escalate(state, "finding", state.context.hold_s, lead, first)


def leave_item(state: State) -> State:
    """Nothing is being asked any more."""
    return replace(state, link_id=None, keys="", value=None, words="", doubted=None, misses=0,
                   doubted_words="", repeats=0, puzzled=0, waiting=False, starred=False,
                   restarted=False, item_heard=False, adding=False, redoing=False, agreed=False)


def ask_next(state: State, lead: tuple[Prompt, ...], first: tuple[Action, ...]) -> Step:
    ahead = remaining(state)
    if not ahead:
        return finish(state, _final_outcome(state), (*lead, *wording.displays(state, None)),
                       first)
    return ask(state, ahead[0], (*lead, *wording.displays(state, ahead[0])), first)


def ask(state: State, item: Item, lead: tuple[Prompt, ...], first: tuple[Action, ...]) -> Step:
    first = (*first, Mark("question", item.link_id, item.text.get(state.language, "")))
    if told := taken_up(state, item, lead, first):
        return told
    state = replace(state, link_id=item.link_id, adding=item.link_id in state.open, ahead={})
    if state.adding and not item.type.has_options:
        return any_more(state, lead, first)
    before = wording.chosen(state, item, "picked-before") if state.adding else ()
    return say_and_wait(state, (*lead, *wording.question(state, item), *before), first)


def say_and_wait(state: State, prompts: tuple[Prompt, ...],
                  first: tuple[Action, ...] = ()) -> Step:
    """Say something about the current item and wait for its answer, from its first key on."""
    item = current(state)
    state = replace(state, phase=Phase.RECORDING if item.type.is_message else Phase.ASKING,
                    keys="", value=None, words="", waiting=False)
    wait: Action = record(item) if item.type.is_message else \
        Listen(LISTEN_MS if item.type.has_options else LISTEN_NUMBER_MS)
    return state, (*first, Say(prompts), wait)


def record(item: Item) -> RecordMessage:
    return RecordMessage(item.link_id, item.max_seconds, MESSAGE_SILENCE_S,
                         item.key_for(Control.END))


def current(state: State) -> Item:
    item = state.item
    assert item is not None, f"no item in phase {state.phase}"
    return item


def repeat(state: State, first: tuple[Action, ...] = (), lead: tuple[Prompt, ...] = (),
           slowly: bool = False) -> Step:
    """Say the question again, as often as a patient may ask for it."""
    if state.repeats >= MAX_REPEATS:
        after, actions = miss(state, "not-understood")
        return after, (*first, *actions)
    item = current(state)
    said = wording.slowly(state, item) if slowly else wording.question(state, item)
    return say_and_wait(replace(state, repeats=state.repeats + 1), (*lead, *said), first)


def at_opening(state: State) -> bool:
    """Whether nothing has come of the first question of the call as yet."""
    return not (state.misses or state.repeats or state.answered or state.skipped or state.history
                or state.answered_by)


def attend(state: State, wished: Wished) -> Step:
    """"Hello?", "who is this?": kindly, and the question again; at first all that we open with."""
    lead = wording.opening(state) if at_opening(state) else wording.attending(state, wished)
    return repeat(state, (), lead)


def reopen(state: State) -> Step:
    """Whoever picks up says something over the greeting: they hear it from its beginning, once."""
    return say_and_wait(replace(state, misses=1),
                        (*wording.opening(state), *wording.question(state, current(state))))


def miss(state: State, why: str) -> Step:
    """Not heard or not understood: explain, then offer the keys slowly, then go on without."""
    item = current(state)
    state = replace(state, misses=state.misses + 1, starred=False)
    if state.misses < MAX_MISSES:
        return say_and_wait(state, wording.once_more(state, item, why))
    if item.link_id in state.answers:         # was to be corrected: what was said holds
        return pass_over(state)
    if item.birth_year and state.item_heard:
        return finish(state, Disposition.IDENTITY_FAILED, (), ())
    if item.required and state.item_heard and not item.identity and not state.unmet:
        return escalate(state, "stuck", hold_s=0)
    if item.required:
        return finish(state, _unanswered_outcome(state), (), ())
    return pass_over(state)


def pass_over(state: State) -> Step:
    """Go on without an answer; one that was given before stands."""
    item, moving_on = current(state), (wording.prompt(state, "move-on"),)
    if item.link_id in state.answers:
        state, closing = closed(state)
        return step(state, moving_on, closing)
    silent = 0 if state.item_heard else state.silent_items + 1
    state = replace(dealt_with(state), skipped=(*state.skipped, item.link_id),
                    silent_items=silent)
    if silent >= MAX_SILENT_ITEMS and remaining(state):
        return finish(state, _unanswered_outcome(state), (), ())
    return step(state, moving_on)


def wait(state: State) -> Step:
    """The patient asks for a moment: nothing is said meanwhile, and no silence is held against
    them."""
    if state.repeats >= MAX_REPEATS:
        return miss(state, "not-understood")
    keys = "" if state.phase is Phase.ASKING else state.keys      # else they are being read back
    return (replace(state, repeats=state.repeats + 1, keys=keys, waiting=True),
            (Say((wording.prompt(state, "waiting"),)), Listen(WAIT_MS)))


# --- answers ---------------------------------------------------------------------------------

def dealt_with(state: State) -> State:
    """Remember the item for going back to it; who answered is not to be changed."""
    item = current(state)
    if item.identity or item.birth_year or item.link_id in state.history:
        return state
    return replace(state, history=(*state.history, item.link_id))


def store(state: State, value: Mapping[str, Any], heard: str, given_by: GivenBy,
          confidence: float = 1.0) -> tuple[State, tuple[Action, ...]]:
    """Keep an answer; where the item repeats, beside those that were given before."""
    item = current(state)
    before = each(state.answers[item.link_id]) if state.adding else ()
    before = before[:-1] if state.redoing else before
    added = add(item, before, each(value))
    known = item.link_id in (*state.given_before, *state.answers)
    actions: list[Action] = []
    last = len(added.kept) + len(added.new) - 1
    answers = {**state.answers, item.link_id: together((*added.kept, *added.new))} \
        if added.new else state.answers
    totals = told_with(item, state.questionnaire, answers, state.findings) if added.new else []
    for position, one in enumerate(added.new, len(added.kept)):
        own = evaluate(item, one)
        hit = joined([*([own] if own else []), *(totals if position == last else [])])
        differs = given_by is GivenBy.KEY and state.doubted and one not in each(state.doubted)
        actions += [StoreAnswer(item.link_id, one, heard, given_by, hit, confidence=confidence,
                                supersedes=known and (position == 0 or state.redoing),
                                position=position,
                                open=added.open or position < last,
                                doubted=state.doubted_words if differs else None),
                    Mark("answer", item.link_id, heard)]
        if differs:
            actions.append(Mark("disagreement", item.link_id, state.doubted_words))
        if hit:
            actions.append(Mark("finding", item.link_id, hit.text.get(state.language, hit.rule)))
    if added.new:
        opened = (item.link_id,) if added.open else ()
        state = replace(
            state, answers=answers, silent_items=0, answered=state.answered + 1,
            findings=findings(state.questionnaire, answers),
            open=(*without(state.open, item.link_id), *opened),
            agreed=state.phase is Phase.CONFIRMING and not added.kept)
    state = replace(state, adding=True, redoing=False) if item.repeats else dealt_with(state)
    return state, tuple(actions)


def answer(state: State, value: Mapping[str, Any], heard: str, given_by: GivenBy,
           confidence: float = 1.0) -> Step:
    """Keep an answer and go on: to further ones, or to the next question."""
    item, known = current(state), identified(state)
    state, stored = store(state, value, heard, given_by, confidence)
    if item.repeats and worst(state.findings) is not Severity.CRITICAL:
        return _another(state, item, stored)
    return go_on(state, known, stored)


def go_on(state: State, known: bool, first: tuple[Action, ...] = ()) -> Step:
    """The next question; ``known``: who answers was known before this answer."""
    lead = () if known or not identified(state) else (
        wording.prompt(state, "introduction", department=state.context.department),)
    return step(state, lead, first)


def _another(state: State, item: Item, stored: tuple[Action, ...]) -> Step:
    """One of several answers is kept: is there another?"""
    if item.type.has_options:
        if not stored:
            state = replace(state, repeats=state.repeats + 1)
        if item.link_id not in state.open or state.repeats > MAX_REPEATS:
            return review(state, stored)
        return say_and_wait(state, wording.chosen(state, item, "picked-more"), stored)
    if item.link_id not in state.open:
        return done(state, stored)
    if len(each(state.answers[item.link_id])) < item.min_answers:
        return say_and_wait(state, wording.question(state, item), stored)
    return any_more(state, first=stored)


def any_more(state: State, lead: tuple[Prompt, ...] = (),
             first: tuple[Action, ...] = ()) -> Step:
    """Ask whether there is one more answer to the question."""
    return (replace(state, phase=Phase.MORE, keys="", value=None, words=""),
            (*first, Say((*lead, wording.prompt(state, "any-more"))), Listen(LISTEN_MS)))


def review(state: State, first: tuple[Action, ...] = (), lead: tuple[Prompt, ...] = ()) -> Step:
    """Read back all the options that were chosen, unless that was done, or it is but one."""
    item = current(state)
    if state.agreed or len(each(state.answers[item.link_id])) == 1:
        return done(state, first)
    return (replace(state, phase=Phase.REVIEWING, keys="", value=None, words=""),
            (*first, Say((*lead, *wording.chosen(state, item, "picked-all"))), Listen(LISTEN_MS)))


def done(state: State, first: tuple[Action, ...] = ()) -> Step:
    """Nothing is to be added to the answers of an item: go on."""
    state, closing = closed(state)
    return step(state, (), (*first, *closing))


def picking(state: State) -> bool:
    """Whether options have been chosen, and more may be."""
    item = state.item
    return item is not None and item.type.has_options and state.adding \
        and item.link_id in state.answers


def closed(state: State) -> tuple[State, tuple[Action, ...]]:
    """The item has all the answers it will be given."""
    item = current(state)
    closing = (CloseAnswers(item.link_id),) if item.link_id in state.open else ()
    return replace(dealt_with(state), open=without(state.open, item.link_id)), closing


def without(link_ids: tuple[str, ...], link_id: str) -> tuple[str, ...]:
    return tuple(one for one in link_ids if one != link_id)


# --- agents ----------------------------------------------------------------------------------

def escalate(state: State, reason: str, hold_s: int, lead: tuple[Prompt, ...] = (),
              first: tuple[Action, ...] = ()) -> Step:
    state = replace(state, phase=Phase.ESCALATING, escalation=reason)
    return state, (*first, Mark("escalation", state.link_id, reason),
                   Escalate(worst(state.findings), reason, hold_s, state.findings,
                            (*lead, wording.prompt(state, "connecting"))))


def no_agent(state: State) -> Step:
    if state.escalation == "asked":
        lead = (wording.prompt(state, "nobody-free-go-on"),)
        if state.adding and not current(state).type.has_options:
            return any_more(replace(state, unmet=True), lead)
        return say_and_wait(replace(state, unmet=True),
                             (*lead, *wording.question(state, current(state))))
    urgent = worst(state.findings) is Severity.CRITICAL
    return _end(state, Disposition.CALLBACK_ALERT,
                wording.nobody_free(state, urgent))


# --- the end ---------------------------------------------------------------------------------

def _final_outcome(state: State) -> Disposition:
    """Nothing is left to ask."""
    if state.unmet:
        return Disposition.CALLBACK_ALERT
    identity = state.questionnaire.identity
    said = set(state.answers) - ({identity.link_id} if identity else set())
    return Disposition.COMPLETED if said or not state.skipped else Disposition.PARTIAL


def _unanswered_outcome(state: State) -> Disposition:
    """Nobody answers any more; what talked as a machine does was asked as often as a person."""
    if is_machine(state):
        return Disposition.VOICEMAIL
    return Disposition.PARTIAL if state.answered else Disposition.NO_INPUT


def finish(state: State, outcome: Disposition, lead: tuple[Prompt, ...],
            first: tuple[Action, ...]) -> Step:
    """Say good-bye, unless a finding still waits for an agent: then try for one first."""
    confirmed = identified(state) and outcome not in (
        Disposition.WRONG_PERSON, Disposition.CALL_BACK, Disposition.REFUSED,
        Disposition.IDENTITY_FAILED)
    if state.findings and confirmed:
        return escalate(state, "finding", state.context.hold_s, lead, first)
    return _end(state, outcome, (*lead, *wording.goodbye(state, outcome)), first)


def _end(state: State, outcome: Disposition, prompts: tuple[Prompt, ...],
         first: tuple[Action, ...] = ()) -> Step:
    state = replace(state, phase=Phase.ENDED, outcome=outcome)
    said = (Say(prompts, interruptible=False),) if prompts else ()
    return state, (*first, *said, End(outcome, not remaining(state)))


# --- machines --------------------------------------------------------------------------------

def is_machine(state: State) -> bool:
    """Whether nobody but what talks as a machine has been heard."""
    return state.machine and not state.person


def machine(state: State, certain: bool) -> Step:
    """It talks as a machine does; whoever pressed a key or was understood is a person."""
    if state.person:
        return state, ()
    state = replace(state, machine=True)
    if not certain:
        return state, ()
    left = (wording.prompt(state, "voicemail", hospital=wording.hospital(state)),) \
        if state.context.voicemail_message else ()
    return _end(state, Disposition.VOICEMAIL, left)
