"""Saved views: naming what a list shows just now, and taking names away again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import saved_views
from followup.people.models import User
from followup.views import alerts, campaigns, cases, overview, recording_list, spotchecks
from followup.views.case_filter import CaseFilter
from followup.views.keyed import Order
from followup.views.recording_filter import RecordingFilter
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import path_id, text
from webconsole.rights import EVERYBODY, allowed
from webconsole.templating import render


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page with a list: where it is, which fields of its address make a view, its usual order."""

    path: str
    fields: tuple[str, ...]
    usual: Order | None = None


LISTS = {
    "patients": ListPage("/patients", ("q", "department")),
    "alerts": ListPage("/alerts", ("q", "severity", "sort"), alerts.URGENT),
    "cases": ListPage("/cases", (*(field.name for field in fields(CaseFilter)), "sort"),
                      cases.NEWEST),
    "campaigns": ListPage("/campaigns", ("q", "state", "sort"), campaigns.NEWEST),
    "spot-checks": ListPage("/spot-checks", ("state", "verdict", "department", "agent", "sort"),
                            spotchecks.URGENT),
    "recordings": ListPage("/recordings",
                           (*(field.name for field in fields(RecordingFilter)), "sort"),
                           recording_list.NEWEST),
}
FAULTS = ("name", "query", "taken")


@dataclass(frozen=True, slots=True)
class Tabs:
    """The views above a list. ``query``: what the list shows just now."""

    name: str                                    # of the list, in ``LISTS``
    path: str
    query: str
    views: Sequence[tuple[str, str, bool]]       # name, query, is it one's own


async def tabs(session: AsyncSession, request: web.Request, of: str) -> Tabs:
    """The saved views of a list for this visitor."""
    user = request[VISITOR].user
    found = [(view.name, view.query, view.owner_id == user.id) for view in
             await saved_views.views_of(session, user, of)] if user else []
    return Tabs(of, LISTS[of].path, _query(of, list(request.query.items())), found)


def _query(of: str, given: list[tuple[str, str]]) -> str:
    """What of an address makes a view, always in one order."""
    told = {name: value.strip() for name, value in given if value.strip()}
    if told.get("sort") == str(LISTS[of].usual):
        del told["sort"]
    return urlencode({name: told[name] for name in LISTS[of].fields if name in told})


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /views: ``list``, ``query``: the form that names it, and the own views of the list."""
    of = _list(request.query.get("list"))
    return await _page(request, of, _query(of, parse_qsl(request.query.get("query", ""))))


@allowed(EVERYBODY)
async def save(request: web.Request) -> web.Response:
    """POST /views: list, query, name, shared. 422 or 409 with what is wrong and was typed."""
    form, user = await request.post(), _user(request)
    of = _list(form.get("list"))
    query = _query(of, parse_qsl(text(form.get("query"), 4000)))
    name, shared = text(form.get("name"), saved_views.NAME_LENGTH + 1), form.get("shared") == "on"
    try:
        async with request.app[DATABASE].session() as session:
            await saved_views.save_view(session, user, of, name=name, query=query, shared=shared)
    except InvalidInput as wrong:
        return await _page(request, of, query, name=name, shared=shared, fault=wrong.field,
                           status=422)
    except Conflict:
        return await _page(request, of, query, name=name, shared=shared, fault="taken", status=409)
    raise web.HTTPSeeOther(LISTS[of].path + (f"?{query}" if query else ""))


@allowed(EVERYBODY)
async def remove(request: web.Request) -> web.Response:
    """POST /views/{id}/remove: an own one."""
    async with request.app[DATABASE].session() as session:
        view = await saved_views.remove_view(session, _user(request), path_id(request))
    raise web.HTTPSeeOther(f"/views?list={view.list}")


async def _page(request: web.Request, of: str, query: str, *, name: str = "", shared: bool = False,
                fault: str = "", status: int = 200) -> web.Response:
    user = _user(request)
    async with request.app[DATABASE].session() as session:
        mine = [view for view in await saved_views.views_of(session, user, of)
                if view.owner_id == user.id]
        count, _ = await overview.alert_counts(session)
    return render(request, "saved_views.html", status=status, of=of, place=LISTS[of].path,
                  query=query, name=name, shared=shared, fault=fault, mine=mine,
                  most=saved_views.NAME_LENGTH, open_alerts=count)


def _list(told: object) -> str:
    if not isinstance(told, str) or told not in LISTS:
        raise NotFound("there is no such list")
    return told


def _user(request: web.Request) -> User:
    user = request[VISITOR].user
    if user is None:
        raise web.HTTPUnauthorized
    return user
