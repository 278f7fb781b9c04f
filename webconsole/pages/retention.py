"""How long recordings are kept, who holds which, and how the keeper stands."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Disposition, Recording
from followup.errors import Conflict, InvalidInput, NotFound
from followup.recordings import register
from followup.recordings.keeping import HORIZONS, LONGEST_DAYS, by_rule, forecast, preview
from followup.recordings.models import RetentionRule
from followup.recordings.register import By
from followup.views import overview, reach, recording_list, retention
from recordings.retention import batches
from recordings.standing import look
from webconsole.forms.retention import HoldForm, RuleForm, read_rule, recording_in
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import text
from webconsole.rights import HOLDS_RECORDINGS, SETS_RETENTION, allowed
from webconsole.templating import render


@allowed((SETS_RETENTION, HOLDS_RECORDINGS))
async def page(request: web.Request) -> web.Response:
    """GET /recordings/retention; with ``campaign``, ``outcome``, ``days`` (or ``remove``) it shows
    what that rule, or its end, would come to. Nothing is changed by looking."""
    return await _page(request, request.query, removing="remove" in request.query)


@allowed(SETS_RETENTION)
async def save(request: web.Request) -> web.Response:
    """POST /recordings/retention: campaign, outcome, days. 422 names the field."""
    return await _change(request, removing=False)


@allowed(SETS_RETENTION)
async def remove(request: web.Request) -> web.Response:
    """POST /recordings/retention/remove: campaign, outcome."""
    return await _change(request, removing=True)


@allowed(HOLDS_RECORDINGS)
async def hold(request: web.Request) -> web.Response:
    """POST /recordings/retention/hold: recording (its id, or the address of its page), reason."""
    given, visitor = await request.post(), request[VISITOR]
    typed = {name: text(given.get(name), register.WORDS) for name in ("recording", "reason")}
    meant, fault = recording_in(typed["recording"]) or uuid.UUID(int=0), ""
    try:
        async with request.app[DATABASE].session() as session:
            await reach.require(session, Recording, meant)
            await register.hold(session, meant, typed["reason"],
                                By(visitor.actor, visitor.address))
    except NotFound:
        fault = "recording"
    except InvalidInput:
        fault = "reason"
    except Conflict:
        fault = "held"
    if fault:
        return await _page(request, {}, holding=HoldForm(typed, fault),
                           status=409 if fault == "held" else 422)
    raise web.HTTPSeeOther("/recordings/retention#holds")


async def _change(request: web.Request, *, removing: bool) -> web.Response:
    given, visitor = await request.post(), request[VISITOR]
    told = {name: value for name, value in given.items() if isinstance(value, str)}
    async with request.app[DATABASE].session() as session:
        known = await _campaigns(session, await retention.rules(session))
        form = read_rule(told, known, removing=removing)
        if not form.faults:
            await register.set_rule(session, *form.key, form.days,
                                    By(visitor.actor, visitor.address))
    if form.faults:
        return await _page(request, told, removing=removing, status=422)
    raise web.HTTPSeeOther("/recordings/retention")


async def _campaigns(session: AsyncSession, rows: Sequence[RetentionRule]) -> dict[str, str]:
    """The campaigns that a rule may be about: the newest ones, and those that have a rule."""
    return {str(key): name for key, name in (
        *await recording_list.campaigns(session),
        *((row.campaign.id, row.campaign.name) for row in rows if row.campaign))}


async def _page(request: web.Request, given: Any, *, removing: bool = False, status: int = 200,
                holding: HoldForm | None = None) -> web.Response:
    visitor, values = request[VISITOR], {}
    default = request.app[SETTINGS].recordings.keep_days
    async with request.app[DATABASE].session() as session:
        if visitor.may(SETS_RETENTION):
            values = await _rules(session, given, default, removing=removing)
        held, count = await retention.holds(session)
        standing = await look(session)
        alerts, _ = await overview.alert_counts(session)
    if values and values["form"].faults:
        status = 422
    return render(request, "retention.html", status=status, held=held, count=count,
                  standing=standing, holding=holding or HoldForm(), open_alerts=alerts,
                  words=register.WORDS, default=default, removing=removing, longest=LONGEST_DAYS,
                  horizons=HORIZONS, Disposition=Disposition, day=timedelta(days=1), **values)


async def _rules(session: AsyncSession, given: Any, default: int | None, *,
                 removing: bool) -> dict[str, Any]:
    rows = await retention.rules(session)
    campaigns = await _campaigns(session, rows)
    days = {(row.campaign_id, row.disposition): row.days for row in rows}
    form, shown = read_rule(given, campaigns, removing=removing), None
    found = await batches(session, (*days, form.key))
    under = by_rule(found, days)
    lines = [(row, forecast(under.get((row.campaign_id, row.disposition), ()), days, default))
             for row in rows]
    if "days" not in given and not removing:          # nobody has asked for anything
        form = RuleForm(form.typed)
    elif not form.faults:
        shown = preview(found, days, default, form.key, form.days)
    return {"lines": lines, "rest": forecast(under.get(None, ()), days, default), "form": form,
            "shown": shown, "campaigns": campaigns, "there": form.key in days}
