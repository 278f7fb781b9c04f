"""Whose rows somebody sees. Pure; and the scope of the request that is being answered.

What answers a request runs within the scope of who sent it (``within_scope``), and the queries of
pages ask for it through ``followup.views.reach``: no page can forget to hand it on. Where there is
no visitor, in other processes and at the terminal, everything is seen.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from followup.people.models import Reach, User


@dataclass(frozen=True, slots=True)
class Scope:
    """``departments`` None: all of them. ``user_id``: what is one's own is seen anyway."""

    departments: frozenset[str] | None = None
    user_id: uuid.UUID | None = None

    @property
    def limited(self) -> bool:
        """Is there anything that is not seen?"""
        return self.departments is not None


EVERYTHING = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=EVERYTHING)


def scope_of(user: User | None, *, all_by_role: bool) -> Scope:
    """What ``user`` sees: as set for them, else as their role has it. Nobody sees nothing."""
    if user is None:
        return Scope(frozenset())
    everything = all_by_role if user.reach is None else user.reach is Reach.ALL
    return Scope(None if everything else frozenset(user.departments), user.id)


def current_scope() -> Scope:
    """The scope that counts here and now."""
    return _scope.get()


@contextmanager
def within_scope(scope: Scope) -> Iterator[None]:
    """Queries of pages made in the block see the rows of ``scope`` alone."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)
