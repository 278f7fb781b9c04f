"""What spot checks come to, by person and by department, and how far inspectors agree."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from followup.agents.models import Agent
from followup.people.models import User
from followup.spotchecks.models import SpotCheck, SpotCheckPlan, SpotCheckScore
from followup.spotchecks.sampling import Method
from followup.spotchecks.scoring import Verdict
from followup.spotchecks.states import SETTLED
from followup.spotchecks.statistics import Agreement, Share, agreement, wilson
from followup.views.reach import within


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one person or department: the share that passed, the mean of points, fatal faults."""

    name: str                    # "": calls that no agent joined
    passed: Share
    mean: float
    fatal: int


@dataclass(frozen=True, slots=True)
class Results:
    """Everything the page of results shows."""

    total: Tally
    people: list[Tally]
    departments: list[Tally]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class _Checked:
    person: str
    department: str
    verdict: Verdict
    points: float
    fatal: bool


async def results(session: AsyncSession, *, plan_id: uuid.UUID | None = None,
                  since: datetime | None = None) -> Results:
    """Of one plan, or of all whose samples stand for what they were drawn from: a sample by risk
    does not. ``since``: checked from then on."""
    def narrowed(query: Any) -> Any:
        query = within(query.join(SpotCheckPlan, SpotCheckPlan.id == SpotCheck.plan_id), SpotCheck)
        if plan_id is not None:
            query = query.where(SpotCheck.plan_id == plan_id)
        else:
            query = query.where(SpotCheckPlan.method != Method.RISK)
        return query if since is None else query.where(SpotCheck.checked_at >= since)

    rows = await session.execute(narrowed(
        select(Agent.extension, Agent.name, User.name, SpotCheck.department, SpotCheck.verdict,
               SpotCheck.points, SpotCheck.fatal)
        .select_from(SpotCheck).outerjoin(Agent, Agent.id == SpotCheck.agent_id)
        .outerjoin(User, User.id == SpotCheck.person_id)
        .where(SpotCheck.state.in_(SETTLED))))
    checked = [_Checked(person or (f"{extension} {agent}" if agent else ""), *rest)
               for extension, agent, person, *rest in rows]
    first, second = aliased(SpotCheckScore), aliased(SpotCheckScore)
    pairs = await session.execute(narrowed(
        select(first.verdict, second.verdict).select_from(SpotCheck)
        .join(first, (first.check_id == SpotCheck.id) & (first.seat == 1))
        .join(second, (second.check_id == SpotCheck.id) & (second.seat == 2))))
    return Results(_tally("", checked), _by(checked, lambda each: each.person),
                   _by(checked, lambda each: each.department),
                   agreement((one, other) for one, other in pairs))


def _by(checked: Iterable[_Checked], key: Callable[[_Checked], str]) -> list[Tally]:
    groups: dict[str, list[_Checked]] = {}
    for each in checked:
        groups.setdefault(key(each), []).append(each)
    return [_tally(name, groups[name])
            for name in sorted(groups, key=lambda name: (not name, name))]


def _tally(name: str, checked: list[_Checked]) -> Tally:
    passed = sum(each.verdict is Verdict.PASSED for each in checked)
    mean = sum(each.points for each in checked) / len(checked) if checked else 0.0
    return Tally(name, wilson(passed, len(checked)), mean, sum(each.fatal for each in checked))
