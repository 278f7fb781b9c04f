"""Spot checks: the list of checks, of one plan or of all, and the list of plans."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.spotchecks.sampling import Method
from followup.spotchecks.scoring import Verdict
from followup.spotchecks.states import ItemState
from followup.views import overview, spotchecks
from followup.views.addresses import an_id, one_of
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact, span
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import filtered_by, id_or_none, path_id, text
from webconsole.pages.saved_views import tabs
from webconsole.rights import CHECKS, SEES_CHECKS, allowed, exports
from webconsole.templating import render

FIELDS = ("q", "state", "verdict", "department", "agent", "late")
COLUMNS = ("name", "mrn", "department", "answered", "talked", "outcome", "person", "plan",
           "method", "check_state", "verdict", "points")
PLAN_COLUMNS = ("plan", "method", "since", "until", "department", "size", "population", "checked",
                "passed", "created", "created_by")
_BLIND = (ItemState.OPEN, ItemState.HALF)        # what others gave is not shown yet
_NEWEST = 5


@allowed(SEES_CHECKS)
async def listing(request: web.Request) -> web.Response:
    """GET /spot-checks: ``q`` (of the patient), ``state``, ``verdict``, ``department``, ``agent``,
    ``late`` (yes: corrections past their day), ``sort``, ``after`` (cursor); an agent sees
    what is said of the own calls."""
    wanted, own = _filter(request), _own(request)
    async with request.app[DATABASE].session() as session:
        lines, more = ([], None) if own else await spotchecks.plans(session, size=_NEWEST)
        values = await _checks(session, request, wanted, "/spot-checks")
    return render(request, "spot_checks.html", plans=lines, more_plans=more is not None, own=own,
                  plan=None, **values)


@allowed(CHECKS)
async def plan(request: web.Request) -> web.Response:
    """GET /spot-checks/{id}: how a sample was drawn, and what it holds; filtered likewise."""
    plan_id = path_id(request)
    async with request.app[DATABASE].session() as session:
        found = await spotchecks.find_plan(session, plan_id)
        values = await _checks(session, request, _filter(request, plan_id),
                               f"/spot-checks/{plan_id}")
    return render(request, "spot_check_plan.html", plan=found, own=False, **values)


@exports(SEES_CHECKS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /spot-checks/export: the list as it is filtered and sorted, of one ``plan`` or of all;
    ``format`` csv or xlsx."""
    wanted, order = _filter(request, id_or_none(request.query.get("plan"))), _order(request)
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]

    def row(line: spotchecks.Line) -> list[str | float]:
        check, call = line.check, line.attempt
        shown = check.state not in _BLIND and check.verdict is not None
        agent = line.agent.name if line.agent else translate("spot.automatic")
        return [line.patient.name, line.patient.mrn, check.department,
                exact(call.answered_at, zone), span(call.answered_at, call.ended_at),
                translate(f"disposition.{call.disposition.value}") if call.disposition else "",
                check.person.name if check.person else agent, check.plan.name,
                translate(f"method.{check.plan.method.value}"),
                translate(f"item_state.{check.state.value}"),
                translate(f"verdict.{check.verdict.value}") if shown and check.verdict else "",
                round(check.points, 1) if shown and check.points is not None else ""]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await spotchecks.checks(session, wanted, order=order, after=after,
                                                size=size)
        return [row(line) for line in found], onward

    told = {**_query(request), "plan": str(wanted.plan_id or ""), "sort": str(order)}
    return await send(request, Taken(
        "spot-checks", [translate(f"column.{name}") for name in COLUMNS], lines, told))


@allowed(CHECKS)
async def plans(request: web.Request) -> web.Response:
    """GET /spot-checks/plans: ``q``, ``method``, ``sort``, ``after`` (cursor)."""
    query, order = _plan_query(request), _plan_order(request)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    async with request.app[DATABASE].session() as session:
        found, onward = await _plans(session, query, order, after)
        views = await tabs(session, request, "check-plans")
        count, _ = await overview.alert_counts(session)
    return render(request, "check_plans.html", plans=found, query=query, order=order, after=after,
                  onward=onward, columns=spotchecks.PLAN_COLUMNS, tabs=views, METHODS=Method,
                  open_alerts=count)


@exports(CHECKS)
async def export_plans(request: web.Request) -> web.StreamResponse:
    """GET /spot-checks/plans/export: the list as it is filtered and sorted; ``format`` csv or
    xlsx."""
    query, order = _plan_query(request), _plan_order(request)
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]

    def row(line: spotchecks.PlanLine) -> list[str | int]:
        made = line.plan
        return [made.name, translate(f"method.{made.method.value}"), str(made.since),
                str(made.until), made.department or "", made.size, made.population, line.settled,
                line.passed, exact(made.created_at, zone), made.created_by]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await _plans(session, query, order, after, size)
        return [row(line) for line in found], onward

    return await send(request, Taken(
        "check-plans", [translate(f"column.{name}") for name in PLAN_COLUMNS], lines,
        {**query, "sort": str(order)}))


async def _plans(session: AsyncSession, query: dict[str, str], order: Order, after: str,
                 size: int | None = None) -> tuple[list[spotchecks.PlanLine], str | None]:
    return await spotchecks.plans(session, search=query["q"], order=order, after=after, size=size,
                                  method=Method(query["method"]) if query["method"] else None)


def _plan_query(request: web.Request) -> dict[str, str]:
    method = filtered_by(request.query, "method", Method)
    return {"q": text(request.query.get("q"), spotchecks.SEARCH_LENGTH),
            "method": method.value if method else ""}


def _plan_order(request: web.Request) -> Order:
    return read_order(request.query.get("sort"), spotchecks.PLAN_COLUMNS, spotchecks.NEWEST)


async def _checks(session: AsyncSession, request: web.Request, wanted: spotchecks.Filter,
                  place: str) -> dict[str, Any]:
    order, after = _order(request), text(request.query.get("after"), CURSOR_LENGTH)
    lines, onward = await spotchecks.checks(session, wanted, order=order, after=after)
    departments, agents = await spotchecks.choices(session, wanted.plan_id)
    count, _ = await overview.alert_counts(session)
    return {"lines": lines, "total": await spotchecks.count(session, wanted), "wanted": wanted,
            "departments": departments, "agents": agents, "place": place,
            "query": _query(request), "open_alerts": count, "order": order,
            "columns": spotchecks.COLUMNS, "after": after, "onward": onward,
            "tabs": await tabs(session, request, "spot-checks"),
            "ITEM_STATES": ItemState, "VERDICTS": Verdict}


def _order(request: web.Request) -> Order:
    return read_order(request.query.get("sort"), spotchecks.COLUMNS, spotchecks.URGENT)


def _query(request: web.Request) -> dict[str, str]:
    return {name: text(request.query.get(name), 100) for name in FIELDS}


def _own(request: web.Request) -> bool:
    """Do they see what is said of themselves alone?"""
    return not request[VISITOR].may(CHECKS)


def _filter(request: web.Request, plan_id: uuid.UUID | None = None) -> spotchecks.Filter:
    """What the address asks for; InvalidInput names a field that does not fit."""
    query, user = _query(request), request[VISITOR].user
    if query["agent"]:
        an_id("agent", query["agent"])
    one_of("late", query["late"], ("yes",))
    return spotchecks.Filter(
        search=query["q"], plan_id=plan_id, state=filtered_by(query, "state", ItemState),
        verdict=filtered_by(query, "verdict", Verdict), department=query["department"],
        agent_id=id_or_none(query["agent"]),
        late_on=now().astimezone(request.app[TIMEZONE]).date() if query["late"] == "yes" else None,
        person_id=user.id if user and _own(request) else None)
