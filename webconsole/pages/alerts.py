"""Alerts: the list, one alert, closing it."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.alerts import register
from followup.errors import Conflict
from followup.people import audit
from followup.responses.models import Severity
from followup.views import alerts, overview
from followup.views.keyed import CURSOR_LENGTH, read_order
from followup.views.wording import Wording
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import path_id, text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import CLOSES_ALERTS, SEES_PATIENTS, allowed
from webconsole.templating import render

NOTE_LENGTH = 1000
_SHOWN = (Severity.CRITICAL, Severity.ABNORMAL)


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /alerts: ``q`` (of the patient), ``severity``, ``sort``, ``after`` (cursor)."""
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
    return render(request, "parts/badge.html", open_alerts=count)


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


async def _list(request: web.Request) -> dict[str, Any]:
    order = read_order(request.query.get("sort"), alerts.COLUMNS, alerts.URGENT)
    search = text(request.query.get("q"), alerts.SEARCH_LENGTH)
    severity = next((each for each in Severity if each == request.query.get("severity")), None)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    async with request.app[DATABASE].session() as session:
        waiting, onward = await alerts.open_alerts(session, search=search, severity=severity,
                                                   order=order, after=after)
        views = await tabs(session, request, "alerts")
        closed = await alerts.closed_alerts(session)
        count, overdue = await overview.alert_counts(session)
    return {"waiting": waiting, "closed": closed, "open_alerts": count, "overdue": overdue,
            "query": {"q": search, "severity": severity.value if severity else ""},
            "order": order, "after": after, "onward": onward, "tabs": views,
            "columns": alerts.COLUMNS, "severities": _SHOWN}


async def _look(request: web.Request, alert_id: uuid.UUID, *, typed: str = "",
                fault: str = "") -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        alert, stay, response, questionnaire = await alerts.find_alert(session, alert_id)
        count, _ = await overview.alert_counts(session)
    return {"alert": alert, "stay": stay, "response": response, "open_alerts": count,
            "findings": {finding.answer_id: finding for finding in response.findings},
            "wording": Wording(questionnaire.resource, request[VISITOR].locale),
            "typed": typed, "fault": fault, "note_length": NOTE_LENGTH}
