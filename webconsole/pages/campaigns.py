"""Campaigns: the list, one campaign live, and the buttons that move it."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import CampaignMode, CampaignState
from followup.campaigns.progress import move
from followup.campaigns.rules import CampaignRules
from followup.errors import Conflict, InvalidInput
from followup.views import campaigns, overview
from followup.views.keyed import CURSOR_LENGTH, read_order
from followup.views.wording import Wording
from ivr.prompts.preparation import prepare_prompts
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact
from webconsole.keys import BOOK, CATALOGUES, DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.inputs import filtered_by, local_path, path_id, text, wants_part
from webconsole.pages.overview import segments
from webconsole.pages.saved_views import tabs
from webconsole.rights import EVERYBODY, RUNS_CAMPAIGNS, allowed, exports
from webconsole.templating import render

# what the buttons ask for
_MOVES = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.CANCELLED)
COLUMNS = ("campaign", "mode", "campaign_state", "departments", "created", "started", "finished",
           "tasks", "due", "calling", "later", "settled", "done")
_BEFORE = (CampaignState.DRAFT, CampaignState.FINISHED)      # there may be new patients


@allowed(EVERYBODY)
async def listing(request: web.Request) -> web.Response:
    """GET /campaigns: ``q`` (part of a name), ``state``, ``sort``, ``after`` (cursor)."""
    search = text(request.query.get("q"), campaigns.SEARCH_LENGTH)
    state = filtered_by(request.query, "state", CampaignState)
    after = text(request.query.get("after"), CURSOR_LENGTH)
    order = read_order(request.query.get("sort"), campaigns.COLUMNS, campaigns.NEWEST)
    async with request.app[DATABASE].session() as session:
        found = await campaigns.list_campaigns(session, search=search, state=state, order=order,
                                               after=after)
        views = await tabs(session, request, "campaigns")
        alerts, _ = await overview.alert_counts(session)
    template = "parts/campaigns.html" if wants_part(request) else "campaigns.html"
    query = {"q": search, "state": state.value if state else ""}
    return render(request, template, found=found, query=query, order=order, after=after, tabs=views,
                  columns=campaigns.COLUMNS, states=list(CampaignState), open_alerts=alerts)


@exports(EVERYBODY)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    search = text(request.query.get("q"), campaigns.SEARCH_LENGTH)
    state = filtered_by(request.query, "state", CampaignState)
    order = read_order(request.query.get("sort"), campaigns.COLUMNS, campaigns.NEWEST)
    translate = request.app[CATALOGUES][request[VISITOR].locale]

    def row(line: campaigns.Listed) -> list[str | int]:
        campaign, progress = line.campaign, line.progress
        return [campaign.name, translate(f"campaign_mode.{campaign.mode.value}"),
                translate(f"campaign_state.{campaign.state.value}"),
                translate("people.comma").join(line.departments),
                *(exact(moment, request.app[TIMEZONE]) for moment in (
                    campaign.created_at, campaign.started_at, campaign.finished_at)),
                progress.tasks, progress.due, progress.calling, progress.later, progress.settled,
                progress.done]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found = await campaigns.list_campaigns(session, search=search, state=state, order=order,
                                               after=after, size=size)
        return [row(line) for line in found.lines], found.after

    return await send(request, Taken(
        "campaigns", [translate(f"column.{name}") for name in COLUMNS], lines,
        {"q": search, "state": state.value if state else "", "sort": str(order)}))


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /campaigns/{id}: ``cancel`` asks whether it is to be cancelled."""
    return await _page(request, path_id(request), asks="cancel" in request.query)


@allowed(EVERYBODY)
async def part(request: web.Request) -> web.Response:
    """GET /campaigns/{id}/live: the part of an open page that changes."""
    return render(request, "parts/campaign.html", **await _look(request, path_id(request)))


@allowed(RUNS_CAMPAIGNS)
async def change(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/state: ``state`` (running, paused, cancelled), ``next``. Asking for the
    state that it is in changes nothing; 409 when it cannot be had."""
    campaign_id, form = path_id(request), await request.post()
    state = _state(form.get("state"))
    if state not in _MOVES:
        raise InvalidInput("state: expected running, paused or cancelled", field="state",
                           expected="running, paused or cancelled")
    try:
        await bring_to(request, campaign_id, state)
    except Conflict:
        return await _page(request, campaign_id, status=409, fault=True)
    raise web.HTTPSeeOther(local_path(form.get("next") or f"/campaigns/{campaign_id}"))


async def bring_to(request: web.Request, campaign_id: uuid.UUID, state: CampaignState) -> None:
    """Start, pause or cancel it; before it starts, all that its calls can say is rendered."""
    database, visitor = request.app[DATABASE], request[VISITOR]
    async with database.session() as session:
        found = await campaigns.find_campaign(session, campaign_id)
    if state is CampaignState.RUNNING and found.campaign.state in _BEFORE:
        await prepare_prompts(database, request.app[BOOK], request.app[SETTINGS], campaign_id)
    async with database.session() as session:
        await move(session, campaign_id, state, actor=visitor.actor, address=visitor.address)


async def _page(request: web.Request, campaign_id: uuid.UUID, *, status: int = 200,
                **more: Any) -> web.Response:
    values = {"fault": False, "asks": False, **more, **await _look(request, campaign_id)}
    async with request.app[DATABASE].session() as session:
        values["open_alerts"], _ = await overview.alert_counts(session)
    return render(request, "campaign.html", status=status, **values)


async def _look(request: web.Request, campaign_id: uuid.UUID) -> dict[str, Any]:
    dialer = request.app[SETTINGS].dialer
    async with request.app[DATABASE].session() as session:
        found = await campaigns.find_campaign(session, campaign_id)
        outcomes = await campaigns.outcomes(session, campaign_id)
        ladders = await campaigns.ladders(session, found.campaign, dialer.max_attempts)
    return {
        "campaign": found.campaign, "progress": found.progress, "departments": found.departments,
        "segments": segments(found.progress), "outcomes": outcomes,
        "attempts": sum(count for _, count in outcomes), "ladders": ladders,
        "rules": CampaignRules.if_valid(found.campaign.rules),
        "house": dialer,
        "wording": Wording(found.campaign.questionnaire.resource, request[VISITOR].locale),
        "IVR": CampaignMode.IVR, "PREDICTIVE": CampaignMode.PREDICTIVE}


def _state(value: object) -> CampaignState | None:
    try:
        return CampaignState(str(value))
    except ValueError:
        return None
