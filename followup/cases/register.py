"""Registers cases, and finds them: the one place where a case comes into being."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from followup.calls.models import Attempt
from followup.cases.deadlines import Clock, due
from followup.cases.files import Checked
from followup.cases.intake import Fault, NotTaken, Told, Wrong
from followup.cases.likeness import most_alike
from followup.cases.models import (
    Case,
    CaseAttachment,
    CaseConcern,
    CaseEvent,
    CaseEvidence,
    ConcernKind,
    EventKind,
)
from followup.cases.routing import route
from followup.cases.setup import Setup
from followup.database.base import now
from followup.errors import NotFound
from followup.patients.models import Patient
from followup.people import audit
from followup.views.reach import within

LIKE_WITHIN = timedelta(days=30)
_COMPARED = 2000             # descriptions held against a new one, the latest first
_HEAD = 600                  # characters of each that are compared


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and from where; ``source`` is of new cases."""

    username: str
    name: str
    address: str = ""
    source: str = "console"


@dataclass(frozen=True, slots=True)
class Like:
    """A case that may be about the same; ``score`` None: only the patient is the same."""

    case: Case
    same_patient: bool
    score: float | None


def whole() -> Sequence[ORMOption]:
    """Loader options with which a case can be shown."""
    return (selectinload(Case.patient), selectinload(Case.category), selectinload(Case.severity),
            selectinload(Case.owner), selectinload(Case.escalated_to), selectinload(Case.concerns))


async def find_case(session: AsyncSession, case_id: uuid.UUID, *, lock: bool = False) -> Case:
    """A case with all that belongs to its row; NotFound. ``lock``: until the transaction ends."""
    query = select(Case).where(Case.id == case_id).options(*whole())
    if lock:
        query = query.with_for_update(of=Case).execution_options(populate_existing=True)
    case = await session.scalar(query)
    if case is None:
        raise NotFound("there is no such case")
    return case


async def register(session: AsyncSession, told: Told, setup: Setup, by: By, *,
                   moment: datetime | None = None,
                   as_id: uuid.UUID | None = None) -> tuple[Case, bool]:
    """The case, and whether it is new: a source's external id is taken once. NotTaken: a field.

    ``as_id``: what it is to be; a form that is sent twice is one case, with other words another.
    """
    if as_id and (known := await session.get(Case, as_id)):
        as_id = as_id if known.description == told.description else None
    case_id, new = await store(session, told, setup, by, moment or now(), as_id)
    await session.flush()
    return await find_case(session, case_id), new


async def store(session: AsyncSession, told: Told, setup: Setup, by: By,
                moment: datetime, as_id: uuid.UUID | None = None) -> tuple[uuid.UUID, bool]:
    """``register`` without reading the case back, for many."""
    patient = await find_patient(session, told.patient)
    if told.external_id and (known := await session.scalar(
            _of_source(by.source, told.external_id))):
        return known, False
    case_id = as_id or uuid.uuid4()
    severity = next((each for each in setup.severities if each.id == told.severity), None)
    goes_to = route(setup.routing, told.kind, told.category, told.departments, setup.parents)
    deadlines = due(severity.limits if severity else None, moment, setup.hours)
    added = await session.scalar(insert(Case).values(
        id=case_id, kind=told.kind, channel=told.channel, source=by.source, state="registered",
        external_id=told.external_id, patient_id=patient.id if patient else None,
        reporter=told.reporter, contact=told.contact, category_id=told.category,
        severity_id=told.severity, description=told.description, happened_on=told.happened_on,
        registered_by=by.name, department=goes_to.department, owner_id=goes_to.owner,
        created_at=moment, begun_at=moment, reopened=0, version=1, **deadlines.columns(),
        own=told.own, clock=severity.clock if severity else Clock.CALENDAR)
        .on_conflict_do_nothing().returning(Case.id))
    if added is None:                              # another request was a moment faster
        known = await session.scalar(_of_source(by.source, told.external_id)) \
            if told.external_id else None
        return known or case_id, False
    session.add_all(concerns_of(case_id, told))
    session.add(CaseEvent(case_id=case_id, at=moment, kind=EventKind.REGISTERED, by=by.name,
                          version=1))
    audit.record(session, audit.REGISTER_CASE, actor=by.username, subject=f"case:{case_id}",
                 address=by.address, source=by.source)
    return case_id, True


def _of_source(source: str, external_id: str | None) -> Select[uuid.UUID]:
    return select(Case.id).where(Case.source == source, Case.external_id == external_id)


async def find_patient(session: AsyncSession, told: str) -> Patient | None:
    """The patient of an id or a medical record number; None when none is told."""
    if not told:
        return None
    try:
        same = Patient.id == uuid.UUID(told)
    except ValueError:
        same = Patient.mrn == told
    patient = await session.scalar(select(Patient).where(same))
    if patient is None:
        raise NotTaken([Fault("patient", Wrong.UNKNOWN, "a medical record number that is known")])
    return patient


def concerns_of(case_id: uuid.UUID, told: Told) -> list[CaseConcern]:
    """The rows of whom a case is about."""
    return [CaseConcern(id=uuid.uuid4(), case_id=case_id, kind=kind, name=name, position=place)
            for kind, names in ((ConcernKind.DEPARTMENT, told.departments),
                                (ConcernKind.PERSON, told.people))
            for place, name in enumerate(names)]


async def alike(session: AsyncSession, *, patient_id: uuid.UUID | None, description: str,
                leave_out: uuid.UUID | None = None, moment: datetime | None = None) -> list[Like]:
    """Cases of the last 30 days that may be about the same: of the patient, or in like words."""
    moment = moment or now()
    recent: list[ColumnElement[bool]] = [Case.created_at > moment - LIKE_WITHIN,
                                         Case.created_at <= moment]
    if leave_out:
        recent.append(Case.id != leave_out)
    rows = (await session.execute(within(
        select(Case.id, func.left(Case.description, _HEAD)).where(*recent)
        .order_by(Case.created_at.desc()).limit(_COMPARED), Case))).all()
    scores = dict(await asyncio.to_thread(
        most_alike, description[:_HEAD], [(row[0], row[1]) for row in rows]))
    same: list[ColumnElement[bool]] = [Case.id.in_(scores)]
    if patient_id:
        same.append(Case.patient_id == patient_id)
    found = await session.scalars(within(
        select(Case).where(*recent, or_(*same)).options(*whole()), Case))
    likes = [Like(case, patient_id is not None and case.patient_id == patient_id,
                  scores.get(case.id)) for case in found]
    return sorted(likes, key=lambda like: (-(like.score or 0), -like.case.seq))[:8]


async def attach(session: AsyncSession, case: Case, files: Iterable[Checked], by: By) -> None:
    """Note files that are in the vault already; the same file is noted once."""
    for file in files:
        added = await session.scalar(insert(CaseAttachment).values(
            id=uuid.uuid4(), case_id=case.id, name=file.name, media_type=file.media_type,
            size=len(file.content), sha256=file.sha256, added_by=by.name, created_at=now())
            .on_conflict_do_nothing(index_elements=["case_id", "sha256"])
            .returning(CaseAttachment.id))
        if added:
            write_down(session, case, EventKind.ATTACHED, by, detail={"name": file.name})


async def add_evidence(session: AsyncSession, case: Case, attempt_id: uuid.UUID, by: By) -> None:
    """Tie a call to a case; NotTaken when there is no such call. Twice is once."""
    attempt = await session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotTaken([Fault("attempt", Wrong.UNKNOWN, "a call that took place")])
    added = await session.scalar(insert(CaseEvidence).values(
        id=uuid.uuid4(), case_id=case.id, attempt_id=attempt_id, added_by=by.name,
        created_at=now()).on_conflict_do_nothing(index_elements=["case_id", "attempt_id"])
        .returning(CaseEvidence.id))
    if added:
        write_down(session, case, EventKind.EVIDENCE, by,
                   detail={"at": attempt.committed_at.isoformat()})


def write_down(session: AsyncSession, case: Case, kind: EventKind, by: By, *, words: str = "",
               detail: dict[str, object] | None = None, moved: bool = False,
               moment: datetime | None = None, names: Mapping[str, str] | None = None) -> None:
    """An event of the case and a row of the audit trail. ``moved``: the state is a new one;
    ``names``: what fields are called in the trail."""
    session.add(CaseEvent(case_id=case.id, at=moment or now(), kind=kind, by=by.name, words=words,
                          state=case.state if moved else None, detail=detail or {},
                          version=case.version))
    audit.record(session, audit.CHANGE_CASE, actor=by.username, subject=f"case:{case.id}",
                 address=by.address, what=kind.value,
                 **({"state": case.state.value} if moved else {}),
                 **_changed({(names or {}).get(name, name): told
                             for name, told in (detail or {}).items()}))


def _changed(detail: dict[str, object]) -> dict[str, object]:
    """The fields of an event that were one thing and are another, as the audit trail tells it."""
    fields = {name: told for name, told in detail.items()
              if isinstance(told, list) and len(told) == 2}
    return {"before": {name: told[0] for name, told in fields.items()},
            "after": {name: told[1] for name, told in fields.items()}} if fields else {}


def as_day(value: date | None) -> str:
    """A day as forms hold it."""
    return value.isoformat() if value else ""
