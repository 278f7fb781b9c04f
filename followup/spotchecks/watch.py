"""Corrections that are past their day: what is one, and the house's alarm about them.

Any number of consoles may keep it.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import hold_alarms
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger
from followup.spotchecks.models import SpotCheck, SpotCheckCorrection
from followup.spotchecks.states import ItemState

log = get_logger(__name__)


def late(today: Any) -> ColumnElement[bool]:
    """Is its correction past its day, and not reported as done? ``today``: a day, or one in SQL."""
    return and_(SpotCheck.state == ItemState.CORRECTING, select(SpotCheckCorrection.id).where(
        SpotCheckCorrection.check_id == SpotCheck.id,
        SpotCheckCorrection.due_on < today).exists())


async def look(session: AsyncSession, today: date) -> None:
    """One alarm for each department with late corrections, until there are none."""
    await hold_alarms(session, AlarmKind.CORRECTIONS_LATE, {row[0]: row[1] for row in (
        await session.execute(select(SpotCheck.department, func.count()).where(late(today))
                              .group_by(SpotCheck.department)))})


async def keep_watching(database: Database, zone: ZoneInfo, every_s: float = 30.0) -> None:
    """Look again and again, until cancelled; a lost database is tried again."""
    while True:
        await asyncio.sleep(every_s)
        try:
            async with database.session() as session:
                await look(session, now().astimezone(zone).date())
        except Exception:
            log.exception("looking for late corrections failed, will try again")
