"""How many calls to place now. Pure: the same code serves the live dialer and simulations."""

from dialer.pacing.curves import Terms
from dialer.pacing.escalation import Finding, Step, next_step
from dialer.pacing.knowledge import Knowledge
from dialer.pacing.pacer import Pacer
from dialer.pacing.picture import Asking, Picture

__all__ = ["Asking", "Finding", "Knowledge", "Pacer", "Picture", "Step", "Terms", "next_step"]
