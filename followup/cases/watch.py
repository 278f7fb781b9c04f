"""Reminds owners before a deadline, escalates what is past one, and keeps the house's alarm.

Any number of consoles may run this: each case is taken by one, and told once for each deadline.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.alarms.models import AlarmKind
from followup.alarms.register import hold_alarms
from followup.cases.deadlines import Standing, standing
from followup.cases.due_sql import deadline, soon
from followup.cases.models import Case, EventKind
from followup.cases.register import By, write_down
from followup.cases.states import CaseState
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger

SYSTEM = By("system", "")
AT_ONCE = 200
NO_DEPARTMENT = "–"          # subject of the alarm about cases that are with none

log = get_logger(__name__)


async def look(session: AsyncSession, moment: datetime | None = None) -> tuple[int, int]:
    """One look at the open cases; how many were reminded of and how many escalated."""
    moment = moment or now()
    reminded = escalated = 0
    open_cases = await session.scalars(
        select(Case).where(
            Case.state != CaseState.CLOSED, Case.escalated_at.is_(None),
            or_(and_(Case.reminded_at.is_(None), soon(moment)), deadline <= moment))
        .options(selectinload(Case.severity)).order_by(deadline).limit(AT_ONCE)
        .with_for_update(of=Case, skip_locked=True))
    for case in open_cases:
        match standing(case.times, moment):
            case Standing.SOON if case.reminded_at is None:
                case.reminded_at = moment
                write_down(session, case, EventKind.REMINDED, SYSTEM, moment=moment)
                reminded += 1
            case Standing.LATE:
                case.escalated_at = moment
                to = case.severity.escalate_to_id if case.severity else None
                case.escalated_to_id = to or case.escalated_to_id
                write_down(session, case, EventKind.ESCALATED, SYSTEM, moment=moment)
                escalated += 1
    await session.flush()
    await _keep_alarms(session, moment)
    return reminded, escalated


async def _keep_alarms(session: AsyncSession, moment: datetime) -> None:
    """One alarm for each department with late cases, until there are none."""
    await hold_alarms(session, AlarmKind.CASES_LATE, {
        row[0] or NO_DEPARTMENT: row[1] for row in await session.execute(
            select(Case.department, func.count()).where(
                Case.state != CaseState.CLOSED, deadline <= moment).group_by(Case.department))})


async def keep_watching(database: Database, every_s: float = 30.0) -> None:
    """Look again and again, until cancelled; a lost database is tried again."""
    while True:
        await asyncio.sleep(every_s)
        try:
            async with database.session() as session:
                reminded, escalated = await look(session)
            if reminded or escalated:
                log.info("cases near or past a deadline", reminded=reminded, escalated=escalated)
        except Exception:
            log.exception("looking at the cases' deadlines failed, will try again")
