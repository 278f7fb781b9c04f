"""The people of the console: the list, one person, a new one, a new password."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import Conflict
from followup.people import accounts, staff
from followup.people.models import Reach, Role
from followup.people.permissions import SEES_ALL_DEPARTMENTS
from followup.views import cases, overview, people
from followup.views.addresses import one_of
from followup.views.keyed import CURSOR_LENGTH, read_order
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact
from webconsole.forms.person import PersonForm
from webconsole.i18n import NAMES
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import path_id, text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import MANAGES_PEOPLE, allowed, exports
from webconsole.templating import render

COLUMNS = ("username", "name", "role", "departments", "reach", "extension", "signed_in",
           "user_state", "added")


@allowed(MANAGES_PEOPLE)
async def listing(request: web.Request) -> web.Response:
    """GET /people: ``q``, ``role``, ``state`` (active, disabled), ``sort``, ``after`` (cursor)."""
    query, after = _wanted(request), text(request.query.get("after"), CURSOR_LENGTH)
    order = read_order(request.query.get("sort"), people.COLUMNS, people.BY_USERNAME)
    async with request.app[DATABASE].session() as session:
        lines, onward = await people.list_people(session, **_narrowed(query), order=order,
                                                 after=after)
        views = await tabs(session, request, "people")
        alerts, _ = await overview.alert_counts(session)
    template = "parts/people.html" if wants_part(request) else "people.html"
    return render(request, template, lines=lines, onward=onward, query=query, order=order,
                  after=after, columns=people.COLUMNS, tabs=views, roles=list(Role),
                  states=people.STATES, open_alerts=alerts, grants=request[VISITOR].grants,
                  ALL=SEES_ALL_DEPARTMENTS, Reach=Reach)


@exports(MANAGES_PEOPLE)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /people/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    query, grants = _wanted(request), request[VISITOR].grants
    order = read_order(request.query.get("sort"), people.COLUMNS, people.BY_USERNAME)
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]

    def row(line: people.Line) -> list[str]:
        user = line.user
        everything = user.reach is Reach.ALL or (
            user.reach is None and grants.may(user.role, SEES_ALL_DEPARTMENTS))
        return [user.username, user.name, translate(f"role.{user.role.value}"),
                translate("people.comma").join(user.departments),
                translate("people.sees_all" if everything else "people.sees_own"),
                line.agent.extension if line.agent else "", exact(line.signed_in_at, zone),
                translate(f"people_state.{'disabled' if user.disabled else 'active'}"),
                exact(user.created_at, zone)]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await people.list_people(session, **_narrowed(query), order=order,
                                                 after=after, size=size)
        return [row(line) for line in found], onward

    return await send(request, Taken("people", [translate(f"column.{name}") for name in COLUMNS],
                                     lines, {**query, "sort": str(order)}))


def _wanted(request: web.Request) -> dict[str, str]:
    """The filter as it stands in the address; InvalidInput names a field that does not fit."""
    role, state = request.query.get("role", ""), request.query.get("state", "")
    one_of("role", role, Role)
    one_of("state", state, people.STATES)
    return {"q": text(request.query.get("q"), people.SEARCH_LENGTH), "role": role, "state": state}


def _narrowed(query: dict[str, str]) -> dict[str, Any]:
    return {"search": query["q"], "state": query["state"],
            "role": Role(query["role"]) if query["role"] else None}


@allowed(MANAGES_PEOPLE)
async def new(request: web.Request) -> web.Response:
    """GET /people/new."""
    return await _page(request, PersonForm())


@allowed(MANAGES_PEOPLE)
async def add(request: web.Request) -> web.Response:
    """POST /people/new: the fields. The page that shows the password, this once; 422 or 409 with
    every fault at its field."""
    visitor = request[VISITOR]
    form = await _checked(request, PersonForm.sent(await request.post()), new=True)
    if form.faults:
        return await _page(request, form, status=422)
    try:
        async with request.app[DATABASE].session() as session:
            user, password = await staff.add_person(
                session, form.username, form.read(), actor=visitor.actor, address=visitor.address)
    except Conflict:
        return await _page(request, form.wrong("username", "taken"), status=409)
    return await _page(request, PersonForm.of(user), user_id=user.id, password=password)


@allowed(MANAGES_PEOPLE)
async def page(request: web.Request) -> web.Response:
    """GET /people/{id}."""
    async with request.app[DATABASE].session() as session:
        user = await people.find_person(session, path_id(request))
    return await _page(request, PersonForm.of(user), user_id=user.id)


@allowed(MANAGES_PEOPLE)
async def save(request: web.Request) -> web.Response:
    """POST /people/{id}: the fields, ``seen``. 422 with every fault; 409 when somebody else was
    faster, with what was typed."""
    user_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    form = await _checked(request, PersonForm.sent(sent), new=False)
    if form.faults:
        return await _page(request, form, status=422, user_id=user_id)
    try:
        async with request.app[DATABASE].session() as session:
            await staff.change_person(session, user_id, form.read(), actor=visitor.actor,
                                      seen=str(sent.get("seen", "")), address=visitor.address)
    except staff.LastOne:
        return await _page(request, form.wrong("role", "last"), status=409, user_id=user_id)
    except Conflict:
        return await _page(request, form, status=409, user_id=user_id, conflict=True)
    raise web.HTTPSeeOther("/people")


@allowed(MANAGES_PEOPLE)
async def new_password(request: web.Request) -> web.Response:
    """POST /people/{id}/password: the page that shows a new password, this once."""
    async with request.app[DATABASE].session() as session:
        user, password = await staff.reset_password(session, path_id(request),
                                                    actor=request[VISITOR].actor)
    return await _page(request, PersonForm.of(user), user_id=user.id, password=password)


@allowed(MANAGES_PEOPLE)
async def reset_second_step(request: web.Request) -> web.Response:
    """POST /people/{id}/second-step: for who has lost the app and the codes; signs them out."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        user = await people.find_person(session, path_id(request))
        await accounts.reset_second_step(session, user.username, actor=visitor.actor,
                                         address=visitor.address)
    raise web.HTTPSeeOther(f"/people/{user.id}")


async def _checked(request: web.Request, form: PersonForm, *, new: bool) -> PersonForm:
    async with request.app[DATABASE].session() as session:
        agents = [str(agent.id) for agent in await people.phones(session)]
    return form.checked(new=new, agents=agents,
                        sees_all=request[VISITOR].grants.roles(SEES_ALL_DEPARTMENTS))


async def _page(request: web.Request, form: PersonForm, *, status: int = 200,
                user_id: uuid.UUID | None = None, password: str = "",
                conflict: bool = False) -> web.Response:
    async with request.app[DATABASE].session() as session:
        user = await people.find_person(session, user_id) if user_id else None
        known = await cases.departments(session)
        values: dict[str, Any] = {"agents": await people.phones(session),
                                  "open_alerts": (await overview.alert_counts(session))[0]}
    departments = sorted({*known, *form.departments})
    return render(request, "person.html", status=status, form=form, user_shown=user,
                  seen=staff.mark(user) if user else "", password=password, conflict=conflict,
                  now=PersonForm.of(user) if user else form, departments=departments,
                  roles=list(Role), reaches=list(Reach), speech=NAMES, **values)
