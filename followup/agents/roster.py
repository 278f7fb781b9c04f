"""Who is there, and who takes the next call: reservation in the database, one call an agent."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, any_, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt
from followup.database.base import now
from followup.patients.models import Patient
from followup.settings import AgentSettings

# An agent who did not pick up is left alone for so long.
MISSED_PAUSE = timedelta(minutes=2)


async def enlist(session: AsyncSession, agents: Iterable[AgentSettings]) -> None:
    """Make a row for each agent of the settings; what is changed there is taken over."""
    for agent in agents:
        row = {"name": agent.name, "kind": agent.kind, "languages": list(agent.languages),
               "skills": list(agent.skills)}
        await session.execute(
            insert(Agent).values(id=uuid.uuid4(), extension=agent.extension,
                                 state=AgentState.OFFLINE, state_since=now(), **row)
            .on_conflict_do_update(index_elements=["extension"], set_=row))


def _ready(moment: datetime) -> ColumnElement[bool]:
    return or_(Agent.state == AgentState.AVAILABLE,
               and_(Agent.state.in_((AgentState.WRAP_UP, AgentState.MISSED)),
                    Agent.wrap_up_until <= moment))


def has_skill(skill: str | None) -> ColumnElement[bool]:
    """Whether an agent may take a call that asks for ``skill``; one that asks for none: all may."""
    return true() if skill is None else literal(skill) == any_(Agent.skills)


async def extensions(session: AsyncSession) -> list[str]:
    """The extensions of all agents."""
    return list(await session.scalars(select(Agent.extension)))


async def ready(session: AsyncSession, moment: datetime | None = None) -> list[frozenset[str]]:
    """The skills of each agent who could take a call now, or at ``moment``."""
    return [frozenset(skills) for skills in await session.scalars(
        select(Agent.skills).where(_ready(moment or now())))]


async def reserve(session: AsyncSession, attempt_id: uuid.UUID, language: str,
                  passed_over: Collection[uuid.UUID] = (), *, skill: str | None = None,
                  only: uuid.UUID | None = None) -> Agent | None:
    """Reserve an agent who has ``skill``: the longest-idle who speaks ``language``, else the
    longest-idle at all. Who is reserved for this call already stays it; ``only``: nobody else.
    """
    moment = now()
    kept = await session.scalar(select(Agent).where(
        Agent.attempt_id == attempt_id, Agent.state == AgentState.RESERVED,
        Agent.id.not_in(passed_over)).with_for_update())
    if kept is not None:
        return kept
    who = [has_skill(skill)] if only is None else [Agent.id == only]
    agent = await session.scalar(
        select(Agent).where(_ready(moment), Agent.id.not_in(passed_over), *who)
        .order_by((literal(language) == any_(Agent.languages)).desc(), Agent.state_since)
        .limit(1).with_for_update(skip_locked=True))
    if agent is not None:
        agent.state, agent.state_since, agent.attempt_id = AgentState.RESERVED, moment, attempt_id
        agent.wrap_up_until = None
    return agent


async def reserve_for(session: AsyncSession, attempt: Attempt, skill: str | None,
                      only: uuid.UUID | None = None) -> Agent | None:
    """Reserve an agent for a call that is about to be placed; None when nobody is free for it."""
    language = await session.scalar(
        select(Patient.language).where(Patient.id == attempt.patient_id))
    return await reserve(session, attempt.id, language or "", skill=skill, only=only)


async def move(session: AsyncSession, agent_id: uuid.UUID, state: AgentState,
               attempt_id: uuid.UUID | None = None, pause: timedelta | None = None) -> None:
    """Set an agent's state; ``pause`` is how long wrap-up or a missed call keeps them away."""
    moment = now()
    await session.execute(update(Agent).where(Agent.id == agent_id).values(
        state=state, state_since=moment, attempt_id=attempt_id,
        wrap_up_until=moment + pause if pause is not None else None))


async def see_phones(session: AsyncSession, reachable: Collection[str]) -> None:
    """Agents whose phones are registered are there; the others are not. Calls are left alone.

    ``reachable``: extensions. Also ends wrap-ups whose time is over.
    """
    moment = now()
    idle = (AgentState.AVAILABLE, AgentState.WRAP_UP, AgentState.MISSED)
    await session.execute(
        update(Agent).where(Agent.state == AgentState.OFFLINE, Agent.extension.in_(reachable))
        .values(state=AgentState.AVAILABLE, state_since=moment))
    await session.execute(
        update(Agent).where(Agent.state.in_(idle), Agent.extension.not_in(reachable))
        .values(state=AgentState.OFFLINE, state_since=moment, wrap_up_until=None))
    await session.execute(
        update(Agent).where(Agent.state.in_((AgentState.WRAP_UP, AgentState.MISSED)),
                            Agent.wrap_up_until <= moment)
        .values(state=AgentState.AVAILABLE, state_since=Agent.wrap_up_until, wrap_up_until=None))
