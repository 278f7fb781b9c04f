"""Invented cases, spot checks and rows of the audit trail. Pure."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.seed.people import Person
from bench.seed.rows import DAY_S, Moments, Rows
from bench.seed.words import Words

_CHANNELS = ("phone", "phone", "follow_up", "visit", "letter", "web", "wechat", "hotline", "other")
# steps of a complaint in their order, with the hours after it was registered
_STEPS = (("accepted", 2), ("assigned", 5), ("investigating", 20), ("answered", 60),
          ("resolved", 80), ("confirmed", 96), ("closed", 100))
_PRAISE = (("accepted", 4), ("answered", 30), ("closed", 31))
_LOOKED = ("view-patient", "view-patient", "view-patient", "play-recording", "view-case")


@dataclass(frozen=True)
class House:
    """Ids of what a hospital has set up: users as (id, username, name)."""

    users: Sequence[tuple[str, str, str]]
    categories: Sequence[str]
    severities: Sequence[tuple[str, int, int]]       # id, minutes to accept, to close
    card: str


def case(rows: Rows, words: Words, moments: Moments, house: House, who: Person) -> None:
    """A complaint of this patient, or praise, with its history."""
    rng = rows.rng
    kind = "complaint" if rows.chance(75) else "praise"
    day, second = max(who.stays[0].day + int(rng.random() * 40), -900), rng.random() * 50_000
    day = min(day, -1)
    made, at = rows.id(), moments.at
    steps = _STEPS if kind == "complaint" else _PRAISE
    slow = 0.5 + rng.random() * 1.8
    over = [(state, slow * hours * 3600) for state, hours in steps]
    over = [step for step in over if day * DAY_S + second + step[1] < 0]
    if over and rows.chance(4):
        over = over[:1 + int(rng.random() * len(over))]
    reached = dict(over)
    severity, accept, close = rows.one_of(house.severities)
    owner, _, name = rows.one_of(house.users)
    department = who.stays[0].department.name
    told = rows.one_of(words.told[kind])

    def when(state: str) -> str | None:
        return at(day, second + reached[state]) if state in reached else None

    begun = at(day, second)
    rows.add("feedback_case", made, begun, kind, over[-1][0] if over else "registered",
             rows.one_of(_CHANNELS), "console", who.id, "", "", rows.one_of(house.categories),
             severity, f"{department}：{told}", name, department, owner if over else None, begun,
             "calendar", at(day, second + 60 * accept), at(day, second + 45 * accept),
             at(day, second + 60 * close), at(day, second + 45 * close), when("accepted"),
             when("answered"), when("closed"), 0,
             1 + int(rng.random() * 5) if "closed" in reached and rows.chance(60) else None,
             {}, 1 + len(over))
    rows.add("case_concern", rows.id(), made, "department", department, 0)
    if rows.chance(50):
        doctor = rows.one_of(who.stays[0].department.doctors)
        rows.add("case_concern", rows.id(), made, "person", doctor, 1)
    rows.add("case_event", rows.id(), made, begun, "registered", name, "registered", "", {}, 1)
    for version, (state, seconds) in enumerate(over, 2):
        note = rows.one_of(words.told["notes"]) if state in ("answered", "resolved") else ""
        rows.add("case_event", rows.id(), made, at(day, second + seconds), "moved", name, state,
                 note, {}, version)


def looked_at(rows: Rows, moments: Moments, house: House, who: Person) -> None:
    """Who has opened this patient's page, or something of theirs."""
    day = min(0, who.stays[0].day + 3 + int(rows.rng.random() * 20))
    _, username, _ = rows.one_of(house.users)
    rows.add("audit_event", moments.at(day, rows.rng.random() * 3600), username,
             rows.one_of(_LOOKED), f"patient:{who.id}", "127.0.0.1", {})


def spot_checks(rows: Rows, moments: Moments, house: House,
                calls: Sequence[tuple[str, str, int]], plans: int, size: int) -> None:
    """Plans, each of so many of ``calls`` (attempt, department, day), most of them scored."""
    for number in range(plans):
        drawn = rows.rng.sample(calls, min(size, len(calls)))
        plan, day = rows.id(), -number * 7 // 4
        rows.add("spot_check_plan", plan, moments.at(day, 0), f"抽查 {number + 1:03}", "random",
                 number, moments.day(day - 30), moments.day(day), "", len(drawn), len(calls),
                 {}, 0, house.card, "admin")
        for place, (attempt, department, _) in enumerate(drawn, 1):
            _check(rows, moments, house, plan, attempt, department, place, day)


def _check(rows: Rows, moments: Moments, house: House, plan: str, attempt: str, department: str,
           place: int, day: int) -> None:
    scored, points = rows.chance(85), 55 + int(rows.rng.random() * 45)
    check, at = rows.id(), moments.at(day, 3600)
    inspector = rows.one_of(house.users)[0]
    rows.add("spot_check", check, plan, attempt, place, "", 0, [], department,
             rows.one_of(house.users)[0], False, "checked" if scored else "open",
             points if scored else None,
             None if not scored else "passed" if points >= 80 else "failed", False, "",
             at if scored else None)
    if scored:
        rows.add("spot_check_score", rows.id(), at, check, 1, inspector, {}, points,
                 "passed" if points >= 80 else "failed", False, "")


def seeded(seed: int, *parts: object) -> random.Random:
    """Chance that depends on nothing but these."""
    told = ":".join(str(part) for part in (seed, *parts)).encode()
    return random.Random(hashlib.sha256(told).digest())  # noqa: S311 - invented, not secret
