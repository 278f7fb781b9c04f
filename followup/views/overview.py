"""A campaign as it stands this moment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent
from followup.alerts.models import Alert, AlertState
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
)
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.campaigns.tally import tallies
from followup.patients.models import Encounter, Patient
from followup.responses.models import Answer, Finding, Response, Severity
from followup.views.reach import within

RECENT = 12                  # outcomes shown
LIVE = 60                    # calls shown; a page of more helps nobody
_STATES_SHOWN = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts of one campaign; alerts are those of the whole hospital."""

    tasks: int
    by_state: dict[TaskState, int]
    answered: int            # tasks of which at least one attempt was answered
    completed: int           # responses with every question answered
    escalated: int           # calls on which an agent spoke with the patient
    abnormal: int
    critical: int
    open_alerts: int
    overdue_alerts: int

    @property
    def due(self) -> int:
        return self.by_state.get(TaskState.DUE, 0)

    @property
    def calling(self) -> int:
        return self.by_state.get(TaskState.CALLING, 0)

    @property
    def settled(self) -> int:
        """Tasks that need no further call."""
        return self.tasks - self.due - self.calling


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress."""

    attempt: Attempt
    patient: Patient
    department: str
    asked: str | None                      # linkId of the question asked last
    answers: int                           # given so far, over all attempts of the task
    escalation: EscalationState | None
    agent: str | None                      # name of the one asked for or speaking

    @property
    def waits_for_agent(self) -> bool:
        """Is the patient waiting for somebody to pick up?"""
        return self.escalation in (EscalationState.REQUESTED, EscalationState.RINGING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt that has ended."""

    attempt: Attempt
    patient: Patient
    department: str
    critical: bool | None                  # None: nothing was found


@dataclass(frozen=True, slots=True)
class AtDesk:
    """An agent, and the patient whose call the agent has."""

    agent: Agent
    patient: Patient | None


async def campaigns(session: AsyncSession, limit: int = 12) -> Sequence[Campaign]:
    """Campaigns that have begun: running ones first, then the latest."""
    running = (Campaign.state == CampaignState.RUNNING).desc()
    return (await session.scalars(within(
        select(Campaign).where(Campaign.state.in_(_STATES_SHOWN))
        .order_by(running, func.coalesce(Campaign.started_at, Campaign.created_at).desc(),
                  Campaign.id)
        .limit(limit), Campaign))).all()


async def numbers(session: AsyncSession, campaign_id: uuid.UUID) -> Numbers:
    """The counts of a campaign."""
    tally = (await tallies(session, [campaign_id]))[campaign_id]
    by_state = {TaskState(state): count for state, count in tally.by("task").items()}
    open_alerts, overdue = await alert_counts(session)
    return Numbers(
        tasks=tally.of("task"), by_state=by_state, answered=tally.of("answered"),
        completed=tally.of("completed"), escalated=tally.of("escalated"),
        abnormal=tally.of("finding", Severity.ABNORMAL),
        critical=tally.of("finding", Severity.CRITICAL),
        open_alerts=open_alerts, overdue_alerts=overdue)


async def alert_counts(session: AsyncSession) -> tuple[int, int]:
    """Alerts that are not closed, and how many of them are past their deadline."""
    row = (await session.execute(within(
        select(func.count(), func.count().filter(
            Alert.deadline < func.now(), Alert.state == AlertState.OPEN))
        .where(Alert.state != AlertState.CLOSED), Alert))).one()
    return row[0], row[1]


async def live_calls(session: AsyncSession, campaign_id: uuid.UUID) -> list[LiveCall]:
    """Calls in progress, the longest first."""
    answers = (select(func.count(Answer.link_id.distinct())).where(
        Answer.response_id == Response.id, Answer.superseded_at.is_(None))
        .correlate(Response).scalar_subquery())
    asked = (select(RecordingMark.link_id)
             .join(Recording, Recording.id == RecordingMark.recording_id)
             .where(Recording.attempt_id == Attempt.id, RecordingMark.kind == "question")
             .order_by(RecordingMark.at_ms.desc()).limit(1).correlate(Attempt).scalar_subquery())
    escalation = (select(Escalation.state, Escalation.agent_id).where(
        Escalation.attempt_id == Attempt.id, Escalation.ended_at.is_(None))
        .order_by(Escalation.requested_at.desc()).limit(1).lateral())
    return [LiveCall(*row) for row in await session.execute(within(
        select(Attempt, Patient, Encounter.department, asked, answers, escalation.c.state,
               Agent.name)
        .join(Task, Task.id == Attempt.task_id).join(Patient, Patient.id == Attempt.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .outerjoin(Response, Response.task_id == Task.id)
        .outerjoin(escalation, true()).outerjoin(Agent, Agent.id == escalation.c.agent_id)
        .where(Task.campaign_id == campaign_id, Attempt.state != AttemptState.ENDED)
        .order_by(Attempt.committed_at, Attempt.id).limit(LIVE), Encounter))]


async def recent_outcomes(session: AsyncSession, campaign_id: uuid.UUID) -> list[Outcome]:
    """The latest ended attempts."""
    critical = (select(func.bool_or(Finding.severity == Severity.CRITICAL))
                .join(Response, Response.id == Finding.response_id)
                .where(Response.task_id == Task.id).correlate(Task).scalar_subquery())
    return [Outcome(*row) for row in await session.execute(within(
        select(Attempt, Patient, Encounter.department, critical)
        .join(Task, Task.id == Attempt.task_id).join(Patient, Patient.id == Attempt.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        # written out, so that the planner can prove that the partial index fits
        .where(Attempt.campaign_id == campaign_id, text("attempt.state = 'ended'"),
               Attempt.disposition != Disposition.NOT_PLACED)
        .order_by(Attempt.ended_at.desc(), Attempt.id.desc()).limit(RECENT), Encounter))]


async def agents(session: AsyncSession) -> list[AtDesk]:
    """Every agent, by extension."""
    return [AtDesk(*row) for row in await session.execute(
        select(Agent, Patient).outerjoin(Attempt, Attempt.id == Agent.attempt_id)
        .outerjoin(Patient, Patient.id == Attempt.patient_id).order_by(Agent.extension))]
