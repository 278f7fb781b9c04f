"""Days on which no call is placed, and days that are worked although they fall on a weekend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Holiday
from followup.errors import InvalidInput
from followup.people import audit

NAME_MOST = 40


async def set_holiday(session: AsyncSession, day: date, name: str, *, actor: str,
                      working: bool = False, address: str = "") -> None:
    """Add a day, or change it. What is due on it already is put off when it would be called."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MOST:
        raise InvalidInput("the day needs a name", field="name",
                           expected=f"1 to {NAME_MOST} characters")
    values: dict[str, Any] = {"name": name, "working": working}
    known = await session.get(Holiday, day, populate_existing=True)
    before = {"name": known.name, "working": known.working} if known else None
    if before == values:
        return
    await session.execute(insert(Holiday).values(day=day, **values).on_conflict_do_update(
        index_elements=["day"], set_=values))
    audit.record(session, audit.SET_HOLIDAY, actor=actor, address=address,
                 subject=f"day:{day}", before=before, after=values)


async def remove_holiday(session: AsyncSession, day: date, *, actor: str,
                         address: str = "") -> bool:
    """Make it a day like any other; False when it was one."""
    gone = (await session.execute(delete(Holiday).where(Holiday.day == day).returning(
        Holiday.name, Holiday.working))).one_or_none()
    if gone is not None:
        audit.record(session, audit.REMOVE_HOLIDAY, actor=actor, address=address,
                     subject=f"day:{day}", before={"name": gone.name, "working": gone.working})
    return gone is not None


async def list_holidays(session: AsyncSession, since: date) -> Sequence[Holiday]:
    """From ``since`` on, in order."""
    return (await session.scalars(
        select(Holiday).where(Holiday.day >= since).order_by(Holiday.day))).all()


async def holidays_from(session: AsyncSession, moment: datetime) -> Mapping[date, bool]:
    """Day to whether it is worked, for the calling hours from ``moment`` on, anywhere on earth."""
    since = (moment - timedelta(days=1)).date()
    rows = await session.execute(select(Holiday.day, Holiday.working).where(Holiday.day >= since))
    return {row.day: row.working for row in rows}
