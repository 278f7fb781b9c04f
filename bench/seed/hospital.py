"""A whole invented hospital, chunk after chunk. Pure, and the same for the same seed and day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bench.seed import rest
from bench.seed.calls import Desk, follow
from bench.seed.people import EARLIER_DAYS, SPAN_DAYS, person
from bench.seed.rows import Moments, Rows
from bench.seed.words import Words

CHUNK = 4000                     # patients
CHECKED, PLANS = 40, 200         # checks of a plan; plans at most
CASE_OF, LOOKED_PERCENT = 2.5, 40


@dataclass(frozen=True)
class Given:
    """What is in the database already."""

    questionnaire: str
    categories: list[str]
    severities: list[tuple[str, int, int]]
    card: str


def hospital(patients: int, seed: int, today: date, given: Given) -> Iterator[dict[str, list[str]]]:
    """Lines for COPY by table: first what others refer to, then patients, then spot checks."""
    moments, words = Moments(today), Words.load()
    rows = Rows(rest.seeded(seed, "house"), seed % 16 << 16)
    house = _people(rows, words, moments, seed, given)
    desk = _campaigns(rows, moments, seed, given, words)
    yield rows.lines
    for place, start in enumerate(range(0, patients, CHUNK), 1):
        rows = Rows(rest.seeded(seed, place), (seed % 16 << 16) + place)
        for number in range(start, min(start + CHUNK, patients)):
            who = person(rows, words, moments, seed, number)
            for stay in who.stays:
                follow(rows, moments, desk, who, stay)
            if rows.chance(CASE_OF):
                rest.case(rows, words, moments, house, who)
            if rows.chance(LOOKED_PERCENT):
                rest.looked_at(rows, moments, house, who)
        yield rows.lines
    rows = Rows(rest.seeded(seed, "checks"), (seed % 16 << 16) + 0xffff)
    plans = min(PLANS, len(desk.checkable) // CHECKED)
    rest.spot_checks(rows, moments, house, desk.checkable, plans, CHECKED)
    yield rows.lines


def _people(rows: Rows, words: Words, moments: Moments, seed: int, given: Given) -> rest.House:
    users = []
    for number in range(24):
        name = words.nationalities[0].person(rows)
        user = (rows.id(), f"seed{seed}-{number:02}", name)
        role = ("agent", "agent", "doctor", "supervisor")[number % 4]
        # no password has this hash: nobody signs in as one of them
        rows.add("app_user", *user, "!", role, "zh", False, 0, "[]", "local", False, False)
        users.append(user)
    return rest.House(users, given.categories, given.severities, given.card)


def _campaigns(rows: Rows, moments: Moments, seed: int, given: Given, words: Words) -> Desk:
    """A campaign a week, and a survey of many. None runs, so no call is ever placed by them."""
    agents = []
    for number in range(16):
        agent = (rows.id(), words.nationalities[0].person(rows))
        rows.add("agent", agent[0], f"7{seed % 10}{number:02}", agent[1], "sip", "{zh}", "offline",
                 moments.at(0, 0))
        agents.append(agent)
    weeks = []
    for week in range((SPAN_DAYS + EARLIER_DAYS) // 7 + 2):
        weeks.append(rows.id())
        _campaign(rows, moments, weeks[-1], f"出院三日随访 {moments.day(-7 * week)} #{seed}", given,
                  -7 * week, over=week > 1)
    survey = rows.id()
    _campaign(rows, moments, survey, f"年度满意度回访 #{seed}", given, -35, over=False)
    return Desk(given.questionnaire, agents, weeks, survey, words.told["closings"])


def _campaign(rows: Rows, moments: Moments, made: str, name: str, given: Given, day: int, *,
              over: bool) -> None:
    begun = moments.at(day, 0)
    rows.add("campaign", made, begun, name, "ivr", "finished" if over else "paused",
             given.questionnaire, begun, moments.at(day + 10, 0) if over else None)
