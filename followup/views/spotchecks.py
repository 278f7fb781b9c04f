"""Spot checks for pages: plans and how far they are, lists of checks, one check with its call."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import String, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.agents.models import Agent
from followup.calls.models import Attempt, Recording
from followup.campaigns.models import Campaign, Task, TaskState
from followup.errors import NotFound
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Finding, Response
from followup.spotchecks.models import (
    CallAgainBy,
    SpotCheck,
    SpotCheckPlan,
    SpotCheckRecall,
)
from followup.spotchecks.moments import moments
from followup.spotchecks.rechecks import questionnaire_of
from followup.spotchecks.sampling import Method
from followup.spotchecks.scoring import Verdict
from followup.spotchecks.states import SETTLED, ItemState
from followup.spotchecks.watch import late
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within
from followup.views.search import named

PAGE = 50
SEARCH_LENGTH = 60
_URGENCY = case((SpotCheck.state.in_((ItemState.APPEALED, ItemState.DIFFERS)), "0"),
                (late(func.current_date()), "0"),
                (SpotCheck.state == ItemState.CORRECTED, "1"), else_="2")
_AGE = literal(9_999_999_999.0) - func.date_part("epoch", SpotCheckPlan.__table__.c.created_at)
COLUMNS: Columns = {             # what the list may be sorted by
    # first what somebody must act on, then the newest plan's, as they were drawn
    "urgency": cast(func.concat(_URGENCY, func.to_char(_AGE, "0000000000.0000"),
                                func.to_char(SpotCheck.place, "00000")), String),
    "answered": select(func.coalesce(Attempt.answered_at, Attempt.committed_at)).where(
        Attempt.id == SpotCheck.attempt_id).scalar_subquery(),
    "points": func.coalesce(SpotCheck.__table__.c.points, -1.0),
}
URGENT = Order("urgency")
_PLAN = SpotCheckPlan.__table__.c
PLAN_COLUMNS: Columns = {"created": _PLAN.created_at, "name": _PLAN.name, "until": _PLAN.until}
NEWEST = Order("created", down=True)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan, and how many of its checks have their score, and passed."""

    plan: SpotCheckPlan
    settled: int
    passed: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which checks; what is empty does not matter."""

    search: str = ""             # of the patient
    plan_id: uuid.UUID | None = None
    state: ItemState | None = None
    verdict: Verdict | None = None
    department: str = ""
    agent_id: uuid.UUID | None = None
    late_on: date | None = None  # their correction is late on this day
    person_id: uuid.UUID | None = None           # only those of this person, once they are settled


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list."""

    check: SpotCheck
    attempt: Attempt
    patient: Patient
    agent: Agent | None


@dataclass(slots=True)
class Looked:
    """One check with its call, and the second call if there was one."""

    check: SpotCheck
    attempt: Attempt
    patient: Patient
    stay: Encounter
    campaign: Campaign
    questionnaire: QuestionnaireRow
    agent: Agent | None
    recording: Recording | None = None
    response: Response | None = None
    findings: dict[uuid.UUID, Finding] = field(default_factory=dict)      # by answer
    # replaced, by question and by the place of what has replaced it
    former: dict[tuple[str, int], list[Answer]] = field(default_factory=dict)
    moments: dict[uuid.UUID, int] = field(default_factory=dict)           # by answer
    again: Response | None = None
    again_task: Task | None = None
    again_questionnaire: QuestionnaireRow | None = None


async def plans(session: AsyncSession, *, search: str = "", method: Method | None = None,
                order: Order = NEWEST, after: str = "",
                size: int | None = None) -> tuple[list[PlanLine], str | None]:
    """A page of plans, and the cursor of the page after it. ``search``: part of a name."""
    settled = func.count().filter(SpotCheck.state.in_(SETTLED))
    passed = func.count().filter(SpotCheck.verdict == Verdict.PASSED)
    counts = (select(SpotCheck.plan_id, settled.label("settled"), passed.label("passed"))
              .group_by(SpotCheck.plan_id).subquery())
    query = within(select(SpotCheckPlan, counts.c.settled, counts.c.passed)
                   .outerjoin(counts, counts.c.plan_id == SpotCheckPlan.id), SpotCheckPlan)
    if search:
        query = query.where(SpotCheckPlan.name.icontains(search, autoescape=True))
    if method is not None:
        query = query.where(SpotCheckPlan.method == method)
    rows, onward = await page(session, query, PLAN_COLUMNS, _PLAN.id, order, after=after,
                              size=size or PAGE)
    return [PlanLine(plan, done or 0, well or 0) for plan, done, well in rows], onward


async def find_plan(session: AsyncSession, plan_id: uuid.UUID) -> SpotCheckPlan:
    """A plan; NotFound when there is none."""
    plan = await session.get(SpotCheckPlan, plan_id)
    if plan is None:
        raise NotFound("there is no such plan")
    return plan


async def checks(session: AsyncSession, wanted: Filter, *, order: Order = URGENT,
                 after: str = "", size: int | None = None) -> tuple[list[Line], str | None]:
    """A page of checks, and the cursor of the page after it."""
    # sorted before calls and patients are joined
    chosen, onward = await page(
        session, _filtered(select(SpotCheck.id).join(
            SpotCheckPlan, SpotCheckPlan.id == SpotCheck.plan_id), wanted), COLUMNS,
        SpotCheck.__table__.c.id, order, after=after, size=size or PAGE)
    ids = [check_id for check_id, in chosen]
    known = {row[0].id: Line(*row) for row in await session.execute(
        select(SpotCheck, Attempt, Patient, Agent)
        .join(Attempt, Attempt.id == SpotCheck.attempt_id)
        .join(Patient, Patient.id == Attempt.patient_id)
        .outerjoin(Agent, Agent.id == SpotCheck.agent_id).where(SpotCheck.id.in_(ids)))}
    return [known[check_id] for check_id in ids], onward


async def count(session: AsyncSession, wanted: Filter) -> int:
    """How many checks there are in all."""
    return await session.scalar(_filtered(select(func.count(SpotCheck.id)), wanted)) or 0


def _filtered(query: Any, wanted: Filter) -> Any:
    query = within(query, SpotCheck)
    if wanted.search:
        query = query.where(SpotCheck.attempt_id.in_(
            select(Attempt.id).where(named(Attempt.__table__.c.patient_id, wanted.search))))
    for column, value in ((SpotCheck.plan_id, wanted.plan_id), (SpotCheck.state, wanted.state),
                          (SpotCheck.verdict, wanted.verdict),
                          (SpotCheck.department, wanted.department or None),
                          (SpotCheck.agent_id, wanted.agent_id),
                          (SpotCheck.person_id, wanted.person_id)):
        if value is not None:
            query = query.where(column == value)
    if wanted.late_on is not None:
        query = query.where(late(wanted.late_on))
    if wanted.person_id is not None:
        query = query.where(SpotCheck.state.in_(SETTLED))
    return query


async def choices(session: AsyncSession,
                  plan_id: uuid.UUID | None = None) -> tuple[Sequence[str], Sequence[Agent]]:
    """Departments and agents that checks are of, to filter by."""
    of_plan = SpotCheck.plan_id == plan_id if plan_id else SpotCheck.plan_id.is_not(None)
    departments = (await session.scalars(within(
        select(SpotCheck.department).where(of_plan).distinct()
        .order_by(SpotCheck.department), SpotCheck))).all()
    agents = (await session.scalars(
        select(Agent).where(Agent.id.in_(within(
            select(SpotCheck.agent_id).where(of_plan), SpotCheck)))
        .order_by(Agent.extension))).all()
    return departments, agents


async def find_check(session: AsyncSession, check_id: uuid.UUID) -> Looked:
    """A check with all that belongs to it; NotFound when there is none."""
    row = (await session.execute(
        select(SpotCheck, Attempt, Patient, Encounter, Campaign, QuestionnaireRow, Agent)
        .join(Attempt, Attempt.id == SpotCheck.attempt_id)
        .join(Task, Task.id == Attempt.task_id).join(Patient, Patient.id == Task.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(Campaign, Campaign.id == Task.campaign_id)
        .outerjoin(Response, Response.task_id == Task.id)
        .join(QuestionnaireRow, QuestionnaireRow.id == func.coalesce(
            Response.questionnaire_id, Campaign.questionnaire_id))
        .outerjoin(Agent, Agent.id == SpotCheck.agent_id)
        .where(SpotCheck.id == check_id).execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound("there is no such spot check")
    looked = Looked(*row)
    looked.recording = await session.scalar(
        select(Recording).where(Recording.attempt_id == looked.attempt.id)
        .options(selectinload(Recording.marks)))
    looked.response = await _response(session, looked.attempt.task_id)
    if looked.response:
        looked.findings = {each.answer_id: each for each in looked.response.findings}
        looked.former = await _former(session, looked.response, looked.attempt.id)
        every = [*looked.response.answers, *(each for some in looked.former.values()
                                             for each in some)]
        looked.moments = moments(every, looked.recording)
    if looked.check.recall:
        looked.again_task = await session.get_one(Task, looked.check.recall.task_id)
        looked.again_questionnaire = await questionnaire_of(session, looked.check.recall)
        looked.again = await _response(session, looked.check.recall.task_id)
    return looked


async def waiting_for_hand(session: AsyncSession, limit: int = 20) -> list[Line]:
    """The patients whom somebody is to call again by hand, the longest waiting first."""
    rows = await session.execute(within(
        select(SpotCheck, Attempt, Patient, Agent)
        .join(SpotCheckRecall, SpotCheckRecall.check_id == SpotCheck.id)
        .join(Task, Task.id == SpotCheckRecall.task_id)
        .join(Attempt, Attempt.id == SpotCheck.attempt_id)
        .join(Patient, Patient.id == Attempt.patient_id)
        .outerjoin(Agent, Agent.id == SpotCheck.agent_id)
        .where(SpotCheckRecall.how == CallAgainBy.HAND, SpotCheckRecall.done_at.is_(None),
               Task.state != TaskState.CANCELLED)
        .order_by(SpotCheckRecall.asked_at, SpotCheck.id).limit(limit), SpotCheck))
    return [Line(*row) for row in rows]


async def _response(session: AsyncSession, task_id: uuid.UUID) -> Response | None:
    return await session.scalar(
        select(Response).where(Response.task_id == task_id).options(
            selectinload(Response.answers.and_(Answer.superseded_at.is_(None))),
            selectinload(Response.findings)).execution_options(populate_existing=True))


async def _former(session: AsyncSession, response: Response,
                  attempt_id: uuid.UUID) -> dict[tuple[str, int], list[Answer]]:
    last: dict[str, int] = {}
    for answer in response.answers:
        last[answer.link_id] = max(answer.position, last.get(answer.link_id, 0))
    found: dict[tuple[str, int], list[Answer]] = {}
    for answer in await session.scalars(
            select(Answer).where(Answer.response_id == response.id,
                                 Answer.attempt_id == attempt_id,
                                 Answer.superseded_at.is_not(None)).order_by(Answer.given_at)):
        place = min(answer.position, last.get(answer.link_id, 0))
        found.setdefault((answer.link_id, place), []).append(answer)
    return found
