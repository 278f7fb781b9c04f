"""The follow-ups of one campaign: who is to be called, how it stands, how the last call ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Attempt, Disposition
from followup.campaigns.models import Task, TaskState
from followup.patients.models import Encounter, Patient
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within
from followup.views.search import named

PAGE = 50
SEARCH_LENGTH = 60
_TABLE = Task.__table__.c
COLUMNS: Columns = {             # what the list may be sorted by
    "due": _TABLE.due_at, "attempts": _TABLE.attempts_made,
    "outcome": func.coalesce(_TABLE.disposition, literal(""))}
SOONEST = Order("due")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which follow-ups of a campaign; what is empty does not matter."""

    campaign_id: uuid.UUID
    search: str = ""             # of the patient
    state: TaskState | None = None
    outcome: Disposition | None = None           # of the last call
    department: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: a follow-up, and its last call if there was one."""

    task: Task
    patient: Patient
    stay: Encounter
    last: Attempt | None


async def list_tasks(session: AsyncSession, wanted: Filter, *, order: Order = SOONEST,
                     after: str = "", size: int | None = None) -> tuple[list[Line], str | None]:
    """A page, and the cursor of the page after it."""
    # sorted before anything else of them is read: a campaign may have very many
    query: Any = within(select(Task.id).where(Task.campaign_id == wanted.campaign_id), Task)
    for column, value in ((Task.state, wanted.state), (Task.disposition, wanted.outcome)):
        if value is not None:
            query = query.where(column == value)
    if wanted.department:
        query = query.where(Task.encounter_id.in_(
            select(Encounter.id).where(Encounter.department == wanted.department)))
    if wanted.search:
        query = query.where(named(_TABLE.patient_id, wanted.search))
    chosen, onward = await page(session, query, COLUMNS, _TABLE.id, order, after=after,
                                size=size or PAGE)
    ids = [task_id for task_id, in chosen]
    known = {task.id: task for task in await session.scalars(
        select(Task).where(Task.id.in_(ids)).options(
            selectinload(Task.patient), selectinload(Task.encounter)))}
    last = {call.task_id: call for call in await session.scalars(
        select(Attempt).where(Attempt.task_id.in_(ids))
        .order_by(Attempt.task_id, Attempt.seq))}
    return [Line(task, task.patient, task.encounter, last.get(task.id))
            for task in map(known.__getitem__, ids)], onward
