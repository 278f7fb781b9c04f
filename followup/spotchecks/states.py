"""Where a check stands, what may follow, and who may see or do what. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from enum import StrEnum

from followup.errors import Conflict


class ItemState(StrEnum):
    """Where one checked follow-up stands."""

    OPEN = "open"
    HALF = "half"                # one of two inspectors has scored it
    DIFFERS = "differs"          # the two came to different verdicts: somebody else settles it
    CHECKED = "checked"
    APPEALED = "appealed"
    DECIDED = "decided"          # the appeal is over
    CORRECTING = "correcting"
    CORRECTED = "corrected"      # reported as done, to be looked at
    CLOSED = "closed"


class Step(StrEnum):
    """What somebody does to it."""

    SCORE = "score"              # the last score that was wanted; of two, they agree
    SCORE_FIRST = "score_first"
    SCORE_OTHERWISE = "score_otherwise"
    SETTLE = "settle"
    APPEAL = "appeal"
    DECIDE = "decide"
    ORDER = "order"              # a correction
    REPORT = "report"            # it is done
    ACCEPT = "accept"
    RETURN = "return"            # it is not done yet
    CLOSE = "close"


_MOVES: dict[tuple[ItemState, Step], ItemState] = {
    (ItemState.OPEN, Step.SCORE): ItemState.CHECKED,
    (ItemState.OPEN, Step.SCORE_FIRST): ItemState.HALF,
    (ItemState.HALF, Step.SCORE): ItemState.CHECKED,
    (ItemState.HALF, Step.SCORE_OTHERWISE): ItemState.DIFFERS,
    (ItemState.DIFFERS, Step.SETTLE): ItemState.CHECKED,
    (ItemState.CHECKED, Step.APPEAL): ItemState.APPEALED,
    (ItemState.APPEALED, Step.DECIDE): ItemState.DECIDED,
    (ItemState.CHECKED, Step.ORDER): ItemState.CORRECTING,
    (ItemState.DECIDED, Step.ORDER): ItemState.CORRECTING,
    (ItemState.CORRECTING, Step.REPORT): ItemState.CORRECTED,
    (ItemState.CORRECTED, Step.ACCEPT): ItemState.CLOSED,
    (ItemState.CORRECTED, Step.RETURN): ItemState.CORRECTING,
    (ItemState.CHECKED, Step.CLOSE): ItemState.CLOSED,
    (ItemState.DECIDED, Step.CLOSE): ItemState.CLOSED,
}
SETTLED = frozenset(ItemState) - {ItemState.OPEN, ItemState.HALF, ItemState.DIFFERS}


def move(state: ItemState, step: Step) -> ItemState:
    """The state after a step; Conflict when it may not follow."""
    following = _MOVES.get((state, step))
    if following is None:
        raise Conflict(f"a check that is {state.value} does not take the step {step.value}",
                       state=state.value)
    return following


def may(state: ItemState, step: Step) -> bool:
    """Whether the step may follow."""
    return (state, step) in _MOVES


def may_score(state: ItemState, inspector: uuid.UUID, scored_by: Collection[uuid.UUID],
              checked: uuid.UUID | None) -> bool:
    """Nobody scores twice, nor their own call."""
    return (state in (ItemState.OPEN, ItemState.HALF) and inspector not in scored_by
            and inspector != checked)


def sees_scores(state: ItemState) -> bool:
    """Scores are shown to others once all that are wanted are in: the second inspector is blind."""
    return state not in (ItemState.OPEN, ItemState.HALF)


def may_judge(judge: uuid.UUID, scored_by: Collection[uuid.UUID],
              checked: uuid.UUID | None) -> bool:
    """Who settles or decides is neither who scored nor who is checked."""
    return judge not in scored_by and judge != checked
