"""Judges an attempt of which something is in doubt. Pure.

The order is that of DESIGN.md: look for the channel (adopt it), else for its record (settle it),
else, only where the node's silence is proof, take it as never placed, else let a person decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.evidence import CallStory
from followup.calls.models import AttemptState, Disposition
from followup.calls.outcome import settle


@dataclass(frozen=True)
class Facts:
    """All that is known of an attempt and its node at ``moment``."""

    moment: datetime
    state: AttemptState
    committed_at: datetime
    outcome: Disposition | None
    channel_state: str | None            # of the live channel; None when there is none
    story: CallStory | None              # None when the node's record cannot be read
    node_up_since: datetime | None       # None when the node does not answer


@dataclass(frozen=True)
class Adopt:
    """The channel lives: the attempt is at least so far."""

    state: AttemptState


@dataclass(frozen=True)
class Settle:
    """The attempt is over."""

    disposition: Disposition
    cause: int | None
    settled_by: str


@dataclass(frozen=True)
class Wait:
    """Too early to tell."""


Verdict = Adopt | Settle | Wait

_CHANNEL_STATES = {"Up": AttemptState.ANSWERED, "Ringing": AttemptState.RINGING,
                   "Ring": AttemptState.RINGING}

# What a script notes when its line goes dead: a node that dies looks like a patient who hangs up.
_LINE_DEAD = (Disposition.PARTIAL, Disposition.NO_INPUT)

# An outcome may be written a moment after the channel is gone.
OUTCOME_GRACE = timedelta(seconds=5)


def judge(facts: Facts, settle_after: timedelta) -> Verdict:
    """What to do about the attempt; never raises, never answers "dial again"."""
    if facts.channel_state is not None:
        return Adopt(_CHANNEL_STATES.get(facts.channel_state, AttemptState.SENT))
    if facts.node_up_since is None or facts.moment - facts.committed_at < settle_after:
        return Wait()
    story = facts.story
    if story is None:
        return Settle(facts.outcome or Disposition.UNKNOWN, None, "no record")
    restarted = facts.node_up_since > facts.committed_at
    if story.ended_at is not None:
        answered = story.answered_at is not None
        if answered and facts.outcome is None and facts.moment - story.ended_at < OUTCOME_GRACE:
            return Wait()
        return Settle(settle(answered=answered, outcome=facts.outcome, cause=story.cause),
                      story.cause, "cel")
    if story.started_at is not None or facts.state in (AttemptState.RINGING,
                                                       AttemptState.ANSWERED):
        # It was placed; a node that went down takes its calls with it and writes no end.
        if restarted:
            outcome = facts.outcome
            if outcome is None or outcome in _LINE_DEAD:
                outcome = Disposition.FAILED
            return Settle(outcome, None, "node restarted")
        if facts.moment - facts.committed_at < 4 * settle_after:
            return Wait()
        return Settle(facts.outcome or Disposition.UNKNOWN, None, "no record of its end")
    if restarted:
        return Settle(Disposition.UNKNOWN, None, "node restarted")
    if facts.state is AttemptState.SENT:
        # Taken by Asterisk, yet no channel was ever made: the trunk would not have it.
        return Settle(Disposition.CONGESTION, None, "never started")
    return Settle(Disposition.NOT_PLACED, None, "never received")
