"""When to call again: asked for, told where it will not do, read back with its day.

What was heard counts once it is confirmed; what was typed unless it is denied. Where nothing is
agreed on, the hospital chooses.
"""

from __future__ import annotations

from datetime import datetime

from followup.calls.models import AnsweredBy, Disposition
from ivr.conversation import flow, wording
from ivr.conversation.actions import Listen, Say
from ivr.conversation.changes import replace
from ivr.conversation.farewell import WHEN_MS, ending, leave, say_goodbye
from ivr.conversation.flow import Step
from ivr.conversation.moment import Standing, moment_of, name_of_day, standing
from ivr.conversation.state import CONFIDENT, Phase, State
from ivr.understanding import When, confirmation, when

DIGIT_MS = 3000              # between two keys of a time
CONFIRM_MS = 5000
LAST_DIGIT_MS = 1500         # after four: time for a # out of habit
MOST_KEYS = 8                # too many are waited out, so that they do not run into the next try
MAX_TIMES = flow.MAX_REPEATS             # told to be none, or read back
SOON = When(after_min=60)
TOMORROW = When(days=1)


def key(state: State, digit: str) -> Step:
    """One more key of the time to call back: 1, 2, or the hour and minute as on a clock.

    A lone 0: no call at all any more.
    """
    if digit == "#" and (state.misses or state.repeats) and not state.keys:
        return state, ()               # out of habit, after a time that was none
    if digit == "#":
        return given(state)
    if digit == "*":
        return ask_again(state)
    keys = state.keys + digit
    state = replace(state, keys=keys)
    if len(keys) >= MOST_KEYS:
        return given(state)
    return state, (Listen(DIGIT_MS if len(keys) < 4 else LAST_DIGIT_MS),)


def given(state: State) -> Step:
    """Nothing more is coming: the time typed, or none."""
    if state.keys == "0" and state.answered_by is not AnsweredBy.RELATIVE:
        return leave(state, Disposition.REFUSED)
    if not state.keys:
        return hospital_chooses(state)
    return _considered(replace(state, words=""), _typed(state.keys))


def _typed(keys: str) -> When | None:
    """What the keys mean: ``1`` in an hour, ``2`` tomorrow, ``930`` or ``1530`` on the clock."""
    if keys in ("1", "2"):
        return SOON if keys == "1" else TOMORROW
    if len(keys) not in (3, 4):
        return None
    hour, minute = divmod(int(keys), 100)
    return When(minute=hour * 60 + minute) if hour < 24 and minute < 60 else None


def words(state: State, text: str) -> Step:
    """Words in place of the keys of a time."""
    return _considered(replace(state, words=text, keys=""), when(state.language, text))


def _considered(state: State, named: When | None) -> Step:
    """A time was named: read back, or told why it is none."""
    at = _moment(state, named)
    if at is None:
        return ask_again(state)
    if state.repeats >= MAX_TIMES:
        return hospital_chooses(state)
    why = standing(state.context, at)
    if why is Standing.OPEN:
        return read_back(replace(state, named=at.isoformat(timespec="minutes")))
    state = replace(state, phase=Phase.CALLING_BACK, keys="", words="", named="",
                    repeats=state.repeats + 1)
    return state, (Say(wording.time_unfit(state, at, why)), Listen(WHEN_MS))


def _moment(state: State, named: When | None) -> datetime | None:
    """The moment that was named, if one can be told."""
    if named is None or not state.context.now:
        return None
    now = datetime.fromisoformat(state.context.now)
    at = moment_of(named, now)
    return at if at is not None and name_of_day(at, now) else None


def read_back(state: State) -> Step:
    """Say when we shall call, as it was understood."""
    state = replace(state, phase=Phase.CONFIRMING_TIME, repeats=state.repeats + 1, waiting=False)
    return state, (Say(wording.time_named(state, datetime.fromisoformat(state.named))),
                   Listen(CONFIRM_MS))


def confirming_key(state: State, digit: str) -> Step:
    """A key on a time that was read back; after one that was typed, # is a habit."""
    if digit == "1" or (digit == "#" and not state.keys):
        return _agreed(state)
    if digit in "*#":
        return _once_more(state)
    return ask_again(replace(state, misses=0))


def confirming_words(state: State, text: str, confidence: float) -> Step:
    """Yes, no, or another time."""
    said = confirmation(state.language, text) if text else None
    at = _moment(state, when(state.language, text))
    if at is not None and at.isoformat(timespec="minutes") != state.named:
        return words(state, text)
    if said and (confidence >= CONFIDENT or state.misses):      # unsure: a second time
        return _agreed(state)
    if said is False:
        return ask_again(replace(state, misses=0))
    return _once_more(state) if at is not None else unconfirmed(state, text)


def unconfirmed(state: State, text: str | None = None) -> Step:
    """Silence (None), or neither yes nor no; "": sound without words, which may have been a no.

    All but a silence is read back once more. Then a time that was typed stands, unless words were
    heard; one that was heard does not count.
    """
    if state.keys and not state.waiting and (text is None or (not text and state.misses)):
        return _agreed(state)
    if state.misses:
        return hospital_chooses(state)
    return _once_more(replace(state, misses=1))


def _once_more(state: State) -> Step:
    return read_back(state) if state.named and state.repeats < MAX_TIMES \
        else hospital_chooses(state)


def _agreed(state: State) -> Step:
    """So it is; if it has not passed meanwhile."""
    if not state.named or standing(
            state.context, datetime.fromisoformat(state.named)) is not Standing.OPEN:
        return hospital_chooses(state)
    return say_goodbye(state)


def ask_again(state: State) -> Step:
    """No time was understood: once more, then the hospital chooses."""
    if state.misses or state.repeats >= MAX_TIMES:
        return hospital_chooses(state)
    state = replace(state, phase=Phase.CALLING_BACK, keys="", words="", named="", misses=1)
    return state, (Say((wording.prompt(state, "not-understood"), wording.when_to_call(state))),
                   Listen(WHEN_MS))


def hospital_chooses(state: State) -> Step:
    """No time was agreed on."""
    return say_goodbye(replace(state, keys="", words="", named=""))


def hung_up(state: State) -> Step:
    """Closed in place of an answer: what was typed was given, what was heard was not confirmed."""
    if state.phase is Phase.CALLING_BACK and state.keys:
        at = _moment(state, _typed(state.keys))
        fits = at is not None and standing(state.context, at) is Standing.OPEN
        state = replace(state, named=at.isoformat(timespec="minutes") if at and fits else "")
    elif not state.keys:
        state = replace(state, named="")
    state = replace(state, phase=Phase.ENDED)
    return state, (ending(state),)
