"""An agent's desk: the call in hand, with all that the patient has said so far.

While the patient's phone still rings, for an agent who is reserved already, that is who they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt, Escalation
from followup.campaigns.models import Campaign, Task
from followup.database.base import now
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Response

_IN_HAND = (AgentState.RESERVED, AgentState.ON_CALL)


@dataclass(frozen=True, slots=True)
class CallInHand:
    """A call that rings at an agent's phone, is being spoken, or was spoken last.

    Without ``escalation`` and ``response``: the patient has not answered yet.
    """

    escalation: Escalation | None
    patient: Patient
    stay: Encounter
    response: Response | None
    questionnaire: QuestionnaireRow


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent, and the call in hand; during wrap-up that is the one just ended."""

    agent: Agent
    call: CallInHand | None


async def find_desk(session: AsyncSession, extension: str) -> Desk | None:
    """The desk of an extension; None when there is none."""
    agent = await session.scalar(select(Agent).where(Agent.extension == extension))
    if agent is None:
        return None
    query = (
        select(Escalation, Patient, Encounter, Response, QuestionnaireRow)
        .join(Attempt, Attempt.id == Escalation.attempt_id)
        .join(Task, Task.id == Attempt.task_id).join(Patient, Patient.id == Task.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(Response, Response.task_id == Task.id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Response.questionnaire_id)
        .where(Escalation.agent_id == agent.id).order_by(Escalation.requested_at.desc()).limit(1)
        .options(selectinload(Response.answers.and_(Answer.superseded_at.is_(None))),
                 selectinload(Response.findings)))
    if agent.state in _IN_HAND:
        query = query.where(Escalation.attempt_id == agent.attempt_id)
    elif agent.state is AgentState.WRAP_UP and agent.wrap_up_until and agent.wrap_up_until > now():
        query = query.where(Escalation.bridged_at.is_not(None))
    else:
        return Desk(agent, None)
    row = (await session.execute(query)).one_or_none()
    if row is None and agent.state in _IN_HAND:
        return Desk(agent, await _being_called(session, agent))
    return Desk(agent, CallInHand(*row) if row else None)


async def _being_called(session: AsyncSession, agent: Agent) -> CallInHand | None:
    row = (await session.execute(
        select(Patient, Encounter, QuestionnaireRow)
        .join(Task, Task.patient_id == Patient.id).join(Attempt, Attempt.task_id == Task.id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(Campaign, Campaign.id == Task.campaign_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
        .where(Attempt.id == agent.attempt_id))).one_or_none()
    return CallInHand(None, row[0], row[1], None, row[2]) if row else None
