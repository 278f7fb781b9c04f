"""Campaigns that hold single calls which somebody asks for, each made when it is first needed."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns import progress
from followup.campaigns.models import Campaign, CampaignMode, CampaignState
from followup.campaigns.rules import CampaignRules
from followup.errors import Conflict

_MAY_START = (CampaignState.DRAFT, CampaignState.FINISHED)     # one that is paused stays so


async def campaign_named(session: AsyncSession, name: str, mode: CampaignMode,
                         questionnaire_id: uuid.UUID,
                         rules: CampaignRules | None = None) -> Campaign:
    """The campaign of this name, made with the rest where there is none. Conflict: cancelled."""
    told = rules.kept() if rules else {}
    await session.execute(
        insert(Campaign).values(id=uuid.uuid4(), name=name, mode=mode, rules=told,
                                questionnaire_id=questionnaire_id)
        .on_conflict_do_nothing(index_elements=["name"]))
    campaign = (await session.scalars(select(Campaign).where(Campaign.name == name))).one()
    if campaign.state is CampaignState.CANCELLED:
        raise Conflict(f"the campaign {name} was cancelled", why="cancelled")
    return campaign


async def see_to(session: AsyncSession, campaign: Campaign, *, actor: str) -> None:
    """Start it where there was nothing to call before; one that is paused stays so."""
    if campaign.state in _MAY_START:
        await progress.start(session, campaign.id, actor=actor)
