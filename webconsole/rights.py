"""Who may open what. A route without one of these marks is closed to everybody.

The permissions are those of ``followup.people.permissions``; which role has which, the hospital
changes on the page of roles.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from followup.people.permissions import (
    APPEALS,
    CHECKS,
    CLOSES_ALERTS,
    DOWNLOADS_RECORDINGS,
    EDITS_PATIENTS,
    EVERYBODY,
    EXPORTS,
    HANDLES_CASES,
    HOLDS_RECORDINGS,
    JUDGES,
    LIFTS_OPT_OUTS,
    LISTENS,
    MAKES_TOKENS,
    MANAGES_PEOPLE,
    READS_AUDIT,
    RECORDS_PROMPTS,
    RUNS_CAMPAIGNS,
    SEES_ALL_DEPARTMENTS,
    SEES_CASE_FIGURES,
    SEES_CASES,
    SEES_CHECK_RESULTS,
    SEES_CHECKS,
    SEES_NUMBERS,
    SEES_PATIENTS,
    SENDS_MESSAGES,
    SETS_RETENTION,
    SETS_RIGHTS,
    SETS_UP_CASES,
    SETS_UP_MESSAGES,
    TAKES_CALLS,
    Every,
    Permission,
    Right,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

__all__ = [
    "APPEALS",
    "CHECKS",
    "CLOSES_ALERTS",
    "DOWNLOADS_RECORDINGS",
    "EDITS_PATIENTS",
    "EVERYBODY",
    "EXPORTS",
    "HANDLES_CASES",
    "HOLDS_RECORDINGS",
    "JUDGES",
    "LIFTS_OPT_OUTS",
    "LISTENS",
    "MACHINES",
    "MAKES_TOKENS",
    "MANAGES_PEOPLE",
    "PUBLIC",
    "READS_AUDIT",
    "RECORDS_PROMPTS",
    "RUNS_CAMPAIGNS",
    "SEES_ALL_DEPARTMENTS",
    "SEES_CASES",
    "SEES_CASE_FIGURES",
    "SEES_CHECKS",
    "SEES_CHECK_RESULTS",
    "SEES_NUMBERS",
    "SEES_PATIENTS",
    "SENDS_MESSAGES",
    "SETS_RETENTION",
    "SETS_RIGHTS",
    "SETS_UP_CASES",
    "SETS_UP_MESSAGES",
    "TAKES_CALLS",
    "Every",
    "Handler",
    "Right",
    "allowed",
    "exports",
    "machines",
    "public",
    "rights_of",
    "upload_limit",
    "uploads",
]

PUBLIC = "public"
MACHINES = "machines"
_MARK, _LIMIT = "__allowed__", "__upload_bytes__"


def allowed(right: Right) -> Callable[[H], H]:
    """Only users whose role has the permission, or one of several."""
    def mark(handler: H) -> H:
        setattr(handler, _MARK, right)
        return handler
    return mark


def exports(right: Permission | tuple[Permission, ...]) -> Callable[[H], H]:
    """Only users who may see the list and may take lists away."""
    return allowed(Every((right, EXPORTS)))


def public(handler: H) -> H:
    """Open to everybody, signed in or not."""
    setattr(handler, _MARK, PUBLIC)
    return handler


def machines(handler: H) -> H:
    """Open to other systems: no session, no page's token; the handler asks for one of theirs."""
    setattr(handler, _MARK, MACHINES)
    return handler


def rights_of(handler: Any) -> Right | str | None:
    """The mark of a handler; None: nobody may."""
    mark: Right | str | None = getattr(handler, _MARK, None)
    return mark


def uploads(most: int) -> Callable[[H], H]:
    """Takes bodies of up to ``most`` bytes, from those who are allowed; others take few."""
    def mark(handler: H) -> H:
        setattr(handler, _LIMIT, most)
        return handler
    return mark


def upload_limit(handler: Any) -> int | None:
    """The mark of ``uploads``, if there is one."""
    limit: int | None = getattr(handler, _LIMIT, None)
    return limit
