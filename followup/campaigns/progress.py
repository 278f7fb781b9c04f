"""Plans a campaign, starts and stops it, and tells when it is finished."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import (
    OPEN_TASKS,
    Campaign,
    CampaignMode,
    CampaignState,
    Task,
    TaskState,
)
from followup.campaigns.planning import ByDischarge, add_tasks, choose
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.errors import Conflict
from followup.people import audit

SYSTEM = "system"            # the actor where nobody in particular asked

_MOVES = {
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.FINISHED),
    CampaignState.PAUSED: (CampaignState.RUNNING,),
    CampaignState.CANCELLED: (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED),
}


async def plan(session: AsyncSession, name: str, questionnaire_id: uuid.UUID, *,
               discharged_from: date, discharged_to: date,
               mode: CampaignMode = CampaignMode.IVR,
               rules: CampaignRules | None = None) -> Campaign:
    """Make, or top up, a campaign with a task for every stay that ended in the given days.

    Patients who do not want calls get none; a stay that has its task already is left alone.
    """
    campaign = await session.scalar(select(Campaign).where(Campaign.name == name))
    if campaign is None:
        campaign = Campaign(id=uuid.uuid4(), name=name, mode=mode, state=CampaignState.DRAFT,
                            questionnaire_id=questionnaire_id,
                            rules=rules.kept() if rules else {})
        session.add(campaign)
        await session.flush()
    chosen = await choose(session, ByDischarge(discharged_from, discharged_to))
    await add_tasks(session, campaign.id, chosen.stays)
    return campaign


async def set_rules(session: AsyncSession, campaign_id: uuid.UUID, rules: Mapping[str, Any], *,
                    actor: str, address: str = "") -> CampaignRules:
    """Give a campaign its rules, running or not: they hold from the next call on.

    InvalidInput names each field that does not fit.
    """
    checked = CampaignRules.read(rules)
    campaign = await session.get_one(Campaign, campaign_id, with_for_update=True)
    if campaign.rules != checked.kept():
        audit.record(session, audit.SET_RULES, actor=actor, subject=f"campaign:{campaign_id}",
                     address=address, before=campaign.rules, after=checked.kept())
        campaign.rules = checked.kept()
    return checked


async def start(session: AsyncSession, campaign_id: uuid.UUID, *, actor: str) -> Campaign:
    """Let it run, also again after a pause or when it was topped up."""
    return await move(session, campaign_id, CampaignState.RUNNING, actor=actor)


async def pause(session: AsyncSession, campaign_id: uuid.UUID, *, actor: str) -> Campaign:
    """Nothing more is placed once this is committed; calls in flight go on to their end."""
    return await move(session, campaign_id, CampaignState.PAUSED, actor=actor)


async def resume(session: AsyncSession, campaign_id: uuid.UUID, *, actor: str) -> Campaign:
    """Go on after a pause; Conflict when it was never started."""
    campaign = await session.get_one(Campaign, campaign_id, with_for_update=True)
    if campaign.state not in (CampaignState.PAUSED, CampaignState.RUNNING):
        raise Conflict(f"a campaign that is {campaign.state.value} cannot be resumed")
    return await move(session, campaign_id, CampaignState.RUNNING, actor=actor)


async def cancel(session: AsyncSession, campaign_id: uuid.UUID, *, actor: str) -> Campaign:
    """For good: what waits is cancelled; calls in flight go on to their end and are the last."""
    return await move(session, campaign_id, CampaignState.CANCELLED, actor=actor)


async def move(session: AsyncSession, campaign_id: uuid.UUID, state: CampaignState, *,
               actor: str = SYSTEM, address: str = "") -> Campaign:
    """Start, pause, resume or cancel; asking for the state it is in changes nothing.

    It waits for claims that are under way, and no claim is made while it is under way.
    """
    campaign = await session.get_one(Campaign, campaign_id, with_for_update=True,
                                     populate_existing=True)
    if campaign.state is state:
        return campaign
    if campaign.state not in _MOVES.get(state, ()):
        raise Conflict(f"a campaign that is {campaign.state.value} cannot become {state.value}")
    audit.record(session, audit.MOVE_CAMPAIGN, actor=actor, subject=f"campaign:{campaign_id}",
                 address=address, before=campaign.state.value, after=state.value)
    campaign.state = state
    if state is CampaignState.RUNNING:
        campaign.started_at = campaign.started_at or now()
        campaign.finished_at = None
    if state is CampaignState.CANCELLED:
        campaign.finished_at = now()
        await session.execute(
            update(Task).where(Task.campaign_id == campaign_id, Task.state == TaskState.DUE)
            .values(state=TaskState.CANCELLED))
    return campaign


async def finish_campaigns(session: AsyncSession) -> None:
    """Running campaigns with nothing left to call are finished."""
    await session.execute(
        update(Campaign).where(
            Campaign.state == CampaignState.RUNNING,
            exists().where(Task.campaign_id == Campaign.id),
            ~exists().where(Task.campaign_id == Campaign.id, Task.state.in_(OPEN_TASKS)))
        .values(state=CampaignState.FINISHED, finished_at=now()))
