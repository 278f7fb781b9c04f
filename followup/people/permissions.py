"""What one may be allowed to do, and which roles may by whom it was set up. Pure.

A hospital changes which role has which permission; what it has not changed follows the defaults
here, also those of a later release.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from followup.people.models import Role


@dataclass(frozen=True, slots=True)
class Permission:
    """``key`` stands in the database and in the words; ``default``: the roles that have it."""

    key: str
    default: frozenset[Role]
    fixed: frozenset[Role] = frozenset()          # these never lose it


@dataclass(frozen=True, slots=True)
class Every:
    """All of these are needed."""

    rights: tuple[Permission | tuple[Permission, ...], ...]


# of several in a tuple, any one is enough
Right = Permission | tuple[Permission, ...] | Every

_A, _S, _M, _Q, _D, _X = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR, Role.DOCTOR,
                          Role.ADMINISTRATOR)


def _given(key: str, *roles: Role, never_from: Iterable[Role] = ()) -> Permission:
    return Permission(key, frozenset(roles), frozenset(never_from))


EVERYBODY = Permission("everybody", frozenset(Role), frozenset(Role))     # who is signed in

SEES_PATIENTS = _given("see-patients", _A, _S, _Q, _D, _X)
EDITS_PATIENTS = _given("edit-patients", _A, _S, _D, _X)         # language, consent, numbers
EXPORTS = _given("export-lists", _S, _Q, _X)                     # lists, as a file
SEES_ALL_DEPARTMENTS = _given("see-all-departments", _A, _S, _M, _Q, _X)
SEES_NUMBERS = _given("see-numbers", _A, _S, _D, _X)              # a telephone number unmasked
LISTENS = _given("listen", _A, _S, _Q, _D, _X)
DOWNLOADS_RECORDINGS = _given("download-recordings", _S, _Q, _X)
HOLDS_RECORDINGS = _given("hold-recordings", _S, _Q, _X)            # whatever the rules say
SETS_RETENTION = _given("set-retention", _X)                      # how long recordings are kept
CLOSES_ALERTS = _given("close-alerts", _A, _S, _D, _X)
TAKES_CALLS = _given("take-calls", _A, _S, _X)
RUNS_CAMPAIGNS = _given("run-campaigns", _S, _M, _X)
RECORDS_PROMPTS = _given("record-prompts", _X)
SEES_CASES = _given("see-cases", _A, _S, _Q, _D, _X)
HANDLES_CASES = _given("handle-cases", _A, _S, _D, _X)
SENDS_MESSAGES = _given("send-messages", _A, _S, _D, _X)            # to patients
SETS_UP_MESSAGES = _given("set-up-messages", _S, _X)               # their templates
LIFTS_OPT_OUTS = _given("lift-opt-outs", _S, _X)                   # of who wanted no messages
SEES_CASE_FIGURES = _given("see-case-figures", _S, _M, _Q, _X)
SETS_UP_CASES = _given("set-up-cases", _S, _X)
MAKES_TOKENS = _given("make-tokens", _X)
CHECKS = _given("spot-check", _Q, _S, _X)                         # samples and scores
JUDGES = _given("judge-checks", _S, _X)                           # differing scores, appeals, cards
APPEALS = _given("appeal-checks", _A, _S)                         # what is said of oneself
SEES_CHECK_RESULTS = _given("see-check-results", _Q, _S, _M, _X)
MANAGES_PEOPLE = _given("manage-people", _X, never_from=[_X])
SETS_RIGHTS = _given("set-rights", _X, never_from=[_X])
READS_AUDIT = _given("read-audit", _Q, _X, never_from=[_X])

SEES_CHECKS = (CHECKS, APPEALS)

# as the page of roles shows them
GROUPS: Mapping[str, tuple[Permission, ...]] = {
    "patients": (SEES_PATIENTS, SEES_ALL_DEPARTMENTS, SEES_NUMBERS, EDITS_PATIENTS, LISTENS,
                 DOWNLOADS_RECORDINGS, HOLDS_RECORDINGS, SETS_RETENTION),
    "follow_up": (CLOSES_ALERTS, TAKES_CALLS, RUNS_CAMPAIGNS, RECORDS_PROMPTS),
    "cases": (SEES_CASES, HANDLES_CASES, SENDS_MESSAGES, LIFTS_OPT_OUTS, SETS_UP_MESSAGES,
              SEES_CASE_FIGURES, SETS_UP_CASES, MAKES_TOKENS),
    "checks": (CHECKS, JUDGES, APPEALS, SEES_CHECK_RESULTS),
    "house": (EXPORTS, MANAGES_PEOPLE, SETS_RIGHTS, READS_AUDIT),
}
PERMISSIONS = tuple(each for group in GROUPS.values() for each in group)


@dataclass(frozen=True, slots=True)
class Grants:
    """Which role has which permission; ``changed``: where the hospital departs from the default."""

    changed: Mapping[str, frozenset[Role]] = field(default_factory=dict)

    def roles(self, permission: Permission) -> frozenset[Role]:
        """The roles that have it."""
        return self.changed.get(permission.key, permission.default) | permission.fixed

    def may(self, role: Role | None, right: Right) -> bool:
        """May somebody of this role do it? Nobody may who has no role."""
        if isinstance(right, Every):
            return all(self.may(role, each) for each in right.rights)
        any_of = (right,) if isinstance(right, Permission) else right
        return role is not None and any(role in self.roles(each) for each in any_of)

    @property
    def mark(self) -> str:
        """Tells one picture from another: what a page showed from what is there by now."""
        told = json.dumps(self.told(), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def told(self, only: Iterable[Permission] = PERMISSIONS) -> dict[str, list[str]]:
        """The roles of each permission by name, in one order."""
        return {each.key: [role.value for role in Role if role in self.roles(each)]
                for each in only}


def changes(before: Grants, after: Grants) -> list[Permission]:
    """The permissions that some role has gained or lost."""
    return [each for each in PERMISSIONS if before.roles(each) != after.roles(each)]


def departing(wanted: Mapping[Permission, Iterable[Role]]) -> Grants:
    """The picture in which each permission has these roles, and its fixed ones."""
    return Grants({each.key: frozenset(roles) | each.fixed for each, roles in wanted.items()
                   if frozenset(roles) | each.fixed != each.default})
