"""The list of messages to and from all patients, by pages, and what it may be filtered by."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, false, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.models import Case
from followup.messages.models import Message
from followup.messages.states import MessageState
from followup.patients.models import Patient, PatientKey
from followup.patients.search_keys import fold, last_digits
from followup.views.addresses import (
    SEARCH_LENGTH,
    AddressFilter,
    an_id,
    as_date,
    midnight,
    one_of,
)
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within
from followup.views.search import has_number, in_range

PAGE = 40
COUNTED = 10_000             # more are not counted one by one
_TABLE = Message.__table__.c
COLUMNS: Columns = {"written": _TABLE.created_at}        # what the list may be sorted by
NEWEST = Order("written", down=True)
_CASE = re.compile(r"[CcPp]?([0-9]{1,9})")               # the number of a case


@dataclass(frozen=True, slots=True)
class MessageFilter(AddressFilter):
    """Each field as it stands in the address; empty: any."""

    q: str = ""                  # a patient, a telephone number's end, a case's number
    state: str = ""
    begin: str = ""              # days on which they were written, both included
    end: str = ""
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One message, whom it is to or from as far as known, and what it is about."""

    message: Message
    patient: Patient | None
    case: Case | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, the next page's cursor, how many there are in all (``COUNTED`` + 1: more)."""

    lines: list[Line]
    after: str | None
    count: int


def read_filter(query: Mapping[str, str]) -> MessageFilter:
    """The filter of an address; InvalidInput names a field that does not fit."""
    given = MessageFilter.as_told(query)
    one_of("state", given["state"], MessageState)
    if given["patient"]:
        an_id("patient", given["patient"])
    for name in ("begin", "end"):
        if given[name]:
            as_date(name, given[name])
    return MessageFilter(**given)


async def list_messages(session: AsyncSession, wanted: MessageFilter, zone: ZoneInfo, *,
                        order: Order = NEWEST, after: str = "", numbers: bool = False) -> Page:
    """A page of the list; ``after`` is a cursor of an earlier page with the same order.
    ``numbers``: may they search by telephone number?"""
    some = _meant(wanted, zone, numbers).with_only_columns(Message.id).limit(COUNTED + 1)
    count = await session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return Page(*await some_messages(session, wanted, zone, order=order, after=after, size=PAGE,
                                     numbers=numbers), count)


async def some_messages(session: AsyncSession, wanted: MessageFilter, zone: ZoneInfo, *,
                        order: Order, after: str, size: int,
                        numbers: bool = False) -> tuple[list[Line], str | None]:
    """So many of the list, uncounted, and the cursor of what follows."""
    rows, onward = await page(session, _meant(wanted, zone, numbers), COLUMNS, _TABLE.id, order,
                              after=after, size=size)
    found: list[Message] = [row[0] for row in rows]
    patients = {each.id: each for each in await session.scalars(select(Patient).where(
        Patient.id.in_({each.patient_id for each in found})))}
    cases = {each.id: each for each in await session.scalars(select(Case).where(
        Case.id.in_({each.case_id for each in found})))}
    return [Line(each, patients.get(each.patient_id) if each.patient_id else None,
                 cases.get(each.case_id) if each.case_id else None) for each in found], onward


def _meant(wanted: MessageFilter, zone: ZoneInfo, numbers: bool) -> Select[Any]:
    query = within(select(Message), Message)
    if wanted.state:
        query = query.where(Message.state == MessageState(wanted.state))
    if wanted.begin:
        query = query.where(Message.created_at >= midnight(as_date("begin", wanted.begin), zone))
    if wanted.end:
        query = query.where(Message.created_at < midnight(
            as_date("end", wanted.end) + timedelta(days=1), zone))
    if wanted.patient:
        query = query.where(Message.patient_id == uuid.UUID(wanted.patient))
    if wanted.q:
        query = query.where(_search(wanted.q[:SEARCH_LENGTH], numbers))
    return query


def _search(text: str, numbers: bool) -> ColumnElement[bool]:
    """A patient's name, pinyin or record number; the end of a telephone number; a case's number."""
    found: list[ColumnElement[bool]] = []
    if fold(text):
        found.append(Message.patient_id.in_(
            select(PatientKey.patient_id).where(in_range(text))))
    if numbers and (digits := last_digits(text)):
        found.append(Message.patient_id.in_(select(Patient.id).where(has_number(digits))))
    if case := _CASE.fullmatch(text):
        found.append(Message.case_id.in_(select(Case.id).where(Case.seq == int(case[1]))))
    if len(found) < 2:
        return found[0] if found else false()
    # each by its own index; a disjunction would be asked of every message
    return Message.id.in_(union(*(select(Message.id).where(each) for each in found)))
