"""The follow-ups of one campaign: who is to be called, how it stands, how the last call ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from followup.calls.models import Attempt, Disposition
from followup.campaigns.models import Task, TaskState
from followup.patients.models import Encounter, Patient
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within

PAGE = 50
SEARCH_LENGTH = 60
_TABLE = Task.__table__.c
COLUMNS: Columns = {             # what the list may be sorted by
    "due": _TABLE.due_at, "attempts": _TABLE.attempts_made,
    "outcome": func.coalesce(_TABLE.disposition, literal("")),
    "mrn": Patient.__table__.c.mrn}
SOONEST = Order("due")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which follow-ups of a campaign; what is empty does not matter."""

    campaign_id: uuid.UUID
    search: str = ""             # part of a patient's name, or a record number's beginning
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
    last = aliased(Attempt, select(Attempt).where(Attempt.task_id == Task.id)
                   .order_by(Attempt.seq.desc()).limit(1).lateral())
    query: Any = within(select(Task, Patient, Encounter, last)
                   .join(Patient, Patient.id == Task.patient_id)
                   .join(Encounter, Encounter.id == Task.encounter_id)
                   .outerjoin(last, true()).where(Task.campaign_id == wanted.campaign_id),
                   Encounter)
    for column, value in ((Task.state, wanted.state), (Task.disposition, wanted.outcome),
                          (Encounter.department, wanted.department or None)):
        if value is not None:
            query = query.where(column == value)
    if wanted.search:
        query = query.where(or_(Patient.name.icontains(wanted.search, autoescape=True),
                                Patient.mrn.istartswith(wanted.search, autoescape=True)))
    rows, onward = await page(session, query, COLUMNS, _TABLE.id, order, after=after,
                              size=size or PAGE)
    return [Line(*row) for row in rows], onward
