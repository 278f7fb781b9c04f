"""Which prompts say what: ids of the catalogue and of the questionnaire, with their variables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from followup.calls.models import AnsweredBy, Disposition
from followup.questionnaires.definition import Control, Item, ItemType
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.units import Told
from followup.questionnaires.values import scalar, together
from ivr.conversation.moment import Standing, name_of_day, next_hours
from ivr.conversation.state import State
from ivr.prompts.answers import in_both_units, said
from ivr.prompts.prompt import Prompt, Value, hospital_in, keys_id, question_id, unrecorded_key
from ivr.prompts.texts import key_name
from ivr.understanding import Wish, Wished

_GOODBYES = {
    Disposition.WRONG_PERSON: "goodbye-wrong-person", Disposition.CALL_BACK: "goodbye-call-back",
    Disposition.DEATH_REPORTED: "goodbye-condolence",
    Disposition.REFUSED: "goodbye-refused", Disposition.NO_INPUT: "goodbye-no-input",
    Disposition.VOICEMAIL: "goodbye-no-input", Disposition.IDENTITY_FAILED: "goodbye-identity",
    Disposition.PARTIAL: "goodbye-no-input"}
_HELP = {ItemType.INTEGER: "help-integer", ItemType.DECIMAL: "help-decimal",
         ItemType.QUANTITY: "help-decimal", ItemType.DATE: "help-date",
         ItemType.TEXT: "help-message", ItemType.STRING: "help-message"}


def prompt(state: State, name: str, language: str = "", **variables: Value) -> Prompt:
    """A prompt of the catalogue in the language of the call, or in another one."""
    return Prompt(name, variables, language or state.language)


def opening(state: State) -> tuple[Prompt, ...]:
    """Greeting and notice of recording: nothing in them tells why the patient was in hospital."""
    identity = state.questionnaire.identity
    key = unrecorded_key(identity) if identity else ""
    choice = (prompt(state, "recording-choice", key=key),) if key else ()
    return (prompt(state, "greeting", hospital=hospital(state)),
            prompt(state, "recording-notice"), *choice)


def attending(state: State, wished: Wished) -> tuple[Prompt, ...]:
    """Who we are, or that somebody is here, before what is said again."""
    if wished.wish is Wish.WHO:
        return (prompt(state, "greeting", hospital=hospital(state)),)
    return (prompt(state, "listening"),) if wished.wish is Wish.HELLO else ()


def hospital(state: State) -> str:
    """The hospital's name in the language of the call."""
    return hospital_in(state.context.hospital, state.language)


def question(state: State, item: Item) -> tuple[Prompt, ...]:
    """The item's own prompt, then the offer of other languages, each in its own."""
    offers = [prompt(state, "other-language", language, key=key)
              for key, language in item.language_keys.items() if language != state.language]
    return (_own(state, item), *offers, *_on_record(state, item))


def offered(state: State, item: Item) -> bool:
    """Whether the questionnaire has a value that the patient may simply confirm."""
    return bool(item.initial) and item.link_id not in state.answers


def _on_record(state: State, item: Item) -> tuple[Prompt, ...]:
    if not offered(state, item):
        return ()
    return (prompt(state, "on-record", value=said(item, together(item.initial), state.language),
                   key=key_name(item.key_for(Control.END), state.language)),)


def chosen(state: State, item: Item, name: str) -> tuple[Prompt, ...]:
    """The options chosen so far, in the prompt ``name``."""
    value = said(item, state.answers[item.link_id], state.language)
    if name == "picked-all":
        return (prompt(state, name, value=value),)
    return (prompt(state, name, value=value,
                   key=key_name(item.key_for(Control.END), state.language)),)


def _own(state: State, item: Item) -> Prompt:
    context = state.context
    return Prompt(question_id(state.questionnaire, item),
                  {"name": context.name, "hospital": hospital(state),
                   "department": context.department}, state.language)


def displays(state: State, ahead: Item | None) -> tuple[Prompt, ...]:
    """What is said between the last item dealt with and ``ahead`` (None: the end): texts without
    a question, and the headings of the groups that are entered, once in each call."""
    headings = _headings(state, ahead) if ahead else []
    found: list[Item] = []
    for item in enabled_items(state.questionnaire, state.answers):
        if ahead is not None and item.link_id == ahead.link_id:
            break
        if item.is_question:
            found = [each for each in found if each in headings]
        elif item.type is ItemType.DISPLAY or item in headings:
            found.append(item)
    return tuple(_own(state, item) for item in found)


def _headings(state: State, ahead: Item) -> list[Item]:
    """The groups around ``ahead`` of which nothing was asked as yet; to somebody unknown only
    what was written for the telephone is said of them."""
    stranger, found, above = ahead.identity or ahead.birth_year, [], ahead.parent
    while above:
        group = state.questionnaire.item(above)
        # who has answered is asked in each call and not gone back to
        begun = any(item.link_id in state.history or (item.identity and group.prompt
                    and not stranger) for item in group.walk())
        if not group.is_question and not begun and (
                group.prompt or (group.text and not stranger)):
            found.append(group)
        above = group.parent
    return found


def once_more(state: State, item: Item, why: str) -> tuple[Prompt, ...]:
    """After a miss: the reason and the question; the second time the keys, slowly."""
    bounds: dict[str, Value] = {}
    if why == "out-of-range":
        why = {(False, True): "too-high", (True, False): "too-low"}.get(
            (item.minimum is not None, item.maximum is not None), why)
        bounds = {name: bound for name, bound in (("minimum", item.minimum),
                                                  ("maximum", item.maximum)) if bound is not None}
        if item.type is ItemType.DATE:
            why, bounds = "not-understood", {}
    reason = Prompt(why, bounds, state.language)
    if state.misses < 2:
        return (reason, *question(state, item))
    return (reason, *slowly(state, item))


def slowly(state: State, item: Item) -> tuple[Prompt, ...]:
    """How to answer by key, without haste."""
    if item.type.has_options:
        return (prompt(state, "slowly"),
                Prompt(keys_id(state.questionnaire, item), {}, state.language),
                *_on_record(state, item))
    end = item.key_for(Control.END)
    if item.type.is_message and end != "#":
        help_ = say_it(state, item)
    elif end == "#":
        help_ = prompt(state, _HELP[item.type])
    elif end:
        help_ = prompt(state, "help-end", key=key_name(end, state.language))
    else:
        help_ = prompt(state, "help-pause")
    return (help_, *question(state, item))


def say_it(state: State, item: Item) -> Prompt:
    """That a message is recorded now, and what ends it."""
    end = item.key_for(Control.END)
    if end == "#":
        return prompt(state, "say-it")
    if not end:
        return prompt(state, "say-it-and-wait")
    return prompt(state, "say-it-and-press", key=key_name(end, state.language))


def read_back(state: State, item: Item, risky: bool = False) -> tuple[Prompt, ...]:
    """What was understood of the patient's words or keys, to be confirmed."""
    assert state.value is not None
    value = said(item, state.value, state.language)
    number = scalar(state.value)
    if state.told:
        both = in_both_units(item, state.value, Told.read(state.told), state.language)
        return (Prompt("converted", both, state.language),)
    if not state.words and not state.keys:
        return (prompt(state, "on-record-confirm", value=value),)
    if item.unit == "Cel" and isinstance(number, int | Decimal):
        return (prompt(state, "heard-temperature" if state.words else "read-back-temperature",
                       value=number),)
    name = "read-back" if not state.words else "heard-risky" if risky else "heard"
    return (prompt(state, name, value=value),)


def when_to_call(state: State) -> Prompt:
    """When to call again; a relative is asked when the patient can be reached."""
    relative = state.answered_by is AnsweredBy.RELATIVE
    return prompt(state, "reach-when" if relative else "call-back-when")


def time_named(state: State, at: datetime) -> tuple[Prompt, ...]:
    """When we shall call again, with its day, to be confirmed."""
    return (prompt(state, name_of_day(at, datetime.fromisoformat(state.context.now))),
            prompt(state, "call-back-at", time=at.time()), prompt(state, "time-right"))


def time_unfit(state: State, at: datetime, why: Standing) -> tuple[Prompt, ...]:
    """Why we cannot call then, and that another time is wanted."""
    day = prompt(state, name_of_day(at, datetime.fromisoformat(state.context.now)))
    hours = next_hours(state.context, at.date())
    if why is Standing.PAST:
        return (day, prompt(state, "time-past", time=at.time()))
    if hours is None:
        return (day, prompt(state, "day-closed"))
    told = prompt(state, "day-closed") if why is Standing.CLOSED else \
        prompt(state, "time-closed", time=at.time())
    return (day, told, prompt(state, "calling-hours", start=hours[0], end=hours[1]))


def nobody_free(state: State, urgent: bool) -> tuple[Prompt, ...]:
    """No agent came: somebody will call back; an urgent case is told where help is meanwhile."""
    advice = (prompt(state, "emergency"),) if urgent else ()
    return (prompt(state, "nobody-free"), *advice, prompt(state, "goodbye"))


def goodbye(state: State, outcome: Disposition) -> tuple[Prompt, ...]:
    """The last words."""
    return (prompt(state, _GOODBYES.get(outcome, "goodbye")),)
