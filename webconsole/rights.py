"""Who may open what. A route without one of these marks is closed to everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from followup.people.models import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

EVERYBODY = frozenset(Role)
SEES_PATIENTS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.AUDITOR, Role.DOCTOR,
                           Role.ADMINISTRATOR})
LISTENS = SEES_PATIENTS
CLOSES_ALERTS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.DOCTOR, Role.ADMINISTRATOR})
TAKES_CALLS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
RUNS_CAMPAIGNS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})
CHECKS = frozenset({Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR})     # samples and scores
JUDGES = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})     # differing scores, appeals, cards
APPEALS = frozenset({Role.AGENT, Role.SUPERVISOR})            # agents: what is said of themselves
SEES_CHECKS = CHECKS | APPEALS
SEES_CHECK_RESULTS = CHECKS | {Role.MANAGER}
HOLDS_RECORDINGS = CHECKS
RECORDS_PROMPTS = frozenset({Role.ADMINISTRATOR})
SEES_CASES = SEES_PATIENTS
HANDLES_CASES = frozenset({Role.AGENT, Role.SUPERVISOR, Role.DOCTOR, Role.ADMINISTRATOR})
SEES_CASE_FIGURES = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR})
EXPORTS_CASES = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
SETS_UP_CASES = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
MAKES_TOKENS = frozenset({Role.ADMINISTRATOR})

PUBLIC = "public"
MACHINES = "machines"
_MARK, _LIMIT = "__allowed__", "__upload_bytes__"


def allowed(roles: frozenset[Role]) -> Callable[[H], H]:
    """Only users of these roles."""
    def mark(handler: H) -> H:
        setattr(handler, _MARK, roles)
        return handler
    return mark


def public(handler: H) -> H:
    """Open to everybody, signed in or not."""
    setattr(handler, _MARK, PUBLIC)
    return handler


def machines(handler: H) -> H:
    """Open to other systems: no session, no page's token; the handler asks for one of theirs."""
    setattr(handler, _MARK, MACHINES)
    return handler


def rights_of(handler: Any) -> frozenset[Role] | str | None:
    """The mark of a handler; None: nobody may."""
    mark: frozenset[Role] | str | None = getattr(handler, _MARK, None)
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
