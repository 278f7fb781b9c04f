"""The audit trail: who saw or did what, when and from where; what was before and what is since."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from followup.people import audit
from followup.people.models import AuditEvent
from followup.views import audit as trail
from followup.views import overview
from followup.views.audit import Change, read_filter
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.rights import READS_AUDIT, SEES_PATIENTS, allowed
from webconsole.sheets import download, table
from webconsole.templating import render

SUBJECTS = ("patient", "recording", "clip", "retention", "alert", "case", "campaign", "task",
            "user", "roles", "agent", "day", "spot-check", "spot-checks", "score-card", "prompt",
            "case-category", "case-severity", "case-template", "case-rule", "case-states",
            "api-token")
# where a subject can be looked at; "" in place of the id
_PLACES = {"patient": "/patients/", "recording": "/recordings/", "alert": "/alerts/",
           "case": "/cases/", "campaign": "/campaigns/", "spot-check": "/spot-checks/items/",
           "spot-checks": "/spot-checks/", "user": "/people?q="}
# of a person: the words of the form
_FIELDS = {"name": "people.name", "role": "people.role", "departments": "people.departments",
           "reach": "people.reach", "locale": "app.language", "agent_id": "people.phone",
           "disabled": "people_state.disabled"}
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
    """GET /audit: the fields of AuditFilter, ``after``."""
    wanted, after = read_filter(request.query), text(request.query.get("after"), 20)
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        rows, onward = await trail.list_events(session, wanted, request.app[TIMEZONE], after=after)
        names = await trail.names_of(session, {row.subject for row in rows},
                                     patients=visitor.may(SEES_PATIENTS))
        actors = await trail.names_of_people(session, {row.actor for row in rows})
        end = await trail.sealed_to(session)
        alerts, _ = await overview.alert_counts(session)
    translate = request.app[CATALOGUES][visitor.locale]
    template = "parts/audit.html" if wants_part(request) else "audit.html"
    return render(request, template, lines=[_shown(row, names, actors, translate) for row in rows],
                  wanted=wanted, after=after, onward=onward, end=end, SUBJECTS=SUBJECTS,
                  actions=_sorted_actions(translate), open_alerts=alerts)


@allowed(READS_AUDIT)
async def export(request: web.Request) -> web.Response:
    """GET /audit/export: the rows as they are filtered, as CSV; leaves a row itself."""
    wanted, zone, visitor = read_filter(request.query), request.app[TIMEZONE], request[VISITOR]
    async with request.app[DATABASE].session() as session:
        rows = await trail.all_events(session, wanted, zone)
        audit.record(session, audit.EXPORT_AUDIT, actor=visitor.actor, address=visitor.address,
                     rows=len(rows), filter=wanted.given())
    translate = request.app[CATALOGUES][visitor.locale]
    cells: list[list[Any]] = [[translate(f"audit_column.{name}") for name in COLUMNS]]
    cells += [[row.id, row.at.astimezone(zone).isoformat(timespec="seconds"), row.actor,
               _word(translate, "audit_action", row.action), row.subject, row.address,
               _value(row.detail.get("before")), _value(row.detail.get("after")),
               _value(trail.rest(row.detail) or None), row.place, row.hash] for row in rows]
    return download(await asyncio.to_thread(table, cells, "csv"), "audit-trail", "csv")


def _shown(row: AuditEvent, names: dict[str, str], actors: dict[str, str],
           translate: Catalogue) -> Shown:
    kind, _, told = row.subject.partition(":")
    place = _PLACES.get(kind)
    return Shown(row, actors.get(row.actor, row.actor),
                 _word(translate, "audit_action", row.action),
                 _word(translate, "audit_subject", kind) if kind else "",
                 names.get(row.subject, told if len(told) < 20 else told[-6:]),
                 f"{place}{told}" if place and told else "",
                 [_said(change, row.action, translate) for change in trail.changes(row.detail)],
                 {name: _value(value) for name, value in trail.rest(row.detail).items()})


def _said(change: Change, action: str, translate: Catalogue) -> Change:
    """A change in the reader's words, where its field is one that forms have, too."""
    word = _FIELDS.get(change.field) if action == audit.CHANGE_USER else None
    field = translate(word) if word else _word(translate, "permission", change.field)
    kind = "role" if action == audit.SET_RIGHTS else change.field

    def value(told: Any) -> str | None:
        if isinstance(told, list):
            return _value([_word(translate, kind, _value(each)) for each in told])
        return None if told is None else _word(translate, kind, _value(told))

    return Change(field, value(change.before), value(change.after))


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
