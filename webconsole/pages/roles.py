"""Which role may do what: a matrix that the hospital changes."""

from __future__ import annotations

from aiohttp import web

from followup.errors import Conflict
from followup.people.models import Role
from followup.people.permissions import GROUPS, PERMISSIONS, Grants, departing
from followup.people.roles import load_grants, save_grants
from followup.views import overview
from webconsole.keys import DATABASE, GRANTS, VISITOR
from webconsole.rights import SETS_RIGHTS, allowed
from webconsole.templating import render


@allowed(SETS_RIGHTS)
async def page(request: web.Request) -> web.Response:
    """GET /roles: ``saved`` tells that it is."""
    return await _page(request)


@allowed(SETS_RIGHTS)
async def save(request: web.Request) -> web.Response:
    """POST /roles: ``grant`` once for each permission of a role (``key:role``), ``seen``. 409 when
    somebody else was faster: their picture, with what was ticked."""
    form = await request.post()
    ticked = set(form.getall("grant", []))
    wanted = departing({each: [role for role in Role if f"{each.key}:{role.value}" in ticked]
                        for each in PERMISSIONS})
    return await _save(request, wanted, str(form.get("seen", "")), "/roles?saved=1")


@allowed(SETS_RIGHTS)
async def reset(request: web.Request) -> web.Response:
    """POST /roles/reset: ``seen``. Everything as it is delivered."""
    form = await request.post()
    return await _save(request, Grants(), str(form.get("seen", "")), "/roles?saved=1")


async def _save(request: web.Request, wanted: Grants, seen: str, onward: str) -> web.Response:
    visitor = request[VISITOR]
    try:
        async with request.app[DATABASE].session() as session:
            await save_grants(session, wanted, seen=seen, actor=visitor.actor,
                              address=visitor.address)
    except Conflict:
        return await _page(request, status=409, ticked=wanted)
    request.app[GRANTS].note(None)             # here and now, not when the database tells
    raise web.HTTPSeeOther(onward)


async def _page(request: web.Request, *, status: int = 200,
                ticked: Grants | None = None) -> web.Response:
    async with request.app[DATABASE].session() as session:
        grants = await load_grants(session)
        alerts, _ = await overview.alert_counts(session)
    return render(request, "roles.html", status=status, groups=GROUPS, roles=list(Role),
                  present=grants, ticked=ticked or grants, default=Grants(), conflict=bool(ticked),
                  saved="saved" in request.query, open_alerts=alerts)
