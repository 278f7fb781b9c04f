"""Patients: the list, and who one of them is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, String, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from followup.alerts.models import Alert, AlertState
from followup.campaigns.models import Task
from followup.errors import NotFound
from followup.patients.departments import departments as all_departments
from followup.patients.models import Encounter, Patient, PatientKey
from followup.patients.search_keys import fold, last_digits
from followup.people.scope import current_scope
from followup.views.cursors import cursor, no_cursor, parse_cursor
from followup.views.reach import seen, within
from followup.views.search import has_number, matching

PAGE = 30
SEARCH_LENGTH = 60


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
                        after: str = "", numbers: bool = False) -> Page:
    """Patients, the latest discharged first; ``after`` is a cursor of an earlier page.

    ``search``: the beginning of a name, its pinyin, its initials or a record number, sorted by
    what fits; with ``numbers`` also the last digits of a telephone number, those first.
    """
    search = search.strip()[:SEARCH_LENGTH]
    lines: list[Listed] = []
    if search and numbers and not after and (digits := last_digits(search)):
        with_it = within(select(Patient.id, literal("").label("place")).where(has_number(digits)),
                         Patient)
        lines = [line for line, _ in await _lines(session, with_it, department)]
    if search:
        found = await _lines(session, _by_key(search, after), department) if fold(search) else []
    else:
        which = _of_department(department, after) if department else _latest(after)
        found = await _lines(session, which, department, latest_first=True)
    onward = None
    if len(found) > PAGE:
        onward = cursor(str(found[PAGE - 1][1]), found[PAGE - 1][0].patient.id)
    known = {line.patient.id for line in lines}
    lines += [line for line, _ in found[:PAGE] if line.patient.id not in known]
    return Page(lines, onward)


def _latest(after: str) -> Select[uuid.UUID, date]:
    """Everybody, by the last discharge."""
    query = within(select(Patient.id, Patient.last_discharged_on.label("place")).order_by(
        Patient.last_discharged_on.desc(), Patient.id.desc()), Patient)
    if after:
        query = query.where(tuple_(Patient.last_discharged_on, Patient.id) < _mark(after))
    return query


def _of_department(department: str, after: str) -> Select[uuid.UUID, date]:
    """Those whom the department has discharged, by the last of these discharges."""
    later = aliased(Encounter)
    again = select(later.id).where(
        later.patient_id == Encounter.patient_id, later.department == department,
        later.discharged_on > Encounter.discharged_on).limit(1).scalar_subquery()
    query = (select(Encounter.patient_id.label("id"), Encounter.discharged_on.label("place"))
             .where(Encounter.department == department, again.is_(None))
             .order_by(Encounter.discharged_on.desc(), Encounter.patient_id.desc()))
    query = within(query, Encounter)
    if after:
        query = query.where(tuple_(Encounter.discharged_on, Encounter.patient_id) < _mark(after))
    return query


def _by_key(search: str, after: str) -> Select[uuid.UUID, str]:
    """Those who fit, by what fits."""
    query = matching(search).with_only_columns(PatientKey.patient_id.label("id"),
                                               PatientKey.key.label("place"))
    if current_scope().limited:
        query = query.where(PatientKey.patient_id.in_(within(select(Patient.id), Patient)))
    if after:
        key, last = parse_cursor(after)
        query = query.where(tuple_(PatientKey.key, PatientKey.patient_id) > tuple_(
            literal(key, String(collation="C")), literal(last)))
    return query


def _mark(after: str) -> Any:
    day, last = parse_cursor(after)
    try:
        return tuple_(literal(date.fromisoformat(day), Date), literal(last))
    except ValueError:
        raise no_cursor() from None


async def _lines(session: AsyncSession, which: Select[uuid.UUID, Any], department: str, *,
                 latest_first: bool = False) -> list[tuple[Listed, Any]]:
    """A page of ``which`` (id, place), and one more, sorted by both; each with its place."""
    if department:
        # asked row by row, as in ``matching``
        stayed = select(Encounter.id).where(
            Encounter.patient_id == which.selected_columns[0],
            Encounter.department == department).limit(1).scalar_subquery()
        which = which.where(stayed.is_not(None))
    chosen = which.limit(PAGE + 1).subquery()
    stay = within(select(Encounter).where(Encounter.patient_id == chosen.c.id)
                  .order_by(Encounter.discharged_on.desc(), Encounter.id).limit(1), Encounter)
    if department:
        stay = stay.where(Encounter.department == department)
    of_stay = aliased(Encounter, stay.lateral())
    task = aliased(Task, within(select(Task).where(Task.patient_id == chosen.c.id).order_by(
        Task.created_at.desc(), Task.id).limit(1), Task).lateral())
    alert = aliased(Alert, within(select(Alert).where(
        Alert.patient_id == chosen.c.id, Alert.state != AlertState.CLOSED).order_by(
        Alert.deadline, Alert.id).limit(1), Alert).lateral())
    rows = await session.execute(
        select(Patient, of_stay, task, alert, chosen.c.place).select_from(chosen)
        .join(Patient, Patient.id == chosen.c.id)
        .outerjoin(of_stay, true()).outerjoin(task, true()).outerjoin(alert, true()))
    found = [(Listed(*row[:4]), row[4]) for row in rows]
    return sorted(found, key=lambda each: (each[1], each[0].patient.id), reverse=latest_first)


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
