"""Elastic escalation: what becomes of a finding while no agent has it yet. Pure.

A critical finding waits for nothing and goes before all others. An abnormal one is finished with
the questions that still help; at their end the patient is asked to hold, for at most so long and
only while there is hope; then it is an alert, to be called back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

HOPELESS = 0.02        # a smaller chance of an agent in time is not worth a patient's waiting


class Step(Enum):
    """What to do with the call now."""

    CONNECT = "connect"
    ASK = "ask"            # the next useful question
    HOLD = "hold"
    ALERT = "alert"        # say that a nurse will call back


@dataclass(frozen=True, slots=True)
class Finding:
    """A call with a finding that no agent has taken yet."""

    critical: bool
    useful_left: int       # questions whose answers still help the agent
    held_s: float = 0.0    # of the hold that was announced
    hold_s: float = 20.0   # the longest one

    @property
    def urgency(self) -> tuple[bool, float]:
        """Sorts the one whom the next free agent should take first: critical, then nearest to the
        end of its hold."""
        return (not self.critical, self.hold_s - self.held_s if not self.useful_left
                else self.hold_s + self.useful_left)


def next_step(finding: Finding, spare: int, hope: float = 1.0) -> Step:
    """What to do now. ``spare``: idle agents less more urgent findings; ``hope``: the chance that
    one is free by the end of the hold."""
    if spare > 0:
        return Step.CONNECT
    if finding.useful_left and not finding.critical:
        return Step.ASK
    if finding.held_s >= finding.hold_s or (hope < HOPELESS and not finding.critical):
        return Step.ALERT
    return Step.HOLD
