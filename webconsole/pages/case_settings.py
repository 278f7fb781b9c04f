"""What the hospital sets up for complaints and praise, without anybody who programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases import setup_changes, tokens
from followup.cases.deadlines import Clock
from followup.cases.intake import NotTaken
from followup.cases.register import By
from followup.cases.setup import Setup, load_setup
from followup.cases.setup_models import TUNABLE, FieldType, Use
from followup.cases.states import CaseKind, CaseState
from followup.database.base import now
from followup.errors import Conflict, NotFound
from followup.views import cases, overview
from webconsole.case_words import CaseWords, by
from webconsole.keys import DATABASE, TIMEZONE
from webconsole.pages.inputs import path_id, text
from webconsole.rights import MAKES_TOKENS, SETS_UP_CASES, allowed
from webconsole.templating import render

Save = Callable[[AsyncSession, Mapping[str, str], By], Awaitable[None]]
SAVE: Mapping[str, Save] = {
    "categories": setup_changes.save_category, "severities": setup_changes.save_severity,
    "templates": setup_changes.save_template, "rules": setup_changes.save_rule,
    "states": setup_changes.save_state_names, "hours": setup_changes.save_hours,
    "form": setup_changes.save_form, "fields": setup_changes.save_field}
COMING = 12                  # days of the calendar that are shown


@allowed(SETS_UP_CASES)
async def page(request: web.Request) -> web.Response:
    """GET /cases/settings."""
    return await _page(request)


@allowed(SETS_UP_CASES)
async def save(request: web.Request) -> web.Response:
    """POST /cases/settings/{part}: one entry of a part of ``SAVE``. 422 names the field."""
    part, form = request.match_info["part"], await request.post()
    if part not in SAVE:
        raise NotFound("there is no such part")
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        async with request.app[DATABASE].session() as session:
            await SAVE[part](session, typed, by(request))
    except NotTaken as refused:
        fault = refused.faults[0]
        return await _page(request, status=422, part=part, typed=typed, fault=fault.wrong.value,
                           fault_field=fault.field)
    raise web.HTTPSeeOther(f"/cases/settings#{part}")


@allowed(MAKES_TOKENS)
async def add_token(request: web.Request) -> web.Response:
    """POST /cases/tokens: name. The page that shows the new token, this once."""
    name = text((await request.post()).get("name"), 40)
    try:
        async with request.app[DATABASE].session() as session:
            token = await tokens.make_token(session, name, by(request))
    except NotTaken:
        return await _page(request, status=422, part="tokens", typed={"name": name},
                           fault="token_name", fault_field="name")
    except Conflict:
        return await _page(request, status=409, part="tokens", typed={"name": name},
                           fault="token_taken", fault_field="name")
    return await _page(request, token=token, part="tokens")


@allowed(MAKES_TOKENS)
async def revoke_token(request: web.Request) -> web.Response:
    """POST /cases/tokens/{id}/revoke."""
    async with request.app[DATABASE].session() as session:
        await tokens.revoke_token(session, path_id(request), by(request))
    raise web.HTTPSeeOther("/cases/settings#tokens")


async def _page(request: web.Request, *, status: int = 200, **more: Any) -> web.Response:
    async with request.app[DATABASE].session() as session:
        setup, owners = await load_setup(session), await cases.owners(session)
        values = {"tokens": await tokens.list_tokens(session),
                  "departments": await cases.departments(session),
                  "open_alerts": (await overview.alert_counts(session))[0]}
    given = {"part": "", "typed": {}, "fault": "", "fault_field": "", "token": ""} | more
    return render(request, "case_settings.html", status=status, setup=setup, owners=owners,
                  tree=setup.tree(inactive=True), CaseState=CaseState, CaseKind=CaseKind,
                  Clock=Clock, Use=Use, FieldType=FieldType, TUNABLE=TUNABLE,
                  coming_days=_coming(request, setup),
                  words=CaseWords.of(request, setup, owners), **values, **given)


def _coming(request: web.Request, setup: Setup) -> list[tuple[date, bool]]:
    """The next days of the calendar that are off, or worked, and would not be."""
    today = now().astimezone(request.app[TIMEZONE]).date()
    return sorted((day, worked) for day, worked in setup.hours.days.exceptions.items()
                  if day >= today)[:COMING]
