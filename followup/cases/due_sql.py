"""``followup.cases.deadlines`` as conditions on the table of cases, for lists and figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_

from followup.cases.models import Case


def _that_counts(accept: Any, answer: Any, close: Any) -> ColumnElement[Any]:
    """Of the columns of each step the one whose deadline counts while a case is open."""
    waits = and_(Case.answered_at.is_(None), Case.answer_due.is_not(None))
    return case((Case.accepted_at.is_(None), accept), (waits, answer), else_=close)


deadline = _that_counts(Case.accept_due, Case.answer_due, Case.close_due)
has_deadline = Case.close_due.is_not(None)
in_time = and_(has_deadline, Case.closed_at <= Case.close_due,
               func.coalesce(Case.accepted_at, Case.closed_at) <= Case.accept_due,
               or_(Case.answer_due.is_(None),
                   func.coalesce(Case.answered_at, Case.closed_at) <= Case.answer_due))


def late(moment: datetime) -> ColumnElement[bool]:
    """Was a deadline missed, up to ``moment``?"""
    return and_(has_deadline, or_(
        func.coalesce(Case.accepted_at, Case.closed_at, moment) > Case.accept_due,
        func.coalesce(Case.answered_at, Case.closed_at, moment) > Case.answer_due,
        func.coalesce(Case.closed_at, moment) > Case.close_due))


def soon(moment: datetime) -> ColumnElement[bool]:
    """Has most of the time to the deadline gone? True for those past it, too."""
    return _that_counts(Case.accept_soon, Case.answer_soon, Case.close_soon) <= moment
