"""How many calls to place now. Pure: the same code serves the live dialer and simulations."""

from dialer.pacing.curves import Terms
from dialer.pacing.escalation import Finding, Step, next_step
from dialer.pacing.knowledge import Knowledge
from dialer.pacing.pacer import Pacer
from dialer.pacing.picture import Asking, Picture
from dialer.pacing.situation import Situation, calls_to_place

__all__ = ["Asking", "Finding", "Knowledge", "Pacer", "Picture", "Situation", "Step", "Terms",
           "calls_to_place", "next_step"]
