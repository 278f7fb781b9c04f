"""Calling a patient again: by the dialer as any follow-up, or by an agent, who types the answers.

Both are ordinary tasks: of a campaign that asks the questionnaire, or of one in preview.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts.register import Deadlines
from followup.calls.models import Attempt, Disposition
from followup.campaigns import aside
from followup.campaigns.models import Campaign, CampaignMode, Task, TaskState
from followup.campaigns.planning import add_tasks
from followup.database.base import now
from followup.errors import Conflict, InvalidInput, NotFound
from followup.patients.models import Patient
from followup.people import audit
from followup.questionnaires.library import get_active, parsed
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.questionnaires.values import together
from followup.responses import store
from followup.responses.models import GivenBy
from followup.responses.store import Found, Given
from followup.rules import evaluate, evaluate_scores, joined
from followup.spotchecks.desk import Actor, take
from followup.spotchecks.models import CallAgainBy, SpotCheck, SpotCheckRecall
from followup.spotchecks.typed import read_answers

_MODES = {CallAgainBy.HAND: CampaignMode.PREVIEW, CallAgainBy.IVR: CampaignMode.IVR}
_CALLED = {CallAgainBy.HAND: "人工复核", CallAgainBy.IVR: "自动复核"}


async def call_again(session: AsyncSession, check_id: uuid.UUID, how: CallAgainBy, actor: Actor,
                     questionnaire_id: uuid.UUID | None = None) -> SpotCheckRecall:
    """Make the task of a second call, in a campaign of the plan, with a questionnaire of its own or
    else the first one's; Conflict when there is one, or the patient wants no calls, InvalidInput
    when the questionnaire is not in force."""
    check = await take(session, check_id)
    if check.recall is not None:
        raise Conflict("the patient is called again already")
    task, patient, row = await _first(session, check)
    if patient.do_not_call:
        raise Conflict("the patient does not want to be called", why="no_calls")
    questionnaire = await _asked(session, row, how, questionnaire_id)
    campaign = await _campaign(session, check, how, questionnaire)
    await add_tasks(session, campaign.id, [(task.encounter_id, patient.id)])
    task_id = (await session.scalars(select(Task.id).where(
        Task.campaign_id == campaign.id, Task.encounter_id == task.encounter_id))).one()
    if await session.scalar(select(SpotCheckRecall.id).where(SpotCheckRecall.task_id == task_id)):
        raise Conflict("another check of this plan has this patient called again", why="elsewhere")
    await aside.see_to(session, campaign, actor=actor.user.username)
    recall = check.recall = SpotCheckRecall(
        id=uuid.uuid4(), check_id=check.id, task_id=task_id, how=how, asked_by=actor.user.name)
    audit.record(session, audit.CALL_AGAIN, actor=actor.user.username, address=actor.address,
                 subject=f"spot-check:{check.id}", how=how.value, task=str(task_id),
                 questionnaire=f"{questionnaire.title} {questionnaire.version}")
    return recall


async def _asked(session: AsyncSession, first: QuestionnaireRow, how: CallAgainBy,
                 wanted: uuid.UUID | None) -> QuestionnaireRow:
    if wanted is None or wanted == first.id:      # people may go on with one that is withdrawn
        return await get_active(session, first.url) if how is CallAgainBy.IVR else first
    row = await session.get(QuestionnaireRow, wanted)
    if row is None or row.status is not QuestionnaireStatus.ACTIVE:
        raise InvalidInput("questionnaire: expected one that is in force", field="questionnaire",
                           expected="a questionnaire in force")
    return row


async def answer_again(session: AsyncSession, check_id: uuid.UUID,
                       given: Mapping[str, Sequence[str]], deadlines: Deadlines,
                       actor: Actor) -> None:
    """Keep what the patient said in a call by hand; what is found raises its alert, as ever.

    InvalidInput names a question whose answer does not fit; Conflict once the answers are in.
    """
    check = await take(session, check_id)
    recall = check.recall
    if recall is None or recall.how is not CallAgainBy.HAND:
        raise NotFound("nobody is to be called by hand")
    task = await session.get_one(Task, recall.task_id, with_for_update=True)
    if recall.done_at is not None or task.state is TaskState.CANCELLED:
        raise Conflict("the answers are in already")
    response = await store.open_response(session, task)
    row = await session.get_one(QuestionnaireRow, response.questionnaire_id)
    questionnaire = parsed(row)
    answers = read_answers(questionnaire, given)
    totals = evaluate_scores(questionnaire, {
        typed.item.link_id: together(typed.values) for typed in answers}).values()
    for typed in answers:
        own = evaluate(typed.item, together(typed.values))
        hit = joined([*([own] if own else []), *(
            total for total in totals if total.link_id == typed.item.link_id)])
        found = Found(hit.rule, hit.severity, hit.text) if hit else None
        for position, value in enumerate(typed.values):
            await store.record_answer(session, response.id, None, Given(
                typed.item.link_id, value, typed.heard, GivenBy.AGENT, position=position,
                found=found if position == 0 else None), deadlines)
    await store.complete(session, response.id)
    if task.state is TaskState.DUE:              # called by another telephone
        task.state, task.disposition = TaskState.DONE, Disposition.COMPLETED.value
    recall.done_at = now()
    audit.record(session, audit.ANSWER_AGAIN, actor=actor.user.username, address=actor.address,
                 subject=f"spot-check:{check.id}", response=str(response.id))


async def questionnaire_of(session: AsyncSession, recall: SpotCheckRecall) -> QuestionnaireRow:
    """The questionnaire of a second call."""
    return (await session.scalars(
        select(QuestionnaireRow).join(Campaign, Campaign.questionnaire_id == QuestionnaireRow.id)
        .join(Task, Task.campaign_id == Campaign.id).where(Task.id == recall.task_id))).one()


async def _first(session: AsyncSession,
                 check: SpotCheck) -> tuple[Task, Patient, QuestionnaireRow]:
    row = (await session.execute(
        select(Task, Patient, QuestionnaireRow)
        .join(Attempt, Attempt.task_id == Task.id).join(Patient, Patient.id == Task.patient_id)
        .join(Campaign, Campaign.id == Task.campaign_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
        .where(Attempt.id == check.attempt_id).with_for_update(read=True, of=Patient))).one()
    return row[0], row[1], row[2]


async def _campaign(session: AsyncSession, check: SpotCheck, how: CallAgainBy,
                    questionnaire: QuestionnaireRow) -> Campaign:
    """The plan's campaign for second calls of this kind and questionnaire."""
    name = f"{_CALLED[how]} {check.plan.name} · {questionnaire.title} {questionnaire.version}"
    return await aside.campaign_named(session, name, _MODES[how], questionnaire.id)
