"""The follow-ups of a campaign: the list, and taking it away as a table."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Disposition
from followup.campaigns.models import Campaign, TaskState
from followup.log import mask_phone
from followup.views import campaigns, overview, reach, tasks
from followup.views.keyed import CURSOR_LENGTH, read_order
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact, span
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import filtered_by, known_id, text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import SEES_PATIENTS, allowed, exports
from webconsole.templating import render

COLUMNS = ("name", "mrn", "phone", "department", "task_state", "attempts", "outcome", "called",
           "answered", "talked", "due_at", "held")


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /tasks: ``campaign``, ``q`` (of the patient), ``state``, ``outcome``, ``department``,
    ``sort``, ``after`` (cursor). Without a campaign: their list."""
    if not request.query.get("campaign"):
        raise web.HTTPSeeOther("/campaigns")
    wanted, query = await _wanted(request)
    order = read_order(request.query.get("sort"), tasks.COLUMNS, tasks.SOONEST)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    async with request.app[DATABASE].session() as session:
        campaign = await campaigns.find_campaign(session, wanted.campaign_id)
        found, onward = await tasks.list_tasks(session, wanted, order=order, after=after)
        views = await tabs(session, request, "tasks")
        alerts, _ = await overview.alert_counts(session)
    template = "parts/tasks.html" if wants_part(request) else "tasks.html"
    return render(request, template, lines=found, query=query, order=order, after=after,
                  onward=onward, tabs=views, columns=tasks.COLUMNS, campaign=campaign.campaign,
                  departments=campaign.departments, states=list(TaskState),
                  outcomes=list(Disposition), open_alerts=alerts)


@exports(SEES_PATIENTS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /tasks/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    wanted, query = await _wanted(request)
    order = read_order(request.query.get("sort"), tasks.COLUMNS, tasks.SOONEST)
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]

    def row(line: tasks.Line) -> list[str | int]:
        task, last = line.task, line.last
        return [line.patient.name, line.patient.mrn, mask_phone(line.patient.phone),
                line.stay.department, translate(f"task_state.{task.state.value}"),
                task.attempts_made,
                translate(f"disposition.{task.disposition}") if task.disposition else "",
                exact(last.committed_at, zone) if last else "",
                exact(last.answered_at, zone) if last else "",
                span(last.answered_at, last.ended_at) if last and last.answered_at else "",
                exact(task.due_at, zone) if task.state is TaskState.DUE else "",
                translate(f"held_why.{task.held_why.value}") if task.held_why else ""]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await tasks.list_tasks(session, wanted, order=order, after=after,
                                               size=size)
        return [row(line) for line in found], onward

    return await send(request, Taken(
        "tasks", [translate(f"column.{name}") for name in COLUMNS], lines,
        {**query, "sort": str(order)}))


async def _wanted(request: web.Request) -> tuple[tasks.Filter, dict[str, Any]]:
    """The filter of the address, and its fields as they stand there; NotFound for a campaign that
    this visitor does not see."""
    told = request.query
    campaign_id = known_id(told.get("campaign", ""), "there is no such campaign")
    async with request.app[DATABASE].session() as session:
        await reach.require(session, Campaign, campaign_id)
    state = filtered_by(told, "state", TaskState)
    outcome = filtered_by(told, "outcome", Disposition)
    wanted = tasks.Filter(campaign_id, text(told.get("q"), tasks.SEARCH_LENGTH), state, outcome,
                          text(told.get("department"), 100))
    return wanted, {"campaign": str(campaign_id), "q": wanted.search,
                    "state": state.value if state else "",
                    "outcome": outcome.value if outcome else "", "department": wanted.department}
