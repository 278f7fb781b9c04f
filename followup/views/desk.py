"""An agent's desk: the call in hand, with all that the patient has said so far."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt, Escalation
from followup.campaigns.models import Task
from followup.database.base import now
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Response

_IN_HAND = (AgentState.RESERVED, AgentState.ON_CALL)


@dataclass(frozen=True, slots=True)
class CallInHand:
    """A call that rings at an agent's phone, is being spoken, or was spoken last."""

    escalation: Escalation
    patient: Patient
    stay: Encounter
    response: Response
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
    return Desk(agent, CallInHand(*row) if row else None)
