"""``followup.cases.deadlines`` as conditions on the table of cases, for lists and figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, DateTime, and_, case, func, literal, or_

from followup.cases.deadlines import REMIND_AFTER
from followup.cases.models import Case

# the deadline that counts while a case is open: to accept it, then to close it
deadline = case((Case.accepted_at.is_(None), Case.accept_due), else_=Case.close_due)
has_deadline = Case.close_due.is_not(None)
in_time = and_(has_deadline, Case.closed_at <= Case.close_due,
               func.coalesce(Case.accepted_at, Case.closed_at) <= Case.accept_due)


def late(moment: datetime) -> ColumnElement[bool]:
    """Was a deadline missed, up to ``moment``?"""
    return and_(has_deadline, or_(
        func.coalesce(Case.accepted_at, Case.closed_at, moment) > Case.accept_due,
        func.coalesce(Case.closed_at, moment) > Case.close_due))


def soon(moment: datetime) -> ColumnElement[bool]:
    """Has most of the time to the deadline gone? True for those past it, too."""
    at = literal(moment, DateTime(timezone=True))
    return func.extract("epoch", at - Case.begun_at) >= REMIND_AFTER * func.extract(
        "epoch", deadline - Case.begun_at)
