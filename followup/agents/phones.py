"""Browser phones: who may have an extension's SIP password, one person at a time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent, AgentState
from followup.database.base import now
from followup.errors import Conflict, InvalidInput
from followup.people import audit

WEBRTC = "webrtc"
# from taking a phone to its registration being seen: meanwhile nobody else gets it
SETTLING = timedelta(seconds=20)


async def browser_phones(session: AsyncSession) -> list[Agent]:
    """Agents whose phone is a browser, by extension."""
    return list(await session.scalars(
        select(Agent).where(Agent.kind == WEBRTC).order_by(Agent.extension)))


async def take(session: AsyncSession, extension: str, *, actor: str, address: str = "") -> Agent:
    """Give a browser phone to ``actor``, and keep who has it in the audit trail.

    Conflict while somebody else is on duty with it, or has only just taken it; the same person
    may always take it again, as when the page is loaded anew.
    """
    agent = await session.scalar(
        select(Agent).where(Agent.extension == extension, Agent.kind == WEBRTC).with_for_update())
    if agent is None:
        raise InvalidInput("extension: expected a browser phone of the settings",
                           field="extension", expected="an agent of kind webrtc")
    subject = f"agent:{extension}"
    taken = await audit.last(session, audit.TAKE_PHONE, subject)
    on_duty = agent.state is not AgentState.OFFLINE
    if (taken is None or taken.actor != actor) and (
            on_duty or (taken is not None and taken.at > now() - SETTLING)):
        raise Conflict("somebody else is on duty with this phone")
    audit.record(session, audit.TAKE_PHONE, actor=actor, subject=subject, address=address)
    return agent
