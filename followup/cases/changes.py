"""Changes of a case: steps, edits, transfers, words, satisfaction. Each locks the case's row.

Who changes something says which version of the case they saw. Words only add to it and never
collide; a step or a transfer needs the version that is there; an edit goes through unless one of
the fields themselves has been changed since, which ``EditConflict`` then tells one by one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.deadlines import Clock, Deadlines, due
from followup.cases.intake import Fault, NotTaken, Told, Wrong, clean
from followup.cases.models import Case, CaseEvent, EventKind
from followup.cases.office_hours import OfficeHours
from followup.cases.register import By, as_day, concerns_of, find_case, find_patient, write_down
from followup.cases.setup import Setup, load_hours
from followup.cases.states import CaseState, Move, advance, needs_words
from followup.database.base import now
from followup.errors import Conflict
from followup.people.models import User

WORDS = 5000


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that somebody else has changed since, in the terms of ``form_values``."""

    field: str
    before: str
    now: str
    by: str


class Stale(Conflict):
    """Somebody has changed the case meanwhile: look again before doing it."""

    id = "case-changed"


class EditConflict(Stale):
    """Others have changed fields of the case meanwhile; nothing of the edit was stored."""

    def __init__(self, changes: list[Changed]) -> None:
        super().__init__()
        self.changes = changes


def form_values(case: Case) -> dict[str, str]:
    """The fields that can be edited, each as a form holds it."""
    return {
        "channel": case.channel.value, "category": str(case.category_id or ""),
        "severity": str(case.severity_id or ""),
        "patient": case.patient.mrn if case.patient else "",
        "departments": "、".join(case.departments), "people": "、".join(case.people),
        "reporter": case.reporter, "contact": case.contact,
        "happened_on": as_day(case.happened_on), "description": case.description,
        **{f"own_{field}": str(value) for field, value in case.own.items()}}


async def edit(session: AsyncSession, case_id: uuid.UUID, told: Told, version: int, setup: Setup,
               by: By) -> Case:
    """Store what was edited by somebody who saw ``version``. EditConflict, NotTaken."""
    case = await find_case(session, case_id, lock=True)
    if changes := await changed_since(session, case, version):
        raise EditConflict(changes)
    before = form_values(case)
    case.patient = await find_patient(session, told.patient)
    case.patient_id = case.patient.id if case.patient else None
    case.channel, case.description = told.channel, told.description
    case.reporter, case.contact, case.happened_on = told.reporter, told.contact, told.happened_on
    case.category_id, case.own = told.category, {**case.own, **told.own}
    if case.severity_id != told.severity:
        severity = next((each for each in setup.severities if each.id == told.severity), None)
        case.severity_id = told.severity
        case.be_due(due(severity.limits if severity else None, case.begun_at, setup.hours),
                    severity.clock if severity else Clock.CALENDAR)
    wanted = {(row.kind, row.name): row for row in concerns_of(case.id, told)}
    kept = {(row.kind, row.name): row for row in case.concerns if (row.kind, row.name) in wanted}
    for key, row in kept.items():
        row.position = wanted[key].position
    case.concerns = sorted([kept.get(key, row) for key, row in wanted.items()],
                           key=lambda row: row.position)
    after = form_values(case)
    detail: dict[str, object] = {field: [before.get(field, ""), value]
                                 for field, value in after.items()
                                 if before.get(field, "") != value}
    if detail:
        case.version += 1
        write_down(session, case, EventKind.EDITED, by, detail=detail, names=setup.field_names)
    await session.flush()
    return case


async def changed_since(session: AsyncSession, case: Case, version: int) -> list[Changed]:
    """The fields that edits after ``version`` have left different, with who was last."""
    since: dict[str, tuple[str, str]] = {}                # field -> (before, by)
    for event in await session.scalars(select(CaseEvent).where(
            CaseEvent.case_id == case.id, CaseEvent.kind == EventKind.EDITED,
            CaseEvent.version > version).order_by(CaseEvent.version)):
        for field, (before, _) in event.detail.items():
            since[field] = (since.get(field, (before,))[0], event.by)
    current = form_values(case)
    return [Changed(field, before, current[field], by) for field, (before, by) in since.items()
            if current.get(field, before) != before]


def merge(typed: Mapping[str, str], current: Mapping[str, str],
          changes: list[Changed]) -> dict[str, str]:
    """What the form shows after a conflict: what was typed, but for fields left as they were."""
    untouched = {change.field for change in changes
                 if typed.get(change.field, "") == change.before}
    return {field: current.get(field, "") if field in untouched
            else typed.get(field, current.get(field, "")) for field in {**current, **typed}}


async def move(session: AsyncSession, case_id: uuid.UUID, what: Move, version: int, by: By, *,
               words: str = "", owner: User | None = None, department: str = "",
               moment: datetime | None = None) -> Case:
    """Take a step. Stale when the case is another version; MoveRefused, NotTaken."""
    moment, words = moment or now(), clean(words)
    case = await find_case(session, case_id, lock=True)
    if case.version != version:
        raise Stale
    state = advance(case.kind, case.state, what)
    _check_words(words, needed=needs_words(case.kind, case.state, what))
    detail: dict[str, object] = {}
    if what is Move.ASSIGN:
        if owner is None and not department:
            raise NotTaken([Fault("owner", Wrong.MISSING, "somebody, or a department")])
        detail = _hand_over(case, owner, department)
    case.state = state
    _stamp(case, what, moment)
    if what is Move.REOPEN:
        _begin_anew(case, moment, await load_hours(session))
    case.version += 1
    kind = EventKind.REPLY if what is Move.ANSWER else EventKind.MOVED
    write_down(session, case, kind, by, words=words, detail=detail, moved=True, moment=moment)
    await session.flush()
    return case


def _stamp(case: Case, what: Move, moment: datetime) -> None:
    """The times that a step sets."""
    match what:
        case Move.ACCEPT:
            case.accepted_at, case.reminded_at, case.escalated_at = moment, None, None
        case Move.ANSWER:
            if case.answered_at is None and case.answer_due:
                case.reminded_at = case.escalated_at = None      # now it is the time to close
            case.answered_at = case.answered_at or moment
        case Move.CLOSE | Move.DISMISS:
            case.closed_at = moment


def _begin_anew(case: Case, moment: datetime, hours: OfficeHours) -> None:
    """A reopened case: its deadlines count from now, but for steps that were taken before."""
    # a case that was dismissed unaccepted is ours from now on
    case.accepted_at = case.accepted_at or case.closed_at or moment
    case.closed_at, case.begun_at, case.reopened = None, moment, case.reopened + 1
    case.satisfaction = None
    old = case.times.deadlines
    anew = due(case.severity.limits if case.severity else None, moment, hours)
    case.be_due(Deadlines(old.accept, old.answer if case.answered_at else anew.answer, anew.close),
                case.severity.clock if case.severity else Clock.CALENDAR)


def _hand_over(case: Case, owner: User | None, department: str) -> dict[str, object]:
    detail: dict[str, object] = {}
    if department and department != case.department:
        detail["department"] = [case.department, department]
        case.department = department
    if (owner.id if owner else None) != case.owner_id:
        detail["owner"] = [case.owner.name if case.owner else "", owner.name if owner else ""]
        case.owner, case.owner_id = owner, owner.id if owner else None
    return detail


async def transfer(session: AsyncSession, case_id: uuid.UUID, version: int, by: By, *,
                   department: str, owner: User | None, words: str) -> Case:
    """Hand an open case to another department, with or without a person. Stale, NotTaken."""
    words, department = clean(words), clean(department)
    case = await find_case(session, case_id, lock=True)
    if case.version != version:
        raise Stale
    if case.state is CaseState.CLOSED:
        raise Conflict("the case is closed: reopen it first")
    if not 0 < len(department) <= 60:
        raise NotTaken([Fault("department", Wrong.TOO_LONG if department else Wrong.MISSING,
                              "a department's name of at most 60 characters")])
    _check_words(words, needed=True)
    detail = _hand_over(case, owner, department)
    if not detail:
        raise NotTaken([Fault("department", Wrong.SAME, "another one than it is with")])
    case.version += 1
    write_down(session, case, EventKind.TRANSFERRED, by, words=words, detail=detail)
    await session.flush()
    return case


async def say(session: AsyncSession, case_id: uuid.UUID, kind: EventKind, words: str,
              by: By) -> Case:
    """Add a note, which stays inside, or a reply that went to the person."""
    if kind not in (EventKind.NOTE, EventKind.REPLY):
        raise NotTaken([Fault("kind", Wrong.UNKNOWN, "note or reply")])
    words = clean(words)
    case = await find_case(session, case_id)
    _check_words(words, needed=True)
    write_down(session, case, kind, by, words=words)
    return case


async def rate(session: AsyncSession, case_id: uuid.UUID, satisfaction: int, words: str,
               by: By) -> Case:
    """What the person thinks of how a closed case was handled, 1 to 5; the last word counts."""
    words = clean(words)
    case = await find_case(session, case_id, lock=True)
    if case.state is not CaseState.CLOSED:
        raise Conflict("the case is not closed yet")
    if not 1 <= satisfaction <= 5:
        raise NotTaken([Fault("satisfaction", Wrong.UNKNOWN, "1 to 5")])
    _check_words(words)
    case.satisfaction = satisfaction
    write_down(session, case, EventKind.RATED, by, words=words,
               detail={"satisfaction": satisfaction})
    await session.flush()
    return case


def _check_words(words: str, *, needed: bool = False) -> None:
    if needed and not words:
        raise NotTaken([Fault("words", Wrong.MISSING, "some words")])
    if len(words) > WORDS:
        raise NotTaken([Fault("words", Wrong.TOO_LONG, f"at most {WORDS} characters")])
