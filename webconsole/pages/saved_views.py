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
from followup.views import (
    alerts,
    audit,
    campaigns,
    cases,
    message_list,
    overview,
    patients,
    people,
    recording_list,
    spotchecks,
    tasks,
)
from followup.views.case_filter import CaseFilter
from followup.views.keyed import Order
from followup.views.message_list import MessageFilter
from followup.views.recording_filter import RecordingFilter
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import path_id, text
from webconsole.rights import EVERYBODY, allowed
from webconsole.templating import render


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page with a list: where it is, which fields of its address make a view, its usual order,
    and the field, if any, that says of what it is a list; a view is of each of these."""

    path: str
    fields: tuple[str, ...]
    usual: Order
    about: str = ""


LISTS = {
    "patients": ListPage("/patients", ("q", "department", "sort"), patients.LATEST),
    "alerts": ListPage("/alerts", ("q", "severity", "state", "department", "sort"), alerts.URGENT),
    "cases": ListPage("/cases", (*(field.name for field in fields(CaseFilter)), "sort"),
                      cases.NEWEST),
    "campaigns": ListPage("/campaigns", ("q", "state", "sort"), campaigns.NEWEST),
    "tasks": ListPage("/tasks", ("q", "state", "outcome", "department", "sort"), tasks.SOONEST,
                      about="campaign"),
    "messages": ListPage("/messages",
                         (*(field.name for field in fields(MessageFilter)), "sort"),
                         message_list.NEWEST),
    "recordings": ListPage("/recordings",
                           (*(field.name for field in fields(RecordingFilter)), "sort"),
                           recording_list.NEWEST),
    "spot-checks": ListPage("/spot-checks", ("q", "state", "verdict", "department", "agent",
                                             "late", "sort"), spotchecks.URGENT),
    "check-plans": ListPage("/spot-checks/plans", ("q", "method", "sort"), spotchecks.NEWEST),
    "people": ListPage("/people", ("q", "role", "state", "sort"), people.BY_USERNAME),
    "audit": ListPage("/audit", (*(field.name for field in fields(audit.AuditFilter)), "sort"),
                      audit.NEWEST),
}
FAULTS = ("name", "query", "taken")


@dataclass(frozen=True, slots=True)
class Tabs:
    """The views above a list. ``query``: what the list shows just now."""

    name: str                                    # of the list, in ``LISTS``
    path: str
    query: str
    views: Sequence[tuple[str, str, bool]]       # name, query, is it one's own
    about: str = ""                              # what the list is of

    def link(self, query: str = "") -> str:
        """Where the list shows this."""
        return _place(self.name, query, self.about)


async def tabs(session: AsyncSession, request: web.Request, of: str) -> Tabs:
    """The saved views of a list for this visitor."""
    user = request[VISITOR].user
    found = [(view.name, view.query, view.owner_id == user.id) for view in
             await saved_views.views_of(session, user, of)] if user else []
    return Tabs(of, LISTS[of].path, _query(of, list(request.query.items())), found,
                request.query.get(LISTS[of].about, "") if LISTS[of].about else "")


def _query(of: str, given: list[tuple[str, str]]) -> str:
    """What of an address makes a view, always in one order."""
    told = {name: value.strip() for name, value in given if value.strip()}
    if told.get("sort") == str(LISTS[of].usual):
        del told["sort"]
    return urlencode({name: told[name] for name in LISTS[of].fields if name in told})


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /views: ``list``, ``query``, ``about``: the form that names it, and the own views of the
    list."""
    of = _list(request.query.get("list"))
    return await _page(request, of, _query(of, parse_qsl(request.query.get("query", ""))),
                       about=text(request.query.get("about"), 40))


@allowed(EVERYBODY)
async def save(request: web.Request) -> web.Response:
    """POST /views: list, query, about, name, shared. 422 or 409 with the fault and what was
    typed."""
    form, user = await request.post(), _user(request)
    of = _list(form.get("list"))
    query = _query(of, parse_qsl(text(form.get("query"), 4000)))
    about = text(form.get("about"), 40)
    name, shared = text(form.get("name"), saved_views.NAME_LENGTH + 1), form.get("shared") == "on"
    try:
        async with request.app[DATABASE].session() as session:
            await saved_views.save_view(session, user, of, name=name, query=query, shared=shared)
    except InvalidInput as wrong:
        return await _page(request, of, query, about=about, name=name, shared=shared,
                           fault=wrong.field, status=422)
    except Conflict:
        return await _page(request, of, query, about=about, name=name, shared=shared,
                           fault="taken", status=409)
    raise web.HTTPSeeOther(_place(of, query, about))


@allowed(EVERYBODY)
async def remove(request: web.Request) -> web.Response:
    """POST /views/{id}/remove: an own one."""
    async with request.app[DATABASE].session() as session:
        view = await saved_views.remove_view(session, _user(request), path_id(request))
    raise web.HTTPSeeOther(f"/views?list={view.list}")


async def _page(request: web.Request, of: str, query: str, *, about: str = "", name: str = "",
                shared: bool = False, fault: str = "", status: int = 200) -> web.Response:
    user = _user(request)
    async with request.app[DATABASE].session() as session:
        mine = [view for view in await saved_views.views_of(session, user, of)
                if view.owner_id == user.id]
        count, _ = await overview.alert_counts(session)
    return render(request, "saved_views.html", status=status, of=of, about=about,
                  place=_place(of, query, about), bare=LISTS[of].path, query=query, name=name,
                  shared=shared, fault=fault, mine=mine,
                  most=saved_views.NAME_LENGTH, open_alerts=count)


def _place(of: str, query: str, about: str) -> str:
    """Where a list shows what is asked for."""
    told = "&".join(part for part in (urlencode({LISTS[of].about: about}) if about else "", query)
                    if part)
    return LISTS[of].path + (f"?{told}" if told else "")


def _list(told: object) -> str:
    if not isinstance(told, str) or told not in LISTS:
        raise NotFound("there is no such list")
    return told


def _user(request: web.Request) -> User:
    user = request[VISITOR].user
    if user is None:
        raise web.HTTPUnauthorized
    return user
