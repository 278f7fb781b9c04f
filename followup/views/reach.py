"""The rows a visitor sees, as a condition of queries: by the departments of ``current_scope``.

A patient is seen by a department that has discharged them; an alert, a call and its recording by
the one whose stay they are about; a case by those it concerns, the one that looks after it and its
owner, and by all when it names no department; a message like its case; a spot check also by who
was checked; a campaign by the departments of its patients.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from followup.alerts.models import Alert
from followup.calls.models import Attempt, Recording
from followup.campaigns.models import Campaign, Task
from followup.cases.models import Case, CaseConcern, ConcernKind
from followup.errors import NotFound
from followup.messages.models import Message
from followup.patients.models import Encounter, Patient
from followup.people.scope import Scope, current_scope
from followup.responses.models import Response
from followup.spotchecks.models import SpotCheck, SpotCheckPlan

Q = TypeVar("Q", bound=Any)
Condition = Callable[[Collection[str], Scope], ColumnElement[bool]]


def within(query: Q, *models: type[Any]) -> Q:
    """``query`` with the condition on each of ``models`` that is in its FROM."""
    scope = current_scope()
    for model in models if scope.limited else ():
        query = query.where(seen(model, scope))
    return query


def seen(model: type[Any], scope: Scope) -> ColumnElement[bool]:
    """The condition on ``model`` alone; for a scope that is limited."""
    return _CONDITIONS[model](scope.departments or frozenset(), scope)


async def sees(session: AsyncSession, model: type[Any], row_id: uuid.UUID) -> bool:
    """Is this row within the scope that counts? No query where that is everything."""
    scope = current_scope()
    return not scope.limited or bool(await session.scalar(
        select(exists(select(model.id).where(model.id == row_id, seen(model, scope))))))


async def require(session: AsyncSession, model: type[Any], row_id: uuid.UUID) -> None:
    """NotFound, as if there were none, when it is not."""
    if not await sees(session, model, row_id):
        raise NotFound("there is no such thing")


def _stay(names: Collection[str], _: Scope) -> ColumnElement[bool]:
    return Encounter.department.in_(names)


def _patient(names: Collection[str], _: Scope) -> ColumnElement[bool]:
    stay = aliased(Encounter)
    return exists(select(stay.id).correlate(Patient).where(
        stay.patient_id == Patient.id, stay.department.in_(names)))


def _by_task(model: type[Any], link: Callable[[Any], ColumnElement[bool]]) -> Condition:
    """By the stay of a task; ``link`` says which task."""
    def condition(names: Collection[str], _: Scope) -> ColumnElement[bool]:
        task, stay = aliased(Task), aliased(Encounter)       # the query may have its own
        return exists(select(task.id).join(stay, stay.id == task.encounter_id).correlate(model)
                      .where(link(task), stay.department.in_(names)))
    return condition


def _case(names: Collection[str], scope: Scope) -> ColumnElement[bool]:
    concern = aliased(CaseConcern)
    concerned = select(concern.id).correlate(Case).where(
        concern.case_id == Case.id, concern.kind == ConcernKind.DEPARTMENT)
    return or_(
        Case.department.in_(names), exists(concerned.where(concern.name.in_(names))),
        and_(Case.department == "", ~exists(concerned)),
        Case.owner_id == scope.user_id, Case.escalated_to_id == scope.user_id)


def _message(names: Collection[str], scope: Scope) -> ColumnElement[bool]:
    its_case = select(Case.id).correlate(Message).where(
        Case.id == Message.case_id, _case(names, scope))
    return or_(Message.case_id.is_(None), exists(its_case))


def _check(names: Collection[str], scope: Scope) -> ColumnElement[bool]:
    return or_(SpotCheck.department.in_(names), SpotCheck.person_id == scope.user_id)


def _plan(names: Collection[str], _: Scope) -> ColumnElement[bool]:
    check = aliased(SpotCheck)
    return exists(select(check.id).correlate(SpotCheckPlan).where(
        check.plan_id == SpotCheckPlan.id, check.department.in_(names)))


def _task_of_response(alert: type[Alert]) -> Callable[[Any], ColumnElement[bool]]:
    response = aliased(Response)
    return lambda task: task.id == select(response.task_id).correlate(alert).where(
        response.id == alert.response_id).scalar_subquery()


def _recording(names: Collection[str], _: Scope) -> ColumnElement[bool]:
    return Recording.department.in_(names)


_CONDITIONS: dict[type[Any], Condition] = {
    Encounter: _stay, Patient: _patient, Case: _case, Message: _message,
    SpotCheck: _check, SpotCheckPlan: _plan,
    Task: _by_task(Task, lambda task: task.id == Task.id),
    Attempt: _by_task(Attempt, lambda task: task.id == Attempt.task_id),
    Response: _by_task(Response, lambda task: task.id == Response.task_id),
    Alert: _by_task(Alert, _task_of_response(Alert)),
    Recording: _recording,
    Campaign: _by_task(Campaign, lambda task: task.campaign_id == Campaign.id),
}
