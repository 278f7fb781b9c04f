"""A new state in the place of an old one, some seventy times a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ivr.conversation.state import State

if TYPE_CHECKING:                # so that names and types of what changes are checked
    from dataclasses import replace
else:
    def replace(state: State, **changes: Any) -> State:
        """``state`` with some of it changed, at a tenth of what ``dataclasses.replace`` costs.

        That one hands all forty fields to an initialiser, one by one.
        """
        new = object.__new__(State)
        new.__dict__.update(state.__dict__)
        new.__dict__.update(changes)
        return new

__all__ = ["replace"]
