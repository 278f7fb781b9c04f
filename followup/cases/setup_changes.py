"""Changes what a hospital has set up for its cases; every value is checked, every change audited.

Forms come as texts. A row that is new has an empty ``id``. Nothing that cases may name is deleted:
it is made inactive.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import time, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.calling_hours import Days
from followup.cases.deadlines import Clock
from followup.cases.intake import Fault, NotTaken, Wrong, clean
from followup.cases.office_hours import OfficeHours
from followup.cases.register import By
from followup.cases.routing import ancestors
from followup.cases.setup import load_setup
from followup.cases.setup_models import (
    TUNABLE,
    CaseCategory,
    CaseField,
    CaseFormField,
    CaseHours,
    CaseRule,
    CaseSeverity,
    CaseStateName,
    CaseTemplate,
    FieldType,
    Use,
)
from followup.cases.states import CaseKind, CaseState
from followup.errors import NotFound
from followup.people import audit
from followup.people.models import User

NAME, BODY, CHOICES = 40, 5000, 50
MAX_MINUTES = 366 * 24 * 60
SHORTEST_DAY = timedelta(hours=1)        # of work; else a year of it would take for ever
Row = TypeVar("Row", CaseCategory, CaseSeverity, CaseTemplate, CaseRule, CaseField)
Offered = TypeVar("Offered", CaseCategory, User)
Form = Mapping[str, str]


async def save_category(session: AsyncSession, form: Form, by: By) -> None:
    """id, name_zh, name_en, parent, position, active."""
    row = await _row(session, CaseCategory, form)
    row.name_zh = _text(form, "name_zh", NAME, needed=True)
    row.name_en = _text(form, "name_en", NAME)
    row.position, row.active = _number(form, "position", 0, 999), _ticked(form, "active")
    parent = await _named(session, CaseCategory, form, "parent")
    if parent:
        with session.no_autoflush:
            above = ancestors(parent.id, (await load_setup(session)).parents)
        if row.id in above:
            raise NotTaken([Fault("parent", Wrong.UNKNOWN, "a category that is not below it")])
    row.parent_id = parent.id if parent else None
    await _done(session, "category", row, by)


async def save_severity(session: AsyncSession, form: Form, by: By) -> None:
    """id, name_zh, name_en, position, active, clock, accept_hours, answer_hours (may be empty),
    close_hours, escalate_to.

    Deadlines of cases that are there already stay as they are.
    """
    row = await _row(session, CaseSeverity, form)
    row.name_zh = _text(form, "name_zh", NAME, needed=True)
    row.name_en = _text(form, "name_en", NAME)
    row.position, row.active = _number(form, "position", 0, 999), _ticked(form, "active")
    row.accept_minutes = _minutes(form, "accept_hours")
    row.close_minutes = _minutes(form, "close_hours")
    row.answer_minutes = _minutes(form, "answer_hours") if form.get("answer_hours") else None
    for field, shorter, longer in (
            ("answer_hours", row.accept_minutes, row.answer_minutes),
            ("close_hours", row.answer_minutes or row.accept_minutes, row.close_minutes)):
        if longer is not None and longer < shorter:
            raise NotTaken([Fault(field, Wrong.NO_ORDER, "no less than the times before it")])
    if (clock := form.get("clock") or Clock.CALENDAR.value) not in list(Clock):
        raise NotTaken([Fault("clock", Wrong.UNKNOWN, f"one of {', '.join(Clock)}")])
    row.clock = Clock(clock)
    to = await _named(session, User, form, "escalate_to")
    row.escalate_to_id = to.id if to else None
    await _done(session, "severity", row, by)


async def save_template(session: AsyncSession, form: Form, by: By) -> None:
    """id, name, body, active. {number}, {name} and {hospital} are filled in when it is used."""
    row = await _row(session, CaseTemplate, form)
    row.name = _text(form, "name", NAME, needed=True)
    row.body = _text(form, "body", BODY, needed=True)
    row.active = _ticked(form, "active")
    await _done(session, "template", row, by)


async def save_rule(session: AsyncSession, form: Form, by: By) -> None:
    """id, position, kind, category, department, to_department, to_owner; or remove."""
    row = await _row(session, CaseRule, form)
    if _ticked(form, "remove") and form.get("id"):
        await session.delete(row)
        await _done(session, "rule", row, by)
        return
    kind = form.get("kind", "")
    if kind not in ("", *CaseKind):
        raise NotTaken([Fault("kind", Wrong.UNKNOWN, f"one of {', '.join(CaseKind)}, or none")])
    row.kind = CaseKind(kind) if kind else None
    row.position = _number(form, "position", 0, 999)
    category = await _named(session, CaseCategory, form, "category")
    row.category_id = category.id if category else None
    row.department = _text(form, "department", 60) or None
    row.to_department = _text(form, "to_department", 60)
    owner = await _named(session, User, form, "to_owner")
    row.to_owner_id = owner.id if owner else None
    if not row.to_department and row.to_owner_id is None:
        raise NotTaken([Fault("to_department", Wrong.MISSING, "a department or somebody")])
    await _done(session, "rule", row, by)


async def save_field(session: AsyncSession, form: Form, by: By) -> None:
    """id, name_zh, name_en, position, active, kind (or none: both), type, choices (a line each),
    needed. What a field that is there holds stays of the type it is."""
    row = await _row(session, CaseField, form)
    row.name_zh = _text(form, "name_zh", NAME, needed=True)
    row.name_en = _text(form, "name_en", NAME)
    row.position, row.active = _number(form, "position", 0, 999), _ticked(form, "active")
    row.needed = _ticked(form, "needed")
    kind = form.get("kind", "")
    if kind not in ("", *CaseKind):
        raise NotTaken([Fault("kind", Wrong.UNKNOWN, f"one of {', '.join(CaseKind)}, or none")])
    row.kind = CaseKind(kind) if kind else None
    if not form.get("id"):
        if (told := form.get("type", "")) not in list(FieldType):
            raise NotTaken([Fault("type", Wrong.UNKNOWN, f"one of {', '.join(FieldType)}")])
        row.type = FieldType(told)
    lines = [line.strip() for line in _text(form, "choices", BODY).split("\n")]
    row.choices = list(dict.fromkeys(line for line in lines if line))
    if row.type is FieldType.CHOICE and not row.choices:
        raise NotTaken([Fault("choices", Wrong.MISSING, "one choice a line")])
    if len(row.choices) > CHOICES or any(len(each) > NAME for each in row.choices):
        raise NotTaken([Fault("choices", Wrong.TOO_LONG,
                              f"at most {CHOICES} choices of {NAME} characters")])
    with session.no_autoflush:
        others = [each for each in (await load_setup(session)).fields if each.id != row.id]
    taken = {name.casefold() for each in others if each.active
             for name in (each.name_zh, each.name_en) if name}
    if row.active and row.name_zh.casefold() in taken:
        raise NotTaken([Fault("name_zh", Wrong.TAKEN, "a name that no other field has")])
    await _done(session, "field", row, by)


async def save_form(session: AsyncSession, form: Form, by: By) -> None:
    """complaint_<field> and praise_<field> for each of ``TUNABLE``: a word of ``Use``."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for name in TUNABLE:
        told = [form.get(f"{kind.value}_{name}", "") for kind in CaseKind]
        if any(each not in list(Use) for each in told):
            raise NotTaken([Fault(name, Wrong.UNKNOWN, f"one of {', '.join(Use)}")])
        row = await session.get(CaseFormField, name)
        before[name] = [(row.complaint if row else Use.OPTIONAL).value,
                        (row.praise if row else Use.OPTIONAL).value]
        if before[name] == told:
            del before[name]
            continue
        after[name] = told
        await session.merge(CaseFormField(field=name, complaint=Use(told[0]), praise=Use(told[1])))
    audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                 subject="case-form", before=before, after=after)
    await session.flush()


async def save_hours(session: AsyncSession, form: Form, by: By) -> None:
    """opens, closes, pause_from and pause_until (both or neither), day_1 (Monday) to day_7,
    timezone.

    Deadlines of cases that are there already stay as they are.
    """
    opens, closes = _time(form, "opens"), _time(form, "closes")
    pause = (_time(form, "pause_from"), _time(form, "pause_until")) \
        if form.get("pause_from") or form.get("pause_until") else None
    clock = [("opens", opens), *zip(("pause_from", "pause_until"), pause or (), strict=False),
             ("closes", closes)]
    for (_, earlier), (field, later) in pairwise(clock):
        if later <= earlier:
            raise NotTaken([Fault(field, Wrong.NO_ORDER, "later than the time before it")])
    weekdays = frozenset(day for day in range(1, 8) if _ticked(form, f"day_{day}"))
    if not weekdays:
        raise NotTaken([Fault("day_1", Wrong.MISSING, "one day of the week at least")])
    try:
        zone = ZoneInfo(form.get("timezone", "").strip())
    except (KeyError, ValueError, OSError):
        raise NotTaken([Fault("timezone", Wrong.UNKNOWN, "such as Asia/Shanghai")]) from None
    hours = OfficeHours(opens, closes, pause, Days(weekdays), zone)
    if hours.a_day < SHORTEST_DAY:
        raise NotTaken([Fault("closes", Wrong.TOO_SHORT, "an hour of work a day at least")])
    row = CaseHours.of(hours)
    before = await session.get(CaseHours, 1, with_for_update=True)
    audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                 subject="case-hours", before=before.told() if before else None, after=row.told())
    await session.merge(row)
    await session.flush()


async def save_state_names(session: AsyncSession, form: Form, by: By) -> None:
    """zh_<state> and en_<state> for every state; an empty one is called as we call it."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for state in CaseState:
        row = await session.get(CaseStateName, state)
        if row is None:
            row = CaseStateName(state=state)
            session.add(row)
        before[state.value] = [row.name_zh or "", row.name_en or ""]
        row.name_zh = _text(form, f"zh_{state.value}", 12)
        row.name_en = _text(form, f"en_{state.value}", 24)
        after[state.value] = [row.name_zh, row.name_en]
    audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                 subject="case-states", before=before, after=after)
    await session.flush()


def fill_in(body: str, **values: str) -> str:
    """A template's words with ``{name}`` replaced; other braces stay as they are."""
    for name, value in values.items():
        body = body.replace(f"{{{name}}}", value)
    return body


async def _row(session: AsyncSession, model: type[Row], form: Form) -> Row:
    """The row that the form is about, or a new one; what is not sound is never stored."""
    if not form.get("id"):
        return model(id=uuid.uuid4())
    with session.no_autoflush:
        found = await session.get(model, _uuid(form["id"]), with_for_update=True)
    if found is None:
        raise NotFound("there is no such entry")
    return found


async def _named(session: AsyncSession, model: type[Offered], form: Form,
                 field: str) -> Offered | None:
    """What a select names; None when it is empty."""
    if not form.get(field):
        return None
    with session.no_autoflush:
        found = await session.get(model, _uuid(form[field]))
    if found is None:
        raise NotTaken([Fault(field, Wrong.UNKNOWN, "one of those that are offered")])
    return found


async def _done(session: AsyncSession, what: str, row: CaseCategory | CaseSeverity | CaseTemplate
                | CaseRule | CaseField, by: By) -> None:
    if row not in session.deleted:
        session.add(row)
    audit.record(session, audit.SET_UP_CASES, actor=by.username, address=by.address,
                 subject=f"case-{what}:{row.id}", **audit.difference(row))
    await session.flush()


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("there is no such entry") from None


def _text(form: Form, field: str, limit: int, *, needed: bool = False) -> str:
    value = clean(form.get(field, ""))
    if needed and not value:
        raise NotTaken([Fault(field, Wrong.MISSING, f"1 to {limit} characters")])
    if len(value) > limit:
        raise NotTaken([Fault(field, Wrong.TOO_LONG, f"at most {limit} characters")])
    return value


def _number(form: Form, field: str, least: int, most: int) -> int:
    told = form.get(field, "").strip() or "0"
    if not told.isascii() or not told.isdigit() or not least <= int(told[:9]) <= most:
        raise NotTaken([Fault(field, Wrong.NO_NUMBER, f"{least} to {most}")])
    return int(told)


def _minutes(form: Form, field: str) -> int:
    """Hours, with a fraction or without, as minutes."""
    try:
        minutes = round(float(form.get(field, "")) * 60)
    except (ValueError, OverflowError):
        minutes = 0
    if not 1 <= minutes <= MAX_MINUTES:
        raise NotTaken([Fault(field, Wrong.NO_NUMBER, "hours, such as 0.5 or 24, at most a year")])
    return minutes


def _time(form: Form, field: str) -> time:
    """A time of the day, such as 08:00."""
    told = form.get(field, "").strip()
    try:
        return time.fromisoformat(told).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise NotTaken([Fault(field, Wrong.NO_TIME if told else Wrong.MISSING,
                              "a time such as 08:00")]) from None


def _ticked(form: Form, field: str) -> bool:
    return bool(form.get(field))
