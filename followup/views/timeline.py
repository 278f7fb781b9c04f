"""A patient's timeline: everything that happened, the newest first, a page at a time.

Rooms add their kind of event with ``source``: a query of the newest before a moment. A page takes
from each kind no more than it shows, whatever the patient's years have brought.

    @source("message")
    async def messages(session, patient_id, window):
        ...
        return [Event(row.sent_at, row.id, "message", row) for row in rows]

The kind's look is ``webconsole/templates/timeline/<kind>.html``, its name the word
``timeline_kind.<kind>``.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from followup.views.cursors import cursor, no_cursor, parse_cursor

PAGE = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; ``what`` is for the kind's template."""

    at: datetime
    id: uuid.UUID
    kind: str
    what: Any


@dataclass(frozen=True, slots=True)
class Window:
    """Which events a source is asked for: the newest ``most``, from ``since`` on, before
    ``until``, and after the event ``last`` in the order of the timeline."""

    since: datetime | None = None
    until: datetime | None = None
    last: tuple[datetime, uuid.UUID] | None = None
    most: int = PAGE

    def of(self, query: Select[Any], at: Any, key: Any) -> Select[Any]:
        """``query`` narrowed to the window; ``at`` and ``key`` are its columns of time and id."""
        holds: list[ColumnElement[bool]] = []
        if self.since is not None:
            holds.append(at >= self.since)
        if self.until is not None:
            holds.append(at < self.until)
        if self.last is not None:
            holds.append(tuple_(at, key) < tuple_(literal(self.last[0]), literal(self.last[1])))
        return query.where(*holds).order_by(at.desc(), key.desc()).limit(self.most)


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, and the cursor of the page after them."""

    events: Sequence[Event]
    after: str | None


Source = Callable[[AsyncSession, uuid.UUID, Window], Awaitable[Sequence[Event]]]
_SOURCES: dict[str, Source] = {}


def source(kind: str) -> Callable[[Source], Source]:
    """What is decorated tells this kind of event."""
    def mark(asked: Source) -> Source:
        _SOURCES[kind] = asked
        return asked
    return mark


def sources() -> Mapping[str, Source]:
    """Every kind that is told, in the order in which rooms have added them."""
    return _SOURCES


async def page(session: AsyncSession, patient_id: uuid.UUID, kinds: Collection[str] = (), *,
               since: datetime | None = None, until: datetime | None = None,
               after: str = "", known: Mapping[str, Source] | None = None) -> Page:
    """The newest events of ``kinds`` (none: all); ``after`` is a cursor of an earlier page."""
    window = Window(since, until, _parse(after) if after else None, PAGE + 1)
    found: list[Event] = []
    for kind, asked in (sources() if known is None else known).items():
        if not kinds or kind in kinds:
            found += await asked(session, patient_id, window)
    found.sort(key=lambda event: (event.at, event.id), reverse=True)
    shown = found[:PAGE]
    onward = cursor(shown[-1].at.isoformat(), shown[-1].id) if len(found) > PAGE else None
    return Page(shown, onward)


def _parse(after: str) -> tuple[datetime, uuid.UUID]:
    told, last = parse_cursor(after)
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        raise no_cursor() from None
    if at.tzinfo is None:
        raise no_cursor()
    return at, last
