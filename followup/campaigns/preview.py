"""Preview: an agent looks at the next patient first, and the call is placed when they say so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from followup.agents.models import Agent
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.rules import CampaignRules
from followup.database.base import Base, HasId
from followup.errors import Conflict
from followup.patients.models import Encounter, Patient
from followup.people import audit

SHOWN_FOR = timedelta(minutes=10)        # then somebody else may have the patient
SKIPPED_FOR = timedelta(hours=1)


class Preview(HasId, Base):
    """A due task that an agent is looking at. ``accepted_at``: they want the call."""

    __tablename__ = "preview"

    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), unique=True)
    agent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agent.id"), unique=True)
    offered_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the agent sees before the call."""

    preview: Preview
    task: Task
    campaign: Campaign
    patient: Patient
    stay: Encounter


async def offered(session: AsyncSession, agent_id: uuid.UUID, moment: datetime) -> Offer | None:
    """What this agent is looking at; None when that is nothing, or no longer due."""
    row = (await session.execute(
        select(Preview, Task, Campaign, Patient, Encounter)
        .join(Task, Task.id == Preview.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .join(Patient, Patient.id == Task.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .where(Preview.agent_id == agent_id, *_open(moment)))).one_or_none()
    return Offer(*row) if row else None


async def offer_next(session: AsyncSession, agent: Agent, moment: datetime) -> Offer | None:
    """Give the agent the most urgent due task of the preview campaigns; None when there is none.

    Whoever looks at one already keeps it. No two agents get the same.
    """
    if (found := await offered(session, agent.id, moment)) is not None:
        return found
    await session.execute(delete(Preview).where(or_(
        Preview.agent_id == agent.id, Preview.offered_at < moment - SHOWN_FOR)))
    for campaign in await _campaigns(session, agent):
        task_id = await session.scalar(
            select(Task.id).join(Patient, Patient.id == Task.patient_id)
            .where(Task.campaign_id == campaign, Task.state == TaskState.DUE,
                   Task.due_at <= moment, Patient.do_not_call.is_(False),
                   Task.id.not_in(select(Preview.task_id)))
            .order_by(Task.priority, Task.due_at).limit(1)
            .with_for_update(skip_locked=True, of=Task))
        if task_id is not None:
            await session.execute(insert(Preview).values(
                id=uuid.uuid4(), task_id=task_id, agent_id=agent.id, offered_at=moment)
                .on_conflict_do_nothing())
            return await offered(session, agent.id, moment)
    return None


async def any_due(session: AsyncSession, agent: Agent, moment: datetime) -> bool:
    """Whether there is a patient whom this agent could be shown, or is shown."""
    return await session.scalar(
        select(Task.id).where(Task.campaign_id.in_(await _campaigns(session, agent)),
                              Task.state == TaskState.DUE, Task.due_at <= moment,
                              Task.id.not_in(select(Preview.task_id).where(
                                  Preview.agent_id != agent.id,
                                  Preview.offered_at >= moment - SHOWN_FOR)))
        .limit(1)) is not None


async def accept(session: AsyncSession, agent_id: uuid.UUID, task_id: uuid.UUID,
                 moment: datetime, *, actor: str) -> None:
    """The agent wants this call now; again changes nothing. Conflict when it is not theirs."""
    preview = await _mine(session, agent_id, task_id, moment)
    if preview.accepted_at is None:
        preview.accepted_at = moment
        audit.record(session, audit.ACCEPT_PREVIEW, actor=actor, subject=f"task:{task_id}")


async def skip(session: AsyncSession, agent_id: uuid.UUID, task_id: uuid.UUID,
               moment: datetime, *, actor: str) -> None:
    """Not now: the task comes back in an hour. Conflict when it is not theirs, or being called."""
    preview = await _mine(session, agent_id, task_id, moment)
    if preview.accepted_at is not None:
        raise Conflict("this call is being placed already")
    await session.delete(preview)
    await session.execute(update(Task).where(Task.id == task_id, Task.state == TaskState.DUE)
                          .values(due_at=moment + SKIPPED_FOR))
    audit.record(session, audit.SKIP_PREVIEW, actor=actor, subject=f"task:{task_id}")


async def accepted(session: AsyncSession, campaign_id: uuid.UUID) -> Sequence[Preview]:
    """The calls of a campaign that agents wait for, in the order in which they asked."""
    return (await session.scalars(
        select(Preview).join(Task, Task.id == Preview.task_id)
        .where(Task.campaign_id == campaign_id, Preview.accepted_at.is_not(None))
        .order_by(Preview.accepted_at))).all()


async def close(session: AsyncSession, task_id: uuid.UUID) -> None:
    """The call is placed, or may not be: nobody looks at the task any more."""
    await session.execute(delete(Preview).where(Preview.task_id == task_id))


async def give_back(session: AsyncSession, task_id: uuid.UUID) -> None:
    """The call cannot be placed now, as its agent cannot take it: they may ask again."""
    await session.execute(update(Preview).where(Preview.task_id == task_id)
                          .values(accepted_at=None))


def _open(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Task.state == TaskState.DUE, Task.due_at <= moment,
            Campaign.state == CampaignState.RUNNING,
            or_(Preview.accepted_at.is_not(None), Preview.offered_at >= moment - SHOWN_FOR))


async def _mine(session: AsyncSession, agent_id: uuid.UUID, task_id: uuid.UUID,
                moment: datetime) -> Preview:
    offer = await offered(session, agent_id, moment)
    if offer is None or offer.task.id != task_id:
        raise Conflict("this patient is no longer yours to call")
    return offer.preview


async def _campaigns(session: AsyncSession, agent: Agent) -> list[uuid.UUID]:
    """Running preview campaigns that this agent may take calls of, the first served first."""
    found = []
    for campaign in await session.scalars(
            select(Campaign).where(Campaign.mode == CampaignMode.PREVIEW,
                                   Campaign.state == CampaignState.RUNNING)
            .order_by(Campaign.started_at, Campaign.id)):
        rules = CampaignRules.if_valid(campaign.rules)
        if rules is not None and (rules.skill is None or rules.skill in agent.skills):
            found.append((rules.priority, campaign.id))
    return [campaign_id for _, campaign_id in sorted(found, key=lambda one: one[0])]
