"""The audit trail: who saw or did what, when and from where; what was before and what is since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.people import audit
from followup.people.models import AuditEvent
from followup.views import audit as trail
from followup.views import overview
from followup.views.audit import Change, read_filter
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from webconsole.exporting import Lines, Taken, send
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import READS_AUDIT, SEES_PATIENTS, allowed, exports
from webconsole.templating import render

SUBJECTS = ("patient", "recording", "clip", "voice-message", "retention", "alert", "case",
            "campaign", "task", "user", "roles", "agent", "day", "spot-check", "spot-checks",
            "score-card", "prompt", "case-category", "case-severity", "case-template",
            "case-rule", "case-states", "case-hours", "case-form", "case-field", "api-token",
            "list", "message-template")
# where a subject can be looked at; "" in place of the id
_PLACES = {"patient": "/patients/", "recording": "/recordings/", "alert": "/alerts/",
           "case": "/cases/", "campaign": "/campaigns/", "spot-check": "/spot-checks/items/",
           "spot-checks": "/spot-checks/", "user": "/people?q="}
# the words of values, by the field; of a state, by what it is the state of
_VALUES = {"role": "role", "severity": "severity", "reach": "reach", "language": "speech",
           "locale": "speech", "mode": "campaign_mode", "verdict": "verdict", "method": "method",
           "outcome": "disposition", "numbers": "number_order", "without_agents": "without_agents",
           "action": "audit_action", "what": "case_event", "type": "case_field_type",
           "sort": ""}
_STATES = {"alert": "alert_state", "campaign": "campaign_state", "case": "case_state",
           "spot-check": "item_state"}
COLUMNS = ("id", "at", "actor", "action", "subject", "address", "before", "after", "more", "place",
           "hash")


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in the reader's words."""

    row: AuditEvent
    actor: str                   # a name, where the user name has one
    what: str
    kind: str
    about: str                   # what people call it, or the end of its id
    link: str
    changes: list[Change]
    more: dict[str, str]


@allowed(READS_AUDIT)
async def page(request: web.Request) -> web.Response:
    """GET /audit: the fields of AuditFilter, ``sort``, ``after`` (cursor)."""
    wanted, order = read_filter(request.query), _order(request)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        rows, onward = await trail.list_events(session, wanted, request.app[TIMEZONE],
                                               order=order, after=after)
        names = await trail.names_of(session, {row.subject for row in rows},
                                     patients=visitor.may(SEES_PATIENTS))
        actors = await trail.names_of_people(session, {row.actor for row in rows})
        end = await trail.sealed_to(session)
        views = await tabs(session, request, "audit")
        alerts, _ = await overview.alert_counts(session)
    translate = request.app[CATALOGUES][visitor.locale]
    template = "parts/audit.html" if wants_part(request) else "audit.html"
    return render(request, template, lines=[_shown(row, names, actors, translate) for row in rows],
                  wanted=wanted, order=order, columns=trail.COLUMNS, after=after, onward=onward,
                  end=end, tabs=views, SUBJECTS=SUBJECTS,
                  actions=_sorted_actions(translate), open_alerts=alerts)


@exports(READS_AUDIT)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /audit/export: the rows as they are filtered and sorted; ``format`` csv or xlsx."""
    wanted, order, zone = read_filter(request.query), _order(request), request.app[TIMEZONE]
    translate = request.app[CATALOGUES][request[VISITOR].locale]

    def cells(row: AuditEvent) -> list[str | int | None]:
        return [row.id, row.at.astimezone(zone).isoformat(timespec="seconds"), row.actor,
                _word(translate, "audit_action", row.action), row.subject, row.address,
                _value(row.detail.get("before")), _value(row.detail.get("after")),
                _value(trail.rest(row.detail) or None), row.place, row.hash]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        rows, onward = await trail.list_events(session, wanted, zone, order=order, after=after,
                                               size=size)
        return [cells(row) for row in rows], onward

    return await send(request, Taken(
        "audit", [translate(f"audit_column.{name}") for name in COLUMNS], lines,
        {**wanted.given(), "sort": str(order)}))


def _order(request: web.Request) -> Order:
    return read_order(request.query.get("sort"), trail.COLUMNS, trail.NEWEST)


def _shown(row: AuditEvent, names: dict[str, str], actors: dict[str, str],
           translate: Catalogue) -> Shown:
    kind, _, told = row.subject.partition(":")
    place = _PLACES.get(kind)
    return Shown(row, actors.get(row.actor, row.actor),
                 _word(translate, "audit_action", row.action),
                 _word(translate, "audit_subject", kind) if kind else "",
                 names.get(row.subject, told if len(told) < 20 else told[-6:]),
                 f"{place}{told}" if place and told else "",
                 [said(change, kind, row.action, translate)
                  for change in trail.changes(row.detail)],
                 {_field(name, translate): _known(name, value, kind, translate) or ""
                  for name, value in trail.rest(row.detail).items()})


def said(change: Change, kind: str, action: str, translate: Catalogue) -> Change:
    """A change in the reader's words."""
    if action == audit.SET_RIGHTS:
        return Change(_word(translate, "permission", change.field),
                      *(_known("role", told, kind, translate)
                        for told in (change.before, change.after)))
    return Change(_field(change.field, translate),
                  *(_known(change.field or "state", told, kind, translate)
                    for told in (change.before, change.after)))


def _field(path: str, translate: Catalogue) -> str:
    """``retry.busy``: each part in the reader's words."""
    def said(part: str) -> str:
        words = translate.messages
        return words.get(f"audit_field.{part}") or words.get(f"disposition.{part}", part)

    return " · ".join(said(part) for part in path.split(".") if part)


def _known(field: str, value: Any, kind: str, translate: Catalogue) -> str | None:
    """A value in the reader's words, where there are any; None: there is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return translate(f"audit_value.{str(value).lower()}")
    if isinstance(value, list):
        return translate("people.comma").join(
            _known(field, each, kind, translate) or "" for each in value)
    name = field.rpartition(".")[2]
    words = _STATES.get(kind, "") if name == "state" else _VALUES.get(name, "audit_value")
    return _word(translate, words, _value(value))


def _sorted_actions(translate: Catalogue) -> list[tuple[str, str]]:
    return sorted(((action, translate(f"audit_action.{action}")) for action in audit.ACTIONS),
                  key=lambda pair: pair[1])


def _word(translate: Catalogue, table_: str, key: str) -> str:
    """The word for something the trail names; itself when it is of another release."""
    return translate.messages.get(f"{table_}.{key}", key)


def _value(value: Any) -> str:
    """A value of the trail as text; lists of words as words."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
