"""Cases in figures: for a period, by a grouping, against the period before."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    column,
    func,
    select,
    values,
)
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.due_sql import has_deadline, in_time, late
from followup.cases.models import Case, CaseConcern, ConcernKind
from followup.cases.routing import ancestors
from followup.cases.setup import Setup
from followup.cases.states import CaseKind, CaseState
from followup.views.addresses import as_date
from followup.views.case_filter import CaseFilter, where

MOST_GROUPS = 2000               # as many days are five years


class Group(StrEnum):
    """By what the cases are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    DEPARTMENT = "department"
    PERSON = "person"
    CATEGORY = "category"
    CHANNEL = "channel"
    SEVERITY = "severity"


SPANS = (Group.DAY, Group.WEEK, Group.MONTH)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and times in seconds; times and deadlines are those of complaints."""

    complaints: int
    praise: int
    open: int                    # complaints that are not closed
    accepted: int
    closed: int
    accept_median: float | None
    accept_p90: float | None
    close_median: float | None
    close_p90: float | None
    in_time: int                 # closed, both deadlines kept
    late: int                    # a deadline missed, closed or not
    reopened: int
    rated: int
    satisfaction: float | None   # mean of 1 to 5

    @property
    def on_time_share(self) -> float | None:
        """Of those of which it is known, 0 to 1."""
        return _share(self.in_time, self.in_time + self.late)

    @property
    def reopened_share(self) -> float | None:
        """Of all complaints, 0 to 1."""
        return _share(self.reopened, self.complaints)

    @property
    def praise_ratio(self) -> float | None:
        """Praise for each complaint."""
        return _share(self.praise, self.complaints)


@dataclass(frozen=True, slots=True)
class Line:
    """One group. ``key`` is what the filter of that name holds; "-" when nothing is named."""

    key: str
    figures: Figures


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def before(wanted: CaseFilter) -> CaseFilter:
    """The same for the period of the same length that ended the day before this one began."""
    begin, end = as_date("begin", wanted.begin), as_date("end", wanted.end)
    length = end - begin + timedelta(days=1)
    return wanted.with_(begin=(begin - length).isoformat(), end=(end - length).isoformat())


def _figures(moment: datetime) -> list[ColumnElement[Any]]:
    complaint = Case.kind == CaseKind.COMPLAINT

    def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(and_(*conditions))

    def seconds(end: Any) -> ColumnElement[Any]:
        return func.extract("epoch", end - Case.created_at)

    def quantile(share: float, end: Any) -> ColumnElement[float]:
        return func.percentile_cont(share).within_group(seconds(end)).filter(complaint)

    return [
        count(complaint), count(Case.kind == CaseKind.PRAISE),
        count(complaint, Case.state != CaseState.CLOSED),
        count(complaint, Case.accepted_at.is_not(None)),
        count(complaint, Case.closed_at.is_not(None)),
        quantile(0.5, Case.accepted_at), quantile(0.9, Case.accepted_at),
        quantile(0.5, Case.closed_at), quantile(0.9, Case.closed_at),
        count(complaint, has_deadline, in_time), count(complaint, late(moment)),
        count(complaint, Case.reopened > 0), count(complaint, Case.satisfaction.is_not(None)),
        func.avg(Case.satisfaction).filter(complaint)]


def _made(row: Sequence[Any]) -> Figures:
    told = dict(zip((field.name for field in fields(Figures)), row, strict=True))
    mean = told["satisfaction"]
    return Figures(**{**told, "satisfaction": None if mean is None else float(mean)})


async def total(session: AsyncSession, wanted: CaseFilter, setup: Setup, zone: ZoneInfo,
                moment: datetime) -> Figures:
    """All that the filter means, in one line."""
    row = (await session.execute(select(*_figures(moment)).where(
        *where(wanted, setup, zone, moment)))).one()
    return _made(row)


async def grouped(session: AsyncSession, wanted: CaseFilter, group: Group, setup: Setup,
                  zone: ZoneInfo, moment: datetime, most: int = MOST_GROUPS) -> list[Line]:
    """A line for each group, ``most`` of them: spans of time in their order, others by how many
    there are.

    A case about two departments counts in both, one of a category also in those above it.
    """
    key, query = _by(group, zone, setup)
    query = query.add_columns(*_figures(moment)).where(
        *where(wanted, setup, zone, moment)).group_by(key)
    query = query.order_by(key) if group in SPANS else query.order_by(func.count().desc(), key)
    return [Line("-" if row[0] is None else str(row[0]), _made(row[1:]))
            for row in await session.execute(query.limit(most))]


def _by(group: Group, zone: ZoneInfo, setup: Setup) -> tuple[Any, Select[Any]]:
    """What to group by, and a query of that alone."""
    if group in SPANS:
        local = func.timezone(zone.key, Case.created_at)
        begun = func.to_char(func.date_trunc(group.value, local), "YYYY-MM-DD").label("begun")
        return column("begun"), select(begun).select_from(Case)
    if group in (Group.DEPARTMENT, Group.PERSON):
        concern = and_(CaseConcern.case_id == Case.id,
                       CaseConcern.kind == ConcernKind(group.value))
        return CaseConcern.name, select(CaseConcern.name).select_from(Case).outerjoin(
            CaseConcern, concern)
    if group is Group.CATEGORY:
        pairs = [(above, below) for below in setup.parents
                 for above in ancestors(below, setup.parents)]
        tree = values(column("above", Uuid()), column("below", Uuid()), name="tree").data(
            pairs or [(uuid.UUID(int=0), uuid.UUID(int=0))])
        return tree.c.above, select(tree.c.above).select_from(Case).outerjoin(
            tree, tree.c.below == Case.category_id)
    of_case: Any = Case.channel if group is Group.CHANNEL else Case.severity_id
    return of_case, select(of_case).select_from(Case)


def span_end(group: Group, begin: str) -> str:
    """The last day of the day, week or month that begins at ``begin``."""
    first = as_date("begin", begin)
    if group is Group.WEEK:
        return (first + timedelta(days=6)).isoformat()
    if group is Group.MONTH:
        return ((first.replace(day=1) + timedelta(days=32)).replace(day=1)
                - timedelta(days=1)).isoformat()
    return begin
