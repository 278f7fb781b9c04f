"""A new state in the place of an old one, some seventy times a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:                # so that names and types of what changes are checked
    from dataclasses import replace
else:
    def replace(state: Any, /, **changes: Any) -> Any:
        """A state or its context with some of it changed, at a tenth of the usual cost.

        ``dataclasses.replace`` hands all forty fields to an initialiser, one by one. This is for
        classes that do nothing but hold them.
        """
        new = object.__new__(type(state))
        new.__dict__.update(state.__dict__)
        new.__dict__.update(changes)
        return new

__all__ = ["replace"]
