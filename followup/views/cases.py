"""Cases for the console: the list by pages, one case with its history, who may own one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, String, cast, func, literal, select, union
from sqlalchemy import case as case_when
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Attempt, Recording, RecordingState
from followup.campaigns.models import Campaign, Task
from followup.cases.calls import calls_of
from followup.cases.due_sql import deadline
from followup.cases.models import (
    Case,
    CaseAttachment,
    CaseConcern,
    CaseEvent,
    CaseEvidence,
    ConcernKind,
)
from followup.cases.register import whole
from followup.cases.setup import Setup
from followup.patients.departments import departments as of_stays
from followup.people.models import User
from followup.people.permissions import HANDLES_CASES
from followup.people.roles import roles_that_may
from followup.views.case_filter import CaseFilter, wanting, where
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within

PAGE = 30
_ID = Case.__table__.c.id
_NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


_NEVER_TOLD = literal(_NEVER, DateTime(timezone=True))
COLUMNS: Columns = {             # what the list may be sorted by
    "registered": Case.__table__.c.created_at,
    "due": case_when((Case.closed_at.is_not(None), _NEVER_TOLD),
                     else_=func.coalesce(deadline, _NEVER_TOLD)),
    "department": Case.__table__.c.department,
    "state": cast(Case.__table__.c.state, String),
}
NEWEST = Order("registered", down=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases, how many there are in all, and the cursor of the page after them."""

    cases: Sequence[Case]
    after: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A call tied to a case, with its recording if there is one."""

    attempt: Attempt
    campaign: Campaign
    recording: Recording | None


async def list_cases(session: AsyncSession, wanted: CaseFilter, setup: Setup, zone: ZoneInfo,
                     moment: datetime, *, order: Order = NEWEST, after: str = "") -> Page:
    """A page of the list; ``after`` is a cursor of an earlier page with the same order."""
    count = await count_cases(session, wanted, setup, zone, moment)
    return Page(*await some_cases(session, wanted, setup, zone, moment, order=order, after=after,
                                  size=PAGE), count)


async def some_cases(session: AsyncSession, wanted: CaseFilter, setup: Setup, zone: ZoneInfo,
                     moment: datetime, *, order: Order, after: str,
                     size: int) -> tuple[list[Case], str | None]:
    """So many of the list, uncounted, and the cursor of what follows."""
    query = select(Case).where(*where(wanted, setup, zone, moment)).options(*whole())
    rows, onward = await page(session, query, COLUMNS, _ID, order, after=after, size=size)
    return [case for case, in rows], onward


async def count_cases(session: AsyncSession, wanted: CaseFilter, setup: Setup, zone: ZoneInfo,
                      moment: datetime) -> int:
    """How many there are in all."""
    return int(await session.scalar(select(func.count()).select_from(Case).where(
        *where(wanted, setup, zone, moment))) or 0)


async def count_wanting(session: AsyncSession, user: uuid.UUID, moment: datetime) -> int:
    """How many want this user to see to them; of open ones alone, which have an index."""
    return int(await session.scalar(within(select(func.count()).select_from(Case).where(
        wanting(user, moment)), Case)) or 0)


async def events_of(session: AsyncSession, case_id: uuid.UUID) -> Sequence[CaseEvent]:
    """All that happened to a case, the latest first."""
    return (await session.scalars(select(CaseEvent).where(CaseEvent.case_id == case_id)
                                  .order_by(CaseEvent.at.desc(), CaseEvent.id))).all()


async def attachments_of(session: AsyncSession, case_id: uuid.UUID) -> Sequence[CaseAttachment]:
    """A case's files, in the order in which they came."""
    return (await session.scalars(select(CaseAttachment).where(
        CaseAttachment.case_id == case_id).order_by(CaseAttachment.created_at,
                                                    CaseAttachment.id))).all()


async def evidence_of(session: AsyncSession, case_id: uuid.UUID) -> list[Evidence]:
    """The calls tied to a case or made from it, with their recordings."""
    tied = select(CaseEvidence.attempt_id).where(CaseEvidence.case_id == case_id)
    # each by its own index; a disjunction would be asked of every call
    return await _calls(session, Attempt.id.in_(union(tied, calls_of(case_id))))


async def recorded_calls(session: AsyncSession, patient_id: uuid.UUID) -> list[Evidence]:
    """The patient's calls of which there is sound: what may be tied to a case."""
    found = await _calls(session, Attempt.patient_id == patient_id)
    return [call for call in found
            if call.recording and call.recording.state is RecordingState.SEALED]


async def _calls(session: AsyncSession, which: ColumnElement[bool]) -> list[Evidence]:
    rows = await session.execute(within(
        select(Attempt, Campaign, Recording)
        .join(Task, Task.id == Attempt.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .outerjoin(Recording, Recording.attempt_id == Attempt.id).where(which)
        .options(selectinload(Recording.marks), selectinload(Campaign.questionnaire))
        .order_by(Attempt.committed_at.desc()).limit(40), Attempt))
    return [Evidence(*row) for row in rows]


async def owners(session: AsyncSession) -> Sequence[User]:
    """Who may own a case."""
    roles = await roles_that_may(session, HANDLES_CASES)
    return (await session.scalars(select(User).where(
        User.disabled.is_(False), User.role.in_(roles)).order_by(User.name, User.id))).all()


async def departments(session: AsyncSession) -> Sequence[str]:
    """Every department that is known: of stays, and those that cases have named."""
    named = select(CaseConcern.name).where(CaseConcern.kind == ConcernKind.DEPARTMENT)
    with_it = select(Case.department).where(Case.department != "")
    in_cases = await session.scalars(union(named, with_it))
    return sorted({*await of_stays(session), *in_cases})
