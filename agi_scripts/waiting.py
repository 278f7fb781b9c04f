"""Where a patient who needs an agent stands among those who wait, and what hope there is.

Who waits for another skill stands in the way only as far as the same agents would do for both.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.pacing.hope import hope, talks_like
from followup.agents import roster
from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert
from followup.calls.models import Attempt, AttemptState, Escalation
from followup.campaigns.models import Campaign, Task
from followup.responses.models import Severity

RECENT_TALKS = 200


@dataclass(frozen=True, slots=True)
class Place:
    """``spare``: agents free now less those who go before; ``hope``: that one is by the end."""

    spare: int
    hope: float


async def place_of(session: AsyncSession, escalation_id: uuid.UUID, moment: datetime, *,
                   critical: bool, left_s: float, wrap_up_s: float,
                   skill: str | None = None) -> Place:
    """The place of an escalation that has ``left_s`` seconds of its hold left."""
    since = await session.scalar(
        select(Escalation.requested_at).where(Escalation.id == escalation_id))
    ahead = await waiting(session, but=escalation_id, before=since or moment, critical=critical)
    spare = spare_agents(await roster.ready(session, moment), ahead, skill)
    if spare > 0 or left_s <= 0:
        return Place(spare, float(spare > 0))
    talking = await _since(session, moment, skill, AgentState.ON_CALL, AgentState.RESERVED)
    back = await session.scalars(select(Agent.wrap_up_until).where(
        roster.has_skill(skill), Agent.state.in_((AgentState.WRAP_UP, AgentState.MISSED)),
        Agent.wrap_up_until > moment))
    talks = await session.scalars(
        select(func.extract("epoch", Escalation.ended_at - Escalation.bridged_at))
        .where(Escalation.ended_at.is_not(None), Escalation.bridged_at.is_not(None))
        .order_by(Escalation.ended_at.desc()).limit(RECENT_TALKS))
    # one who is free already and goes to somebody before us no longer stands in the way
    return Place(spare, hope(
        talking, [(until - moment) / timedelta(seconds=1) for until in back if until],
        -spare, left_s, wrap_up_s, talks_like([float(one) for one in talks][::-1])))


def spare_agents(ready: Sequence[Collection[str]], ahead: Sequence[str | None],
                 skill: str | None) -> int:
    """How many of the ``ready`` agents, by their skills, are left for who needs ``skill`` once
    those ``ahead`` have one each; below zero: so many of these still wait for one. Pure.
    """
    def able(agent: Collection[str], needed: str | None) -> bool:
        return needed is None or needed in agent

    mine = [agent for agent in ready if able(agent, skill)]
    wanted = Counter(ahead)
    left = len(mine) - sum(min(number, sum(able(agent, needed) for agent in mine))
                           for needed, number in wanted.items())
    if left > 0:
        return left
    rivals = sum(number for needed, number in wanted.items()
                 if needed is None or skill is None or needed == skill)
    return min(0, len(mine) - rivals)


async def waiting(session: AsyncSession, *, but: uuid.UUID | None = None,
                  before: datetime | None = None, critical: bool = False) -> list[str | None]:
    """The skills that patients who wait for an agent need, none being reserved for them, ``but``
    one of them.

    The critical ones, and those who began ``before`` then; for a critical one, only who is both.
    """
    held = exists().where(Agent.attempt_id == Escalation.attempt_id, Agent.state.in_(
        (AgentState.RESERVED, AgentState.ON_CALL))).correlate(Escalation)
    urgent = func.coalesce(Alert.severity == Severity.CRITICAL, False)
    earlier = Escalation.requested_at < before if before is not None else \
        Escalation.requested_at.is_not(None)
    return list(await session.scalars(
        select(Campaign.rules["skill"].astext).select_from(Escalation)
        .join(Attempt, Attempt.id == Escalation.attempt_id)
        .join(Task, Task.id == Attempt.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .outerjoin(Alert, Alert.id == Escalation.alert_id)
        .where(Attempt.state != AttemptState.ENDED, Escalation.ended_at.is_(None),
               Escalation.bridged_at.is_(None), ~held, Escalation.id.is_distinct_from(but),
               urgent & earlier if critical else urgent | earlier)))


async def _since(session: AsyncSession, moment: datetime, skill: str | None,
                 *states: AgentState) -> Sequence[float]:
    found = await session.scalars(select(Agent.state_since).where(
        roster.has_skill(skill), Agent.state.in_(states)))
    return [max(0.0, (moment - since) / timedelta(seconds=1)) for since in found]
