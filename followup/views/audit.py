"""The audit trail for its page: which rows, and what each tells."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Campaign
from followup.cases.models import Case
from followup.errors import InvalidInput
from followup.patients.models import Patient
from followup.people.audit import ACTIONS
from followup.people.models import AuditEvent, User
from followup.spotchecks.models import SpotCheckPlan
from followup.views.addresses import AddressFilter, as_date, midnight
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within

PAGE = 50
_TABLE = AuditEvent.__table__.c
COLUMNS: Columns = {"at": _TABLE.at}
NEWEST = Order("at", down=True)


@dataclass(frozen=True, slots=True)
class AuditFilter(AddressFilter):
    """Each field as it stands in the address; empty: any."""

    q: str = ""                  # a user name, or part of the name of a person
    actor: str = ""              # a user name, as the trail has it
    action: str = ""
    subject: str = ""            # patient:<id>, …; "patient:" alone means every patient
    address: str = ""
    begin: str = ""              # days, both included
    end: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that was one thing and is another; None: it was, or is, not there."""

    field: str
    before: Any = None
    after: Any = None


def read_filter(query: Mapping[str, str]) -> AuditFilter:
    """The filter of an address; InvalidInput names a field that does not fit."""
    given = AuditFilter.as_told(query)
    if given["action"] and given["action"] not in ACTIONS:
        raise InvalidInput("action: expected an action of the trail", field="action",
                           expected="an action")
    for name in ("begin", "end"):
        if given[name]:
            as_date(name, given[name])
    return AuditFilter(**given)


def where(wanted: AuditFilter, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """The filter as conditions on ``AuditEvent``."""
    found: list[ColumnElement[bool]] = []
    for column, told in ((AuditEvent.actor, wanted.actor), (AuditEvent.action, wanted.action),
                         (AuditEvent.address, wanted.address)):
        if told:
            found.append(column == told)
    if wanted.q:
        named = select(User.username).where(User.name.icontains(wanted.q, autoescape=True))
        found.append(or_(AuditEvent.actor == wanted.q, AuditEvent.actor.in_(named)))
    if wanted.subject.endswith(":"):
        # a range, not a pattern; ";" is what comes after ":"
        found += [AuditEvent.subject.collate("C") >= wanted.subject,
                  AuditEvent.subject.collate("C") < f"{wanted.subject[:-1]};"]
    elif wanted.subject:
        found.append(AuditEvent.subject == wanted.subject)
    if wanted.begin:
        found.append(AuditEvent.at >= midnight(as_date("begin", wanted.begin), zone))
    if wanted.end:
        found.append(AuditEvent.at < midnight(
            as_date("end", wanted.end) + timedelta(days=1), zone))
    return found


async def history(session: AsyncSession, subject: str, action: str,
                  most: int) -> Sequence[AuditEvent]:
    """What was done to one thing in this way, the latest first, so many at most."""
    return (await session.scalars(select(AuditEvent).where(
        AuditEvent.subject == subject, AuditEvent.action == action)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(most))).all()


async def list_events(session: AsyncSession, wanted: AuditFilter, zone: ZoneInfo, *,
                      order: Order = NEWEST, after: str = "",
                      size: int | None = None) -> tuple[Sequence[AuditEvent], str | None]:
    """A page of rows, and the cursor of the page that follows, if there is one."""
    rows, onward = await page(session, select(AuditEvent).where(*where(wanted, zone)), COLUMNS,
                              _TABLE.id, order, after=after, size=size or PAGE)
    return [row for row, in rows], onward


async def sealed_to(session: AsyncSession) -> AuditEvent | None:
    """The end of the chain."""
    return await session.scalar(select(AuditEvent).where(AuditEvent.place.is_not(None))
                                .order_by(AuditEvent.place.desc()).limit(1))


async def names_of(session: AsyncSession, subjects: Iterable[str], *,
                   patients: bool) -> dict[str, str]:
    """What people call these subjects, as far as they have names and this visitor sees them."""
    by_kind: dict[str, set[str]] = {}
    for subject in subjects:
        kind, _, told = subject.partition(":")
        by_kind.setdefault(kind, set()).add(told)
    found: dict[str, str] = {}
    kinds: list[tuple[str, type[Any]]] = [("campaign", Campaign), ("spot-checks", SpotCheckPlan)]
    if patients:
        kinds += [("patient", Patient), ("case", Case)]
    for kind, model in kinds:
        if ids := list(_ids(by_kind.get(kind, ()))):
            for row in await session.scalars(within(select(model).where(model.id.in_(ids)),
                                                    model)):
                found[f"{kind}:{row.id}"] = row.number if kind == "case" else row.name
    if people := by_kind.get("user"):
        for username, name in await session.execute(
                select(User.username, User.name).where(User.username.in_(people))):
            found[f"user:{username}"] = name
    return found


async def names_of_people(session: AsyncSession, actors: Iterable[str]) -> dict[str, str]:
    """The names of users by user name."""
    rows = await session.execute(
        select(User.username, User.name).where(User.username.in_(set(actors))))
    return {row.username: row.name for row in rows}


def _ids(told: Iterable[str]) -> Iterator[uuid.UUID]:
    for each in told:
        try:
            yield uuid.UUID(each)
        except ValueError:
            continue


def changes(detail: Mapping[str, Any]) -> list[Change]:
    """What differs between ``before`` and ``after``, field by field; pure. A list of one change
    without a field: the whole was one value."""
    if "before" not in detail and "after" not in detail:
        return []
    before, after = _flat(detail.get("before")), _flat(detail.get("after"))
    return [Change(name, before.get(name), after.get(name))
            for name in {**before, **after} if before.get(name) != after.get(name)]


def rest(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a row tells besides its change; of what was filtered, each field by itself."""
    told = {**detail, **detail["filter"]} if isinstance(detail.get("filter"), Mapping) else detail
    return {name: value for name, value in told.items()
            if name not in ("before", "after", "filter") and value not in ("", None, [], {})}


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {name: inner for key, each in value.items()
                for name, inner in _flat(each, f"{path}.{key}" if path else str(key)).items()}
    return {} if value is None and not path else {path: value}
