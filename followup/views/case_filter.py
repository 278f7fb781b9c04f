"""Which cases are meant: the filters of list, export and statistics, as they stand in addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from followup.cases.due_sql import deadline, in_time, late, soon
from followup.cases.models import Case, CaseConcern, Channel, ConcernKind
from followup.cases.setup import Setup
from followup.cases.states import CaseKind, CaseState
from followup.errors import InvalidInput
from followup.patients.models import PatientKey
from followup.patients.search_keys import fold
from followup.people.models import User
from followup.people.scope import current_scope
from followup.views.addresses import (
    SEARCH_LENGTH,
    AddressFilter,
    Yes,
    an_id,
    as_date,
    midnight,
    one_of,
)
from followup.views.reach import seen
from followup.views.search import in_range

NOBODY = "-"                 # in place of a name: the cases that have none
OPEN = "open"                # in place of a state: every one but closed
_NUMBER = re.compile(r"[CP]?0*([0-9]{1,15})", re.IGNORECASE)


class Kept(StrEnum):
    """Were the deadlines kept?"""

    YES = "yes"
    NO = "no"


class Standings(StrEnum):
    """Open cases by their next deadline."""

    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class CaseFilter(AddressFilter):
    """Each field as it stands in the address; empty: any."""

    q: str = ""
    kind: str = ""
    state: str = ""              # one state, or "open"
    category: str = ""           # with those below it
    severity: str = ""
    channel: str = ""
    department: str = ""         # concerned; "-": none is named
    person: str = ""
    owner: str = ""              # a user's id (or escalated to them), or "-"
    patient: str = ""
    begin: str = ""              # days of registration, both included
    end: str = ""
    standing: str = ""
    wanting: str = ""            # a user's id: near or past a deadline, and theirs to see to
    kept: str = ""
    accepted: str = ""
    closed: str = ""
    reopened: str = ""
    rated: str = ""              # "yes", or how: 1 to 5


def read_filter(query: Mapping[str, str]) -> CaseFilter:
    """The filter of an address; InvalidInput names a field that does not fit."""
    given = CaseFilter.as_told(query)
    for name, kind in (("kind", CaseKind), ("channel", Channel), ("standing", Standings),
                       ("kept", Kept), ("accepted", Yes), ("closed", Yes), ("reopened", Yes)):
        one_of(name, given[name], kind)
    if given["state"] != OPEN:
        one_of("state", given["state"], CaseState)
    for name in ("category", "severity", "owner", "patient", "wanting"):
        if given[name] and given[name] != NOBODY:
            an_id(name, given[name])
    for name in ("begin", "end"):
        if given[name]:
            as_date(name, given[name])
    if given["rated"] not in ("", "yes", "1", "2", "3", "4", "5"):
        raise InvalidInput("rated: expected yes or 1 to 5", field="rated", expected="yes or 1-5")
    return CaseFilter(**given)


def where(wanted: CaseFilter, setup: Setup, zone: ZoneInfo,
          moment: datetime) -> list[ColumnElement[bool]]:
    """The filter, within what the visitor sees, as conditions on ``Case``."""
    scope = current_scope()
    found = [seen(Case, scope)] if scope.limited else []
    if wanted.kind:
        found.append(Case.kind == CaseKind(wanted.kind))
    if wanted.state:
        found.append(Case.state != CaseState.CLOSED if wanted.state == OPEN
                     else Case.state == CaseState(wanted.state))
    if wanted.category:
        found.append(Case.category_id.is_(None) if wanted.category == NOBODY else
                     Case.category_id.in_(setup.under(uuid.UUID(wanted.category))))
    if wanted.owner:
        found.append(Case.owner_id.is_(None) if wanted.owner == NOBODY
                     else _looks_to(uuid.UUID(wanted.owner)))
    for column, told in ((Case.severity_id, wanted.severity),
                         (Case.patient_id, wanted.patient)):
        if told:
            found.append(column.is_(None) if told == NOBODY else column == uuid.UUID(told))
    if wanted.channel:
        found.append(Case.channel == Channel(wanted.channel))
    for kind, name in ((ConcernKind.DEPARTMENT, wanted.department),
                       (ConcernKind.PERSON, wanted.person)):
        if name:
            found.append(_concerns(kind, name))
    if wanted.begin:
        found.append(Case.created_at >= midnight(as_date("begin", wanted.begin), zone))
    if wanted.end:
        found.append(Case.created_at < midnight(
            as_date("end", wanted.end) + timedelta(days=1), zone))
    if wanted.q:
        found.append(_search(wanted.q[:SEARCH_LENGTH]))
    return [*found, *_history(wanted, moment)]


def _history(wanted: CaseFilter, moment: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.standing:
        past = deadline <= moment
        found += [Case.state != CaseState.CLOSED,
                  past if wanted.standing == Standings.LATE else and_(soon(moment), ~past)]
    if wanted.wanting and wanted.wanting != NOBODY:
        found.append(wanting(uuid.UUID(wanted.wanting), moment))
    if wanted.kept:
        found.append(in_time if wanted.kept == Kept.YES else late(moment))
    for told, column in ((wanted.accepted, Case.accepted_at), (wanted.closed, Case.closed_at)):
        if told:
            found.append(column.is_not(None))
    if wanted.reopened:
        found.append(Case.reopened > 0)
    if wanted.rated:
        found.append(Case.satisfaction.is_not(None) if wanted.rated == "yes"
                     else Case.satisfaction == int(wanted.rated))
    return found


def _looks_to(user: uuid.UUID) -> ColumnElement[bool]:
    """Theirs, or escalated to them and still so."""
    return or_(Case.owner_id == user,
               and_(Case.escalated_to_id == user, Case.escalated_at.is_not(None)))


def wanting(user: uuid.UUID, moment: datetime) -> ColumnElement[bool]:
    """What its owner is reminded of; a case without one, those of its department are."""
    ours = select(func.jsonb_array_elements_text(User.departments)).where(User.id == user)
    return and_(Case.state != CaseState.CLOSED, soon(moment),
                or_(_looks_to(user), and_(Case.owner_id.is_(None), Case.department.in_(ours))))


def _concerns(kind: ConcernKind, name: str) -> ColumnElement[bool]:
    concern = aliased(CaseConcern)           # figures by what is concerned join the table as well
    rows = select(concern.id).where(concern.case_id == Case.id, concern.kind == kind)
    return ~rows.exists() if name == NOBODY else rows.where(concern.name == name).exists()


def _search(text: str) -> ColumnElement[bool]:
    """Words of the description, of who tells it, a patient's name or record, a case's number."""
    found = [Case.description.icontains(text, autoescape=True),
             Case.reporter.icontains(text, autoescape=True), Case.external_id == text]
    if fold(text):
        found.append(Case.patient_id.in_(select(PatientKey.patient_id).where(in_range(text))))
    if number := _NUMBER.fullmatch(text):
        found.append(Case.seq == int(number[1]))
    return or_(*found)
