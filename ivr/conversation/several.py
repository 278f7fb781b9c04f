"""Questions that take several answers: whether there is one more, and whether the choice is right.

Every answer is kept as it is given. An item stays open, over calls too, until the patient has said
that there is nothing to add.
"""

from __future__ import annotations

from followup.questionnaires.definition import Control
from ivr.conversation import correcting, flow, keys, speech, wording
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.meant import meaning
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.prompts.prompt import Prompt
from ivr.understanding import Answered, Wish, Wished, confirmation, nothing_more


def pressed(state: State, digit: str) -> Step:
    """A key, asked whether there is one more answer, or whether all is right."""
    item = flow.current(state)
    if digit == "1":
        return _yes(state)
    if digit in ("2", item.key_for(Control.END)):
        return _no(state, digit)
    if digit == (item.key_for(Control.PERSON) or "0"):
        return keys.asked_for_person(state)
    if digit == item.controls.get(Control.BACK, "9"):
        return correcting.back(state)
    return again(state)


def spoken(state: State, text: str, confidence: float) -> Step:
    """Words there: yes, no, a wish, or the further answer itself."""
    item = flow.current(state)
    said = confirmation(state.language, text) if text else None
    if state.phase is Phase.MORE and text and nothing_more(state.language, text):
        said = False
    if said is not None and confidence >= CONFIDENT:
        return _yes(state) if said else _no(state, "2")
    match meaning(state, item, text):
        case Wished(Wish.REPEAT | Wish.SLOWER | Wish.HELP | Wish.HELLO | Wish.WHO) as wish \
                if state.repeats < flow.MAX_REPEATS:
            return _once_more(replace(state, repeats=state.repeats + 1),
                              wording.attending(state, wish))
        case Wished(Wish.REPEAT | Wish.SLOWER | Wish.HELP | Wish.SKIP | Wish.HELLO | Wish.WHO):
            return again(state)
        case Wished(wish) if speech.sends_away(state, wish, confidence):
            return again(state)
        case Wished(wish, language):
            return speech.wished(state, item, wish, language, confidence)
        case Answered() as meant if state.phase is Phase.MORE:
            return speech.answered(state, item, meant, text, confidence)
    return again(state)


def again(state: State) -> Step:
    """Neither yes nor no, or silence: once more; then what was given is all, and stands."""
    if state.misses + 1 >= flow.MAX_MISSES:
        return flow.done(state)
    return _once_more(replace(state, misses=state.misses + 1))


def _once_more(state: State, lead: tuple[Prompt, ...] = ()) -> Step:
    if state.phase is Phase.MORE:
        return flow.any_more(state, lead)
    return flow.review(state, lead=lead)


def _yes(state: State) -> Step:
    if state.phase is Phase.REVIEWING:
        return flow.done(state)
    return flow.say_and_wait(state, wording.question(state, flow.current(state)))


def _no(state: State, digit: str) -> Step:
    if state.phase is Phase.MORE:
        return flow.done(state)
    if digit == "2":          # the next choice takes the place of this one
        return flow.miss(replace(state, adding=False, agreed=False), "again")
    return flow.done(state)

