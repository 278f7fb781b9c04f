"""The patient's year of birth: who does not know it hears nothing of the stay.

Only whether it was right is kept, never what was told.
"""

from __future__ import annotations

from followup.calls.models import AnsweredBy, Disposition
from ivr.conversation import flow
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.state import State

MAX_WRONG = 2                # then a person of the hospital looks after it


def year_told(state: State, year: int, spoken: bool = False) -> Step:
    """A year of birth, typed in full or spoken, perhaps without its century."""
    right = state.context.birth_year
    assert right is not None
    if year == right or (spoken and year == right % 100):
        return flow.go_on(replace(state, answered_by=AnsweredBy.PATIENT), known=False)
    state = replace(state, wrong_years=state.wrong_years + 1)
    if state.wrong_years >= MAX_WRONG:
        return flow.finish(state, Disposition.IDENTITY_FAILED, (), ())
    return flow.miss(state, "year-wrong")
