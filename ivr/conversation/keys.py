"""What a key means at each moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from followup.calls.models import AnsweredBy, Disposition
from followup.questionnaires.checks import RELATIVE
from followup.questionnaires.definition import Control, Item, Option
from followup.questionnaires.values import fhir_value, together
from followup.responses.models import GivenBy
from ivr.conversation import correcting, farewell, flow, identity, wording
from ivr.conversation.actions import Listen, Say, SetLanguage, StopRecording
from ivr.conversation.changes import replace
from ivr.conversation.entry import MAX_KEYS, may_go_on, read
from ivr.conversation.flow import Step
from ivr.conversation.state import Phase, State
from ivr.prompts.prompt import unrecorded_key

INTER_DIGIT_MS = 3000        # between two keys of a number
LAST_DIGIT_MS = 1500         # when no further digit can follow: time for a # out of habit
CONFIRM_MS = 4000
MOST_KEYS = 2 * MAX_KEYS     # too many are waited out, so that they do not run into the next try
ACCEPTED = "#1"              # how it is noted that a value on record was confirmed
MESSAGE_SHORTEST_MS = 700    # below this nobody spoke


def pressed(state: State, digit: str) -> Step:
    """A key on the question being asked, or on an answer that was read back."""
    item = flow.current(state)
    starred, state = state.starred, replace(state, starred=False)
    if starred and digit == item.key_for(Control.END) and _declared(state) \
            and not wording.offered(state, item):
        return switch(state, _next_language(state))
    if state.phase is Phase.CONFIRMING:
        return _on_read_back(state, item, digit)
    if state.phase is Phase.RECORDING:
        return _on_message(state, item, digit)
    if item.type.has_options:
        return _on_options(state, item, digit)
    return _on_number(state, item, digit)


def _on_read_back(state: State, item: Item, digit: str) -> Step:
    if digit in ("1", item.key_for(Control.END) or "#"):
        return confirmed(state)
    if digit == (item.key_for(Control.PERSON) or "0"):
        return asked_for_person(state)
    if digit == item.key_for(Control.REPEAT) and state.repeats < flow.MAX_REPEATS:
        return (replace(state, repeats=state.repeats + 1),
                (Say(wording.read_back(state, item)), Listen(CONFIRM_MS)))
    return unconfirmed(state, "again")


def unconfirmed(state: State, why: str) -> Step:
    """What was read back is not confirmed: the question again. Words are remembered meanwhile, as
    a key may say something else."""
    if state.words and state.value is not None:
        state = replace(state, doubted=state.value, doubted_words=state.words)
    return flow.miss(replace(state, phase=Phase.ASKING, ahead={}), why)


def _on_options(state: State, item: Item, digit: str) -> Step:
    if option := item.option_for(digit):
        return chosen(state, option, digit)
    if language := item.language_keys.get(digit):
        return switch(state, language)
    if digit == item.other_key:
        return (replace(state, phase=Phase.RECORDING),
                (Say((wording.say_it(state, item),)), flow.record(item)))
    if (step := _on_control(state, item, digit)) is not None:
        return step
    if digit == item.key_for(Control.END) and flow.picking(state):
        return flow.review(state)
    if digit == item.key_for(Control.END) and wording.offered(state, item):
        return accept_offer(state, item)
    if digit == "#" and not state.repeats:
        return flow.repeat(state)      # a # out of habit, after the question before or a wrong key
    if digit == unrecorded_key(item):
        return stop_recording(state)
    if language := _other_language(state, digit):
        return switch(state, language)
    return flow.miss(state, "not-understood")


def _on_control(state: State, item: Item, digit: str) -> Step | None:
    """What a key does that is no answer; None when it is no such key."""
    if digit == item.key_for(Control.REPEAT):
        return flow.repeat(state)
    if digit == item.key_for(Control.PERSON):
        return asked_for_person(state)
    if digit == item.key_for(Control.BACK) and state.history:
        return correcting.back(state)
    return None


def _on_number(state: State, item: Item, digit: str) -> Step:
    if digit == item.key_for(Control.END):
        if not state.keys and wording.offered(state, item):
            return accept_offer(state, item)
        if not state.keys and (not state.repeats or state.restarted):
            return flow.repeat(state)
        return typed(state) if state.keys else flow.miss(state, "not-understood")
    point = digit == "*" and state.keys and item.type.is_fractional
    if not point and (step := _on_control(state, item, digit)) is not None:
        after, actions = step          # to hear it again is to start over, too
        if after.link_id == item.link_id and digit == item.key_for(Control.REPEAT):
            after = replace(after, starred=not state.keys,
                            restarted=state.restarted or bool(state.keys))
        return after, actions
    keys = state.keys + digit
    if len(keys) > MOST_KEYS:
        return flow.miss(state, "not-understood")
    return (replace(state, keys=keys),
            (Listen(INTER_DIGIT_MS if may_go_on(item, keys, state.language)
                    else LAST_DIGIT_MS),))


def switch(state: State, language: str) -> Step:
    """Go on in another language with the same question."""
    return flow.repeat(replace(state, language=language), (SetLanguage(language),))


def _declared(state: State) -> dict[str, str]:
    """The keys of languages that some question offers, but for those with another meaning."""
    return {key: language for item in state.questionnaire.order
            for key, language in item.language_keys.items() if key not in "09"}


def _other_language(state: State, digit: str) -> str:
    """What a language's key means at a question that does not offer it; again: and back."""
    language = _declared(state).get(digit, "")
    return _next_language(state) if language == state.language else language


def _next_language(state: State) -> str:
    languages = state.questionnaire.languages
    return languages[(languages.index(state.language) + 1) % len(languages)]


def _on_message(state: State, item: Item, digit: str) -> Step:
    if digit == item.key_for(Control.END):
        return recorded(state, "", 0)
    if item.type.is_message or digit == item.key_for(Control.REPEAT):
        step = _on_control(state, item, digit)
        if step is not None:
            return step
    if state.repeats >= flow.MAX_REPEATS:
        return recorded(state, "", 0)
    return replace(state, repeats=state.repeats + 1), (flow.record(item),)     # speaks at once


def confirmed(state: State) -> Step:
    """What was read back is right."""
    assert state.value is not None
    if state.words:
        return taken(state, state.value, state.given, GivenBy.VOICE, state.confidence)
    return taken(state, state.value, state.given or ACCEPTED, GivenBy.KEY)


def accept_offer(state: State, item: Item) -> Step:
    """What is on record is offered and taken; a stray key does not do: it is read back."""
    state = replace(state, phase=Phase.CONFIRMING, value=together(item.initial), words="", keys="",
                    told="")
    return state, (Say(wording.read_back(state, item)), Listen(CONFIRM_MS))


def typed(state: State) -> Step:
    """A number or a date has been typed to its end."""
    item = flow.current(state)
    entry = read(item, state.keys, state.language)
    if entry.out_of_range:
        return flow.miss(state, "out-of-range")
    if entry.value is None:
        return flow.miss(state, "not-understood")
    if item.birth_year and isinstance(entry.value, int):
        return identity.year_told(state, entry.value)
    value = fhir_value(entry.value)
    # after a * that was meant as a point, what follows it is but half of the number
    if not entry.converted and not state.restarted:
        return flow.answer(state, value, state.keys, GivenBy.KEY)
    state = replace(state, phase=Phase.CONFIRMING, value=value, words="",
                    told=str(entry.told or ""))
    return state, (Say(wording.read_back(state, item)), Listen(CONFIRM_MS))


def taken(state: State, value: Mapping[str, Any], heard: str, given_by: GivenBy,
          confidence: float = 1.0) -> Step:
    """An answer that holds, however it came; an option that ends the call does so."""
    option = flow.current(state).option_of(value)
    if option:
        return chosen(state, option, heard, given_by, confidence)
    return flow.answer(state, value, heard, given_by, confidence)


def chosen(state: State, option: Option, heard: str,
           given_by: GivenBy = GivenBy.KEY, confidence: float = 1.0) -> Step:
    """An option; some end the call politely."""
    if not option.outcome:
        return flow.answer(state, option.value, heard, given_by, confidence)
    state, stored = flow.store(state, option.value, heard, given_by, confidence)
    if option.outcome == RELATIVE:
        return farewell.leave(replace(state, answered_by=AnsweredBy.RELATIVE),
                              Disposition.CALL_BACK, stored)
    return farewell.leave(state, Disposition(option.outcome), stored)


def recorded(state: State, file: str, duration_ms: int) -> Step:
    """A voice message has come to its end, or there was none."""
    item = flow.current(state)
    if file and duration_ms >= MESSAGE_SHORTEST_MS:
        value = {"valueAttachment": {"contentType": "audio/wav", "url": file}}
        return flow.answer(replace(state, heard=True, item_heard=True), value, f"{duration_ms} ms",
                           GivenBy.MESSAGE)
    if item.required or not item.type.is_message:
        return flow.miss(state, "not-heard")
    state = flow.dealt_with(state)
    if item.link_id in state.answers:          # nothing new was said: the former message stays
        return flow.step(state)
    return flow.step(replace(state, skipped=(*state.skipped, item.link_id)))


def asked_for_person(state: State) -> Step:
    """The patient wants to speak with somebody."""
    if not state.unmet:
        return flow.escalate(state, "asked", state.context.hold_s)
    return flow.miss(state, "nobody-free-go-on")      # said once already: it counts


def stop_recording(state: State) -> Step:
    """The patient does not want to be recorded: the call goes on without."""
    stop = (StopRecording(),) if state.recorded else ()
    state = replace(state, recorded=False)
    return flow.repeat(state, stop, (wording.prompt(state, "not-recorded"),))
