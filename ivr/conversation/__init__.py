"""The conversation as a pure machine: ``advance(state, event) -> (state, actions)``.

No clock, socket or database; whoever drives it does what the actions say, in order.
"""

from ivr.conversation.engine import advance, begin, resume
from ivr.conversation.flow import remaining
from ivr.conversation.state import Context, Phase, State

__all__ = ["Context", "Phase", "State", "advance", "begin", "remaining", "resume"]
