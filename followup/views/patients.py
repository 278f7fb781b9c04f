"""Patients: the list, and who one of them is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.errors import NotFound
from followup.patients.departments import departments as all_departments
from followup.patients.models import Encounter, Patient, PatientKey
from followup.patients.search_keys import fold, last_digits
from followup.people.scope import current_scope
from followup.views.keyed import Columns, Order, cursor, sorted_by
from followup.views.reach import seen, within
from followup.views.search import has_number, matching

PAGE = 30
SEARCH_LENGTH = 60
_TABLE = Patient.__table__.c
COLUMNS: Columns = {             # what the list may be sorted by, unless it is by what fits
    "discharged": _TABLE.last_discharged_on, "mrn": _TABLE.mrn}
LATEST = Order("discharged", down=True)
_BY_FIT = Order("fit")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list: a patient, the last stay, the last follow-up task."""

    patient: Patient
    stay: Encounter | None
    task: Task | None
    alert: Alert | None          # the most pressing one that is not closed


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the cursor of the page after them."""

    lines: list[Listed]
    after: str | None


async def departments(session: AsyncSession) -> Sequence[str]:
    """Those that the visitor sees."""
    seen_by = current_scope().departments
    return [name for name in await all_departments(session) if seen_by is None or name in seen_by]


async def list_patients(session: AsyncSession, *, search: str = "", department: str = "",
                        order: Order = LATEST, after: str = "", numbers: bool = False,
                        size: int | None = None) -> Page:
    """Patients in that order; ``after`` is a cursor of an earlier page.

    ``search``: the beginning of a name, its pinyin, its initials or a record number, sorted by
    what fits; with ``numbers`` also the last digits of a telephone number, those first.
    """
    size = size or PAGE
    search = search.strip()[:SEARCH_LENGTH]
    lines: list[Listed] = []
    if search and numbers and not after and (digits := last_digits(search)):
        with_it: Any = select(literal("").label("list_key"), Patient.id.label("list_id"))
        lines = [line for line, _ in await _lines(
            session, within(with_it.where(has_number(digits)), Patient), department, size)]
    if search:
        order = _BY_FIT
        found = await _lines(session, _by_key(search, after), department, size) \
            if fold(search) else []
    else:
        by_stay = department and order.name == LATEST.name
        which = _of_department(department, order, after) if by_stay else _in_order(order, after)
        found = await _lines(session, which, department, size, order)
    onward = None
    if len(found) > size:
        last, place = found[size - 1]
        onward = cursor(order, place, last.patient.id)
    known = {line.patient.id for line in lines}
    lines += [line for line, _ in found[:size] if line.patient.id not in known]
    return Page(lines, onward)


def _in_order(order: Order, after: str) -> Select[Any]:
    """Everybody."""
    return within(sorted_by(select(), COLUMNS[order.name], _TABLE.id, order, after), Patient)


def _of_department(department: str, order: Order, after: str) -> Select[Any]:
    """Those whom the department has discharged, by the last of these discharges."""
    stay = Encounter.__table__.c
    later = aliased(Encounter)
    again = select(later.id).where(
        later.patient_id == Encounter.patient_id, later.department == department,
        later.discharged_on > Encounter.discharged_on).limit(1).scalar_subquery()
    return within(sorted_by(
        select().where(Encounter.department == department, again.is_(None)),
        stay.discharged_on, stay.patient_id, order, after), Encounter)


def _by_key(search: str, after: str) -> Select[Any]:
    """Those who fit, by what fits."""
    key = PatientKey.__table__.c
    query = sorted_by(matching(search).with_only_columns(maintain_column_froms=False), key.key,
                      key.patient_id, _BY_FIT, after)
    if current_scope().limited:
        query = query.where(PatientKey.patient_id.in_(within(select(Patient.id), Patient)))
    return query


async def _lines(session: AsyncSession, which: Select[Any], department: str, size: int,
                 order: Order = _BY_FIT) -> list[tuple[Listed, Any]]:
    """A page of ``which`` (list_key, list_id), and one more, in that order; each with its key."""
    if department:
        # asked row by row, as in ``matching``
        stayed = select(Encounter.id).where(
            Encounter.patient_id == which.selected_columns.list_id,
            Encounter.department == department).limit(1).scalar_subquery()
        which = which.where(stayed.is_not(None))
    chosen = which.limit(size + 1).subquery()
    who: ColumnElement[uuid.UUID] = chosen.c.list_id
    stay = within(select(Encounter).where(Encounter.patient_id == who)
                  .order_by(Encounter.discharged_on.desc(), Encounter.id).limit(1), Encounter)
    if department:
        stay = stay.where(Encounter.department == department)
    of_stay = aliased(Encounter, stay.lateral())
    task = aliased(Task, within(select(Task).where(Task.patient_id == who).order_by(
        Task.created_at.desc(), Task.id).limit(1), Task).lateral())
    alert = aliased(Alert, within(select(Alert).where(
        Alert.patient_id == who, Alert.state != AlertState.CLOSED).order_by(
        Alert.deadline, Alert.id).limit(1), Alert).lateral())
    rows = await session.execute(
        select(Patient, of_stay, task, alert, chosen.c.list_key).select_from(chosen)
        .join(Patient, Patient.id == who)
        .outerjoin(of_stay, true()).outerjoin(task, true()).outerjoin(alert, true())
        .order_by(*(each.desc() if order.down else each
                    for each in (chosen.c.list_key, chosen.c.list_id))))
    return [(Listed(*row[:4]), row[4]) for row in rows]


async def find_patient(session: AsyncSession, patient_id: uuid.UUID) -> Patient:
    """A patient with the stays that are seen and all numbers; NotFound when there is none."""
    scope = current_scope()
    stays = selectinload(Patient.encounters.and_(seen(Encounter, scope)) if scope.limited
                         else Patient.encounters)
    patient = await session.scalar(within(
        select(Patient).where(Patient.id == patient_id).options(
            stays, selectinload(Patient.contacts)), Patient))
    if patient is None:
        raise NotFound("there is no such patient")
    return patient
