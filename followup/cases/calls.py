"""Calling the patient of a case: an ordinary task in preview, which an agent's phone waits for.

So a call from a case keeps to the hours, the caps and the trunk's lines as every other does, is
recorded, and comes to the case by itself.
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt
from followup.campaigns import aside
from followup.campaigns.models import Campaign, CampaignMode, Task, TaskState
from followup.campaigns.planning import add_tasks
from followup.campaigns.preview import Preview
from followup.campaigns.rules import CampaignRules, Retries
from followup.cases.models import EventKind
from followup.cases.register import By, find_case, write_down
from followup.database.base import Base, HasCreated, HasId, now
from followup.errors import Conflict
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus

CAMPAIGN = "意见回电"
# somebody is waiting at the phone: before all others, and whoever does not answer is asked for anew
RULES = CampaignRules(priority=1, retry=Retries(**dict.fromkeys(Retries.model_fields, ())))


class CaseCall(HasId, HasCreated, Base):
    """Somebody has asked for a call to a case's patient; the calls are the task's from then on."""

    __tablename__ = "case_call"
    __table_args__ = (Index(None, "task_id", "created_at"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feedback_case.id"), index=True)
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"))
    asked_by: Mapped[str]


class WhyNot(StrEnum):
    """Why the patient of a case is not called."""

    NO_PATIENT = "no_patient"
    NO_CALLS = "no_calls"            # they want none
    NO_STAY = "no_stay"
    NO_QUESTIONNAIRE = "no_questionnaire"
    PHONE_AWAY = "phone_away"        # nobody is on duty with it
    CALLING = "calling"              # on the phone, or about to be


class NotCalled(Conflict):
    """The patient of the case cannot be called now."""

    id = "case-not-called"

    def __init__(self, why: WhyNot) -> None:
        super().__init__(f"the patient is not called: {why.value}", why=why.value)
        self.why = why


async def call_patient(session: AsyncSession, case_id: uuid.UUID, extension: str,
                       by: By) -> CaseCall:
    """Have the patient called for the agent at ``extension``, as soon as may be. NotCalled."""
    case = await find_case(session, case_id, lock=True)
    patient = case.patient
    if patient is None:
        raise NotCalled(WhyNot.NO_PATIENT)
    if patient.do_not_call:
        raise NotCalled(WhyNot.NO_CALLS)
    agent = await session.scalar(select(Agent).where(Agent.extension == extension))
    if agent is None or agent.state is AgentState.OFFLINE:
        raise NotCalled(WhyNot.PHONE_AWAY)
    task = await _task(session, patient, by)
    moment = now()
    await session.execute(delete(Preview).where(
        Preview.agent_id == agent.id, Preview.accepted_at.is_(None)))
    taken = await session.scalar(
        insert(Preview).values(id=uuid.uuid4(), task_id=task.id, agent_id=agent.id,
                               offered_at=moment, accepted_at=moment)
        .on_conflict_do_nothing().returning(Preview.id))
    if taken is None:                        # the agent, or another one, waits for a call already
        raise NotCalled(WhyNot.CALLING)
    call = CaseCall(id=uuid.uuid4(), case_id=case_id, task_id=task.id, asked_by=by.name,
                    created_at=moment)
    session.add(call)
    write_down(session, case, EventKind.CALLED, by, detail={"extension": extension})
    return call


async def last_call(session: AsyncSession, case_id: uuid.UUID) -> Task | None:
    """The task of the last call that was asked for: how far it is."""
    return await session.scalar(
        select(Task).join(CaseCall, CaseCall.task_id == Task.id)
        .where(CaseCall.case_id == case_id).order_by(CaseCall.created_at.desc()).limit(1))


def calls_of(case_id: uuid.UUID) -> Select[uuid.UUID]:
    """Ids of the attempts that came of a call asked for in this case, and in no other after it."""
    later = aliased(CaseCall)
    between = select(later.id).where(
        later.task_id == CaseCall.task_id, later.created_at > CaseCall.created_at,
        later.created_at <= Attempt.committed_at, later.case_id != case_id).correlate(
        CaseCall, Attempt)
    return select(Attempt.id).join(CaseCall, CaseCall.task_id == Attempt.task_id).where(
        CaseCall.case_id == case_id, CaseCall.created_at <= Attempt.committed_at,
        ~between.exists())


async def on_duty(session: AsyncSession) -> list[Agent]:
    """The phones that could ring for it, by extension."""
    return list(await session.scalars(
        select(Agent).where(Agent.state != AgentState.OFFLINE).order_by(Agent.extension)))


async def _task(session: AsyncSession, patient: Patient, by: By) -> Task:
    """The patient's task for calls of this kind, due now."""
    stay = await session.scalar(
        select(Encounter.id).where(Encounter.patient_id == patient.id)
        .order_by(Encounter.discharged_on.desc().nulls_last(), Encounter.id).limit(1))
    if stay is None:
        raise NotCalled(WhyNot.NO_STAY)
    questionnaire = await _questionnaire(session, patient.id)
    name = f"{CAMPAIGN} · {questionnaire.title} {questionnaire.version}"
    campaign = await aside.campaign_named(session, name, CampaignMode.PREVIEW, questionnaire.id,
                                          RULES)
    await add_tasks(session, campaign.id, [(stay, patient.id)])
    task = (await session.scalars(
        select(Task).where(Task.campaign_id == campaign.id, Task.encounter_id == stay)
        .with_for_update())).one()
    if task.state is TaskState.CALLING:
        raise NotCalled(WhyNot.CALLING)
    await session.execute(update(Task).where(Task.id == task.id).values(
        state=TaskState.DUE, due_at=now(), attempts_made=0, held_why=None))
    await aside.see_to(session, campaign, actor=by.username)
    return task


async def _questionnaire(session: AsyncSession, patient_id: uuid.UUID) -> QuestionnaireRow:
    """What the agent sees beside the call: the one the patient was asked last, else any."""
    asked = select(QuestionnaireRow).join(
        Campaign, Campaign.questionnaire_id == QuestionnaireRow.id).join(
        Task, Task.campaign_id == Campaign.id).where(Task.patient_id == patient_id).order_by(
        Task.created_at.desc()).limit(1)
    published = select(QuestionnaireRow).where(
        QuestionnaireRow.status == QuestionnaireStatus.ACTIVE).order_by(
        QuestionnaireRow.created_at.desc()).limit(1)
    found = await session.scalar(asked) or await session.scalar(published)
    if found is None:
        raise NotCalled(WhyNot.NO_QUESTIONNAIRE)
    return found
