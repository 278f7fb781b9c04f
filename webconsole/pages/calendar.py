"""The calendar: days on which nobody is called, worked weekend days, and the calling hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from aiohttp import web

from followup.campaigns.holidays import NAME_MOST, list_holidays, remove_holiday, set_holiday
from followup.database.base import now
from followup.errors import InvalidInput
from followup.views import overview
from webconsole.keys import DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.inputs import text
from webconsole.rights import EVERYBODY, RUNS_CAMPAIGNS, allowed
from webconsole.templating import render

FAULTS = ("day", "name")
_EMPTY = {"day": "", "name": "", "working": ""}


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /calendar: the days from today on."""
    return await _page(request, _EMPTY)


@allowed(RUNS_CAMPAIGNS)
async def add(request: web.Request) -> web.Response:
    """POST /calendar: day, name, working. Adds it, or changes it; 422 with the field's fault."""
    form, visitor = await request.post(), request[VISITOR]
    typed = {"day": text(form.get("day"), 10), "name": text(form.get("name"), 2 * NAME_MOST),
             "working": "on" if form.get("working") else ""}
    try:
        day = date.fromisoformat(typed["day"])
    except ValueError:
        return await _page(request, typed, status=422, fault="day")
    try:
        async with request.app[DATABASE].session() as session:
            await set_holiday(session, day, typed["name"], actor=visitor.actor,
                              working=bool(typed["working"]), address=visitor.address)
    except InvalidInput:
        return await _page(request, typed, status=422, fault="name")
    raise web.HTTPSeeOther("/calendar")


@allowed(RUNS_CAMPAIGNS)
async def remove(request: web.Request) -> web.Response:
    """POST /calendar/remove: day. It is a day like any other then; nothing where it is already."""
    form, visitor = await request.post(), request[VISITOR]
    try:
        day = date.fromisoformat(text(form.get("day"), 10))
    except ValueError:
        raise InvalidInput("day: expected a day such as 2026-10-01", field="day",
                           expected="YYYY-MM-DD") from None
    async with request.app[DATABASE].session() as session:
        await remove_holiday(session, day, actor=visitor.actor, address=visitor.address)
    raise web.HTTPSeeOther("/calendar")


async def _page(request: web.Request, typed: Mapping[str, str], *, status: int = 200,
                fault: str = "") -> web.Response:
    today = now().astimezone(request.app[TIMEZONE]).date()
    async with request.app[DATABASE].session() as session:
        days = await list_holidays(session, today)
        alerts, _ = await overview.alert_counts(session)
    return render(request, "calendar.html", status=status, days=days, typed=typed, fault=fault,
                  house=request.app[SETTINGS].dialer, name_most=NAME_MOST, open_alerts=alerts)
