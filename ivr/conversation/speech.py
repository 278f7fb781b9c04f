"""What spoken words mean at each moment.

A red-flag answer never rests on one recognition: it is read back, and stands once it is confirmed
by key, or given again in other words. "Yes" alone would not do: it can be misheard as well. Nor do
two words that both sound like their opposites, nor what a recogniser was unsure of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from followup.calls.models import Disposition
from followup.questionnaires.definition import Confirm, Item, ItemType
from followup.questionnaires.values import each
from followup.responses.models import GivenBy
from ivr.conversation import ahead, correcting, farewell, flow, identity, keys, leaving, wording
from ivr.conversation.actions import Listen, Say, SetLanguage
from ivr.conversation.adding import same
from ivr.conversation.ahead import CONFIRM_MS
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.meant import meaning
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.understanding import (
    ANOTHER,
    Answered,
    Grammar,
    Unclear,
    Wish,
    Wished,
    beside,
    confirmation,
    confirmation_grammar,
    grammar_for,
    is_distinct,
    is_risky,
    make_some,
    make_some_times,
    nothing_more,
    phrases,
    pressure,
    when_grammar,
    wish,
)

MAX_UNCLEAR = 2              # then only keys are taken: it may be noise
MAX_PUZZLED = 2              # then a nurse explains


def make_ready(state: State) -> bool:
    """Make a few of the phrases that ``hears`` needs now; True once all are there."""
    if state.phase in (Phase.CALLING_BACK, Phase.CONFIRMING_TIME):
        return make_some_times(state.language) is not None
    return state.item is None or make_some(state.item, state.language) is not None


def hears(state: State) -> Grammar | None:
    """What may be said now; None where only keys count."""
    if state.phase is Phase.CALLING_BACK and not state.keys:
        return beside(when_grammar(state.language), *leaving.ON_TIME)
    if state.phase is Phase.CONFIRMING_TIME:
        return _with(beside(when_grammar(state.language), *leaving.ON_TIME),
                     confirmation_grammar(state.language).phrases)
    if state.phase is Phase.STOPPING:
        return None if state.misses else beside(
            confirmation_grammar(state.language), Wish.STOP_CALLING, Wish.REPEAT)
    item = state.item
    if state.phase is Phase.TAKING_LEAVE and (item is None or state.outcome is not None):
        return beside(confirmation_grammar(state.language), *leaving.ASKS)
    if item is None or state.misses >= MAX_UNCLEAR:
        return None
    answers = grammar_for(item, state.language)
    if item.identity:
        answers = phrases.with_name(answers, item, state.context.name)
    if item.type is ItemType.BOOLEAN and _number_next(state, item, {"valueBoolean": True}):
        answers = phrases.with_numbers(answers)
    more: tuple[str, ...] = ()
    if state.phase is Phase.ASKING and not state.keys:
        more = (*(phrases.nothing_more(state.language) if flow.picking(state) else ()),
                *(phrases.unchanged(state.language) if wording.offered(state, item) else ()))
    elif state.phase in (Phase.MORE, Phase.REVIEWING, Phase.TAKING_LEAVE) or (
            state.phase is Phase.CONFIRMING and state.value is not None):
        more = (*confirmation_grammar(state.language).phrases,
                *(phrases.nothing_more(state.language) if state.phase is Phase.MORE else ()))
    else:
        return None
    return _with(answers, more)


def _with(grammar: Grammar, more: tuple[str, ...]) -> Grammar:
    """The grammar with further phrases, which come first."""
    return dataclasses.replace(grammar, phrases=(*dict.fromkeys((*more, *grammar.phrases)),),
                   decoys=tuple(decoy for decoy in grammar.decoys if decoy not in more),
                   asides=grammar.asides - {*more})


def spoken(state: State, text: str, confidence: float) -> Step:
    """The patient said something: on the question, or on what was read back."""
    item = flow.current(state)
    if state.phase is Phase.CONFIRMING:
        return _on_read_back(state, item, text, confidence)
    meant = meaning(state, item, text)
    if flow.picking(state) and text and nothing_more(state.language, text) \
            and not (isinstance(meant, Answered) and meant.certain):
        return flow.review(state)
    if item.identity and isinstance(meant, Unclear) and text and (
            meant is ANOTHER or confirmation(state.language, text, plain=True) is False):
        return leaving.said_of(state, Wish.WRONG_NUMBER, 0.0)
    match meant:
        case Answered():
            return answered(state, item, meant, text, confidence)
        case Wished(asked) if sends_away(state, asked, confidence):
            return flow.miss(state, "not-understood")
        case Wished(asked, language):
            return wished(state, item, asked, language, confidence)
        case Unclear(why):
            return flow.miss(state, "out-of-range" if why == "out-of-range" else "not-understood")


def sends_away(state: State, asked: Wish, confidence: float) -> bool:
    """Whether a mishearing would end the call, lose a question, or go on in words the patient may
    not know.

    A person is rung, or a question left out, when they are asked for once more. One with a rule is
    asked once more in any case, and left out by what was clearly heard only.
    """
    once_more = bool(state.misses)
    if asked is Wish.SKIP and flow.current(state).rules:
        return not once_more or confidence < CONFIDENT
    if asked is Wish.SKIP:
        return not once_more and confidence < CONFIDENT
    return confidence < CONFIDENT and (
        asked in (Wish.STOP_CALLING, Wish.LANGUAGE)
        or (asked is Wish.PERSON and not once_more))


def answered(state: State, item: Item, meant: Answered, text: str, confidence: float) -> Step:
    """An answer was said: it is taken, or read back first."""
    if _may_be_family(state, item, meant, text):
        return leaving.said_of(state, Wish.WRONG_NUMBER, 0.0)
    if item.birth_year:                    # heard wrongly, it does not fit, and is asked again
        return identity.year_told(state, int(meant.value["valueInteger"]), spoken=True)
    state, meant = _told_ahead(state, item, meant, confidence)
    if not meant.told and _needs_no_confirmation(item, meant, confidence):
        return keys.taken(state, meant.value, text, GivenBy.VOICE, confidence)
    return _read_back(replace(state, phase=Phase.CONFIRMING, value=meant.value, words=text,
                              told=str(meant.told or ""), confidence=confidence, keys=""), item)


def _told_ahead(state: State, item: Item, meant: Answered,
                confidence: float) -> tuple[State, Answered]:
    """Words beside a yes or a no that answer the next question are kept for it; a yes is plain."""
    following = _number_next(state, item, meant.value) if meant.beyond else None
    if following is None or ahead.told(state, following, meant.beyond) is None:
        return replace(state, ahead={}), meant
    return (replace(state, ahead={following.link_id: meant.beyond}, confidence=confidence),
            dataclasses.replace(
                meant, certain=meant.certain or meant.value == {"valueBoolean": True}))


def _number_next(state: State, item: Item, value: Mapping[str, Any]) -> Item | None:
    """The question that would follow this answer, if it asks for a number told along with it."""
    answers = {**state.answers, item.link_id: value}
    following = next(iter(flow.remaining(replace(state, answers=answers))), None)
    if following is None or not ahead.may_be_told(following) or not (
            item.type is ItemType.BOOLEAN or pressure.is_next(item, following, state.language)):
        return None
    return following


def _may_be_family(state: State, item: Item, meant: Answered, text: str) -> bool:
    """"No" to "are you …?" is said by relatives too: a number is not given up for that alone."""
    option = item.option_of(meant.value)
    return option is not None and option.outcome == Disposition.WRONG_PERSON \
        and wish(state.language, text) != Wished(Wish.WRONG_NUMBER)


def _needs_no_confirmation(item: Item, meant: Answered, confidence: float) -> bool:
    if item.rules or item.confirm is Confirm.ALWAYS:
        return False
    if item.confirm is Confirm.NEVER and not item.identity:
        return True
    return meant.certain and confidence >= CONFIDENT


def _read_back(state: State, item: Item) -> Step:
    assert state.value is not None
    risky = is_risky(item, state.value)
    return state, (Say(wording.read_back(state, item, risky)), Listen(CONFIRM_MS))


def _on_read_back(state: State, item: Item, text: str, confidence: float) -> Step:
    """Yes, no, a wish, or the answer again, perhaps another one."""
    assert state.value is not None
    said = confirmation(state.language, text) if text else None
    if said is False:
        return keys.unconfirmed(state, "again")
    on_record = not state.words and not state.keys      # not the patient's own words, as yet
    risky = not state.keys and is_risky(item, state.value)
    if said and on_record and not risky and confidence >= CONFIDENT:
        return keys.taken(state, state.value, text, GivenBy.VOICE, confidence)
    if said and not on_record and not risky:
        return keys.confirmed(state)
    read = each(state.value)

    def agrees(meant: Answered) -> bool:
        return same(each(meant.value), read)

    match meaning(state, item, text):
        case Wished(Wish.HELLO | Wish.WHO) as said_so if state.repeats < flow.MAX_REPEATS:
            lead = wording.attending(state, said_so)
            return (replace(state, repeats=state.repeats + 1),
                    (Say((*lead, *wording.read_back(state, item, risky))), Listen(CONFIRM_MS)))
        case Answered() as meant if agrees(meant) and not item.rules and not on_record \
                and item.type.has_options and is_distinct(item, state.language, text):
            return keys.confirmed(state)
        case Answered() as meant if agrees(meant) \
                and _beyond_doubt(state, item, meant, text, confidence):
            return keys.confirmed(replace(state, words=f"{state.words} / {text}"))
        case Answered() as meant if (on_record or not agrees(meant)) \
                and state.misses < MAX_UNCLEAR:
            return answered(_miss(state), item, meant, text, confidence)
        case Wished(Wish.REPEAT | Wish.SLOWER | Wish.HELP | Wish.SKIP | Wish.HELLO | Wish.WHO):
            return unanswered(state)
        case Wished(asked, language) if not sends_away(state, asked, confidence):
            return wished(state, item, asked, language, confidence)
    return unanswered(state)


def _beyond_doubt(state: State, item: Item, meant: Answered, text: str,
                  confidence: float) -> bool:
    """Whether what was heard twice can hardly be the opposite of what was said twice."""
    if is_risky(item, state.value or {}) and (
            not meant.certain or min(confidence, state.confidence) < CONFIDENT
            or not any(is_distinct(item, state.language, words) for words in (state.words, text))):
        return False
    return _worded_apart(state, text)


def _worded_apart(state: State, text: str) -> bool:
    """Whether these are other words than those before: one mishearing does not come twice."""
    before, after = ("".join(words.lower().split()) for words in (state.words, text))
    return bool(before) and before not in after and after not in before


def unanswered(state: State) -> Step:
    """Neither yes nor no to what was read back: once more, then the question again."""
    if not state.misses:
        return _read_back(_miss(state), flow.current(state))
    return keys.unconfirmed(state, "not-understood")


def _miss(state: State) -> State:
    return replace(state, misses=state.misses + 1)


def _puzzled(state: State) -> Step:
    """The question is not understood: slowly, then with the offer of a person, then to one."""
    if state.puzzled <= 1 or state.unmet:
        return flow.repeat(state, slowly=True)
    if state.puzzled == MAX_PUZZLED:
        return flow.repeat(state, (), (wording.prompt(state, "offer-person"),), slowly=True)
    return keys.asked_for_person(state)


def wished(state: State, item: Item, asked: Wish, language: str, confidence: float = 1.0) -> Step:
    """A wish was said in place of an answer."""
    match asked:
        case Wish.HELLO | Wish.WHO:
            return flow.attend(state, Wished(asked))
        case Wish.AWAY | Wish.DIED | Wish.WRONG_NUMBER | Wish.NOT_NOW:
            return leaving.said_of(state, asked, confidence)
        case Wish.REPEAT:
            return flow.repeat(state)
        case Wish.SLOWER:
            return flow.repeat(state, slowly=True)
        case Wish.HELP:
            return _puzzled(replace(state, puzzled=state.puzzled + 1))
        case Wish.WAIT:
            return flow.wait(state)
        case Wish.SKIP:
            return flow.miss(state, "not-understood") if item.required else flow.pass_over(state)
        case Wish.BACK:
            return correcting.back(state)
        case Wish.UNRECORDED:
            return keys.stop_recording(state)
        case Wish.PERSON:
            return keys.asked_for_person(state)
        case Wish.STOP_CALLING:
            return farewell.leave(state, Disposition.REFUSED)
        case Wish.LANGUAGE:
            if language not in state.questionnaire.languages:
                return flow.miss(state, "not-understood")
            state = replace(state, language=language)
            return flow.repeat(state, (SetLanguage(language),))

