"""Plans a campaign, starts and stops it, and tells when it is finished."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import (
    OPEN_TASKS,
    Campaign,
    CampaignMode,
    CampaignState,
    Task,
    TaskState,
)
from followup.database.base import now
from followup.errors import Conflict
from followup.patients.models import Encounter, Patient

_MOVES = {
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.FINISHED),
    CampaignState.PAUSED: (CampaignState.RUNNING,),
    CampaignState.CANCELLED: (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED),
}


async def plan(session: AsyncSession, name: str, questionnaire_id: uuid.UUID, *,
               discharged_from: date, discharged_to: date,
               mode: CampaignMode = CampaignMode.IVR) -> Campaign:
    """Make, or top up, a campaign with a task for every stay that ended in the given days.

    Patients who do not want calls get none; a stay that has its task already is left alone.
    """
    campaign = await session.scalar(select(Campaign).where(Campaign.name == name))
    if campaign is None:
        campaign = Campaign(id=uuid.uuid4(), name=name, mode=mode, state=CampaignState.DRAFT,
                            questionnaire_id=questionnaire_id)
        session.add(campaign)
        await session.flush()
    stays = await session.execute(
        select(Encounter.id, Encounter.patient_id).join(Encounter.patient)
        .where(Encounter.discharged_on.between(discharged_from, discharged_to),
               Patient.do_not_call.is_(False)))
    for encounter_id, patient_id in stays:
        await session.execute(
            insert(Task).values(id=uuid.uuid4(), campaign_id=campaign.id, patient_id=patient_id,
                                encounter_id=encounter_id, state=TaskState.DUE, due_at=now(),
                                priority=100, attempts_made=0, updated_at=now())
            .on_conflict_do_nothing(index_elements=["campaign_id", "encounter_id"]))
    return campaign


async def move(session: AsyncSession, campaign_id: uuid.UUID, state: CampaignState) -> Campaign:
    """Start, pause, resume or cancel; asking for the state it is in changes nothing."""
    campaign = await session.get_one(Campaign, campaign_id, with_for_update=True)
    if campaign.state is state:
        return campaign
    if campaign.state not in _MOVES.get(state, ()):
        raise Conflict(f"a campaign that is {campaign.state.value} cannot become {state.value}")
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
