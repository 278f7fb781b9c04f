"""Alerts: the list, one alert, closing it."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts import register
from followup.alerts.models import Alert
from followup.errors import Conflict
from followup.log import mask_phone
from followup.patients.models import Encounter
from followup.people import audit
from followup.responses.models import Severity
from followup.views import alerts, overview, patients
from followup.views.addresses import one_of
from followup.views.keyed import CURSOR_LENGTH, Columns, Order, read_order
from followup.views.wording import Wording
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import filtered_by, path_id, text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import CLOSES_ALERTS, SEES_PATIENTS, allowed, exports
from webconsole.templating import render

NOTE_LENGTH = 1000
_SHOWN = (Severity.CRITICAL, Severity.ABNORMAL)
COLUMNS = ("severity", "name", "mrn", "phone", "department", "reasons", "raised", "deadline",
           "state", "closed_at", "closed_by", "note")


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /alerts: ``q`` (of the patient), ``severity``, ``state``, ``department``, ``sort``,
    ``after`` (cursor)."""
    template = "parts/alerts.html" if wants_part(request) else "alerts.html"
    return render(request, template, **await _list(request))


@allowed(SEES_PATIENTS)
async def part(request: web.Request) -> web.Response:
    """GET /alerts/live: the list alone."""
    return render(request, "parts/alerts.html", **await _list(request))


@allowed(SEES_PATIENTS)
async def badge(request: web.Request) -> web.Response:
    """GET /alerts/count: the number in the navigation."""
    async with request.app[DATABASE].session() as session:
        count, _ = await overview.alert_counts(session)
    return render(request, "parts/badge.html", count=count)


@allowed(SEES_PATIENTS)
async def page(request: web.Request) -> web.Response:
    """GET /alerts/{id}."""
    return render(request, "alert.html", **await _look(request, path_id(request)))


@allowed(CLOSES_ALERTS)
async def close(request: web.Request) -> web.Response:
    """POST /alerts/{id}/close: note. 422 without a note; 409 when somebody was faster: then the
    page shows who and keeps what was typed."""
    alert_id, visitor = path_id(request), request[VISITOR]
    note = text((await request.post()).get("note"), NOTE_LENGTH)
    if not note:
        return render(request, "alert.html", status=422,
                      **await _look(request, alert_id, fault="alert.note_missing"))
    try:
        async with request.app[DATABASE].session() as session:
            alert = await register.close(session, alert_id, visitor.user.name, note) \
                if visitor.user else None
            audit.record(session, audit.CLOSE_ALERT, actor=visitor.actor,
                         subject=f"alert:{alert_id}", address=visitor.address,
                         patient=str(alert.patient_id) if alert else "",
                         **(audit.difference(alert) if alert else {}))
    except Conflict:
        return render(request, "alert.html", status=409,
                      **await _look(request, alert_id, typed=note, fault="alert.conflict"))
    raise web.HTTPSeeOther("/alerts")


@exports(SEES_PATIENTS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /alerts/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    (wanted, query), order = _wanted(request), _order(request)
    translate = request.app[CATALOGUES][request[VISITOR].locale]
    zone = request.app[TIMEZONE]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await alerts.list_alerts(session, wanted, order=order, after=after,
                                                 size=size)
        return [_row(alert, stay, translate, zone) for alert, stay in found], onward

    return await send(request, Taken(
        "alerts", [translate(f"column.{name}") for name in COLUMNS], lines,
        {**query, "sort": str(order)}))


def _row(alert: Alert, stay: Encounter, translate: Catalogue, zone: ZoneInfo) -> list[str]:
    patient, said = alert.patient, [each["text"] for each in alert.reasons]
    return [
        translate(f"severity.{alert.severity.value}"), patient.name, patient.mrn,
        mask_phone(patient.phone), stay.department,
        translate("people.comma").join(told.get(translate.locale) or told.get("zh") or ""
                                       for told in said),
        exact(alert.created_at, zone), exact(alert.deadline, zone),
        translate(f"alert_state.{alert.state.value}"), exact(alert.closed_at, zone),
        alert.closed_by or "", alert.note]


def _wanted(request: web.Request) -> tuple[alerts.Filter, dict[str, str]]:
    """The filter of the address, and its fields as they stand there; InvalidInput names one that
    does not fit."""
    told = request.query
    severity = filtered_by(told, "severity", Severity)
    one_of("state", told.get("state", ""), alerts.STATES)
    state = told.get("state", "").replace(alerts.STATES[0], "")
    wanted = alerts.Filter(text(told.get("q"), alerts.SEARCH_LENGTH), severity,
                           state or alerts.STATES[0], text(told.get("department"), 100))
    return wanted, {"q": wanted.search, "severity": severity.value if severity else "",
                    "state": state, "department": wanted.department}


def _order(request: web.Request) -> Order:
    closed, told = request.query.get("state") == "closed", request.query.get("sort", "")
    if told.removeprefix("-") in _columns(not closed):       # the form told it with other alerts
        told = ""
    return read_order(told, _columns(closed), alerts.LATEST if closed else alerts.URGENT)


def _columns(closed: bool) -> Columns:
    return alerts.CLOSED_COLUMNS if closed else alerts.COLUMNS


async def _list(request: web.Request) -> dict[str, Any]:
    (wanted, query), order = _wanted(request), _order(request)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    async with request.app[DATABASE].session() as session:
        found, onward = await alerts.list_alerts(session, wanted, order=order, after=after)
        views = await tabs(session, request, "alerts")
        usual = not any(query.values())
        closed = await alerts.closed_alerts(session) if usual else []
        departments = await patients.departments(session)
        count, overdue = await overview.alert_counts(session)
    return {"found": found, "closed": closed, "open_alerts": count, "overdue": overdue,
            "query": query, "order": order, "after": after, "onward": onward, "tabs": views,
            "columns": _columns(wanted.state == "closed"), "severities": _SHOWN,
            "states": alerts.STATES[1:], "departments": departments}


async def _look(request: web.Request, alert_id: uuid.UUID, *, typed: str = "",
                fault: str = "") -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        alert, stay, response, questionnaire = await alerts.find_alert(session, alert_id)
        count, _ = await overview.alert_counts(session)
    return {"alert": alert, "stay": stay, "response": response, "open_alerts": count,
            "findings": {finding.answer_id: finding for finding in response.findings},
            "wording": Wording(questionnaire.resource, request[VISITOR].locale),
            "typed": typed, "fault": fault, "note_length": NOTE_LENGTH}
