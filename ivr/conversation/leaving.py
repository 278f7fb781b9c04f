"""What whoever answers says of the patient: not here, passed away, unknown at this number.

None of it needs a questionnaire's own words. It ends the call, so it is asked whether it is so,
once and in few words; a relative who is asked when to call again may say it there, too. Of a death
nothing but a word of a call is known: staff look into it.
"""

from __future__ import annotations

from followup.calls.models import AnsweredBy, Disposition
from ivr.conversation import call_back, farewell, flow, wording
from ivr.conversation.actions import Listen, Report, Say, SetLanguage
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.meant import meaning
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.understanding import Answered, Wish, confirmation, when, wish

ASKS = {Wish.AWAY: "away-right", Wish.NOT_NOW: "later-right", Wish.DIED: "died-right",
        Wish.WRONG_NUMBER: "wrong-number-right"}
ON_TIME = (Wish.DIED, Wish.WRONG_NUMBER, Wish.HELLO, Wish.WHO, Wish.REPEAT, Wish.SLOWER,
           Wish.SKIP, Wish.STOP_CALLING, Wish.WAIT, Wish.LANGUAGE)     # where a time is asked for
SAID_AGAIN = (Wish.HELLO, Wish.WHO, Wish.REPEAT, Wish.SLOWER)
CONFIRM_MS = 6000


def said_of(state: State, what: Wish, confidence: float) -> Step:
    """Whoever answers says so: what is clear and undoes itself is taken, all else asked back."""
    if what in (Wish.AWAY, Wish.NOT_NOW) and confidence >= CONFIDENT:
        return _away(state, what)
    if state.repeats >= flow.MAX_REPEATS:
        return flow.miss(state, "not-understood")
    state = replace(state, phase=Phase.TAKING_LEAVE, leaving=what, confidence=confidence, keys="",
                    words="", named="", value=None, repeats=state.repeats + 1, misses=0)
    return _ask(state)


def _ask(state: State) -> Step:
    assert state.leaving is not None
    return state, (Say((wording.prompt(state, ASKS[state.leaving]),)), Listen(CONFIRM_MS))


def pressed(state: State, digit: str) -> Step:
    """1: it is so. Whoever presses anything else answers questions: it is not."""
    if digit == "*" and not state.misses:
        return _ask(replace(state, misses=1))
    return stands(state) if digit in "1#" else _not_so(state)


def spoken(state: State, text: str, confidence: float) -> Step | None:
    """Yes, no, or the same again; None: it is for the question that was being asked."""
    said = confirmation(state.language, text, plain=True) if text else None
    wished = wish(state.language, text) if text else None
    asked = wished.wish if wished else None
    if said or (asked and asked is state.leaving):
        return stands(state)
    if said is False:
        return _not_so(state)
    if asked is not None and asked in ASKS and state.repeats < flow.MAX_REPEATS:
        return said_of(state, asked, confidence)
    if asked not in SAID_AGAIN and _for_the_question(state, text, asked):
        return None
    if confirmation(state.language, text):             # 是的, 上个月走的
        return stands(state)
    return _unconfirmed(state) if state.misses else _ask(replace(state, misses=1))


def _for_the_question(state: State, text: str, asked: Wish | None) -> bool:
    if state.outcome is not None or state.item is None or not text:
        return False
    meant = meaning(state, state.item, text)
    return asked is not None or (isinstance(meant, Answered) and meant.certain)


def unanswered(state: State) -> Step:
    """Silence: what was clearly heard stands, as the line may be left lying."""
    return _unconfirmed(state)


def hung_up(state: State) -> Step:
    """Closed in place of an answer."""
    if state.confidence < CONFIDENT:
        outcome = state.outcome or Disposition.PARTIAL
        state = replace(state, phase=Phase.ENDED, outcome=outcome)
        return state, (farewell.ending(state),)
    state, actions = stands(state)
    state = replace(state, phase=Phase.ENDED)
    return state, (*(each for each in actions if isinstance(each, Report)),
                   farewell.ending(state))


def _unconfirmed(state: State) -> Step:
    return stands(state) if state.confidence >= CONFIDENT else _not_so(state)


def stands(state: State) -> Step:
    """It is so: end, and let staff look at it."""
    assert state.leaving is not None
    if state.leaving in (Wish.AWAY, Wish.NOT_NOW):
        return _away(state, state.leaving)
    outcome = Disposition.WRONG_PERSON
    if state.leaving is Wish.DIED:
        outcome = Disposition.DEATH_REPORTED
        state = replace(state, answered_by=AnsweredBy.RELATIVE)
    return farewell.say_goodbye(replace(state, outcome=outcome), (Report(outcome),))


def _away(state: State, what: Wish) -> Step:
    """Somebody else answers, or it is no good time: when to call again?"""
    if what is Wish.AWAY:
        state = replace(state, answered_by=AnsweredBy.RELATIVE)
    return farewell.leave(replace(state, leaving=None), Disposition.CALL_BACK)


def _not_so(state: State) -> Step:
    """Misheard: on with what was being asked."""
    state = replace(state, leaving=None)
    if state.outcome is not None:          # when to call again
        return farewell.leave(state, state.outcome)
    return flow.repeat(state, (), (wording.prompt(state, "misheard"),))


# --- when asked for a time -------------------------------------------------------------------

def on_time(state: State, text: str, confidence: float) -> Step:
    """Words on when to call again, or on a time that was read back."""
    reading_back = state.phase is Phase.CONFIRMING_TIME
    wished = wish(state.language, text) if text else None
    if wished is None or when(state.language, text):
        return call_back.confirming_words(state, text, confidence) if reading_back \
            else call_back.words(state, text)
    may_repeat = state.repeats < call_back.MAX_TIMES
    match wished.wish:
        case Wish.DIED | Wish.WRONG_NUMBER if may_repeat:
            return said_of(state, wished.wish, confidence)
        case Wish.HELLO | Wish.WHO | Wish.REPEAT | Wish.SLOWER | Wish.HELP if may_repeat:
            if reading_back:
                return call_back.read_back(state)
            state = replace(state, repeats=state.repeats + 1)
            return state, (Say((*wording.attending(state, wished), wording.when_to_call(state))),
                           Listen(farewell.WHEN_MS))
        case Wish.LANGUAGE if may_repeat and confidence >= CONFIDENT \
                and wished.language in state.questionnaire.languages:
            state = replace(state, language=wished.language, repeats=state.repeats + 1,
                            phase=Phase.CALLING_BACK, keys="", words="", named="")
            return state, (SetLanguage(state.language), Say((wording.when_to_call(state),)),
                           Listen(farewell.WHEN_MS))
        case Wish.WAIT if may_repeat:
            return (replace(state, repeats=state.repeats + 1, waiting=reading_back),
                    (Say((wording.prompt(state, "waiting"),)), Listen(flow.WAIT_MS)))
        case Wish.STOP_CALLING if state.answered_by is not AnsweredBy.RELATIVE:
            return farewell.leave(state, Disposition.REFUSED)
        case Wish.SKIP | Wish.NOT_NOW | Wish.AWAY:
            return call_back.hospital_chooses(state)           # nobody knows
    return call_back.ask_again(state)
