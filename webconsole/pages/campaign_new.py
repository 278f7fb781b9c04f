"""A new campaign, step by step, with a forecast before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.floor import item_numbers
from followup.campaigns.models import Campaign, CampaignMode, CampaignState
from followup.campaigns.planning import Chosen, choose, create
from followup.database.base import now
from followup.errors import Conflict, InvalidInput
from followup.questionnaires.library import by_id
from followup.questionnaires.models import QuestionnaireRow
from followup.views import campaigns, overview, patients
from followup.views.wording import Wording
from webconsole.forecast.ahead import ENOUGH, Plan, look, plan_ahead
from webconsole.forecast.panels import first_day, panels, rate
from webconsole.forecast.plot import draw
from webconsole.forms.campaign import STEPS, WAYS, CampaignForm
from webconsole.keys import CATALOGUES, DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.campaign_rules import choices
from webconsole.pages.campaigns import bring_to
from webconsole.rights import RUNS_CAMPAIGNS, allowed
from webconsole.templating import render

FORECASTS = web.AppKey("forecasts", asyncio.Semaphore)      # one at a time: they take processors
PROBLEMS = ("faults", "by_hand", "no_hours", "late")         # why there is no forecast
_NOBODY = Chosen(())


@allowed(RUNS_CAMPAIGNS)
async def begin(request: web.Request) -> web.Response:
    """GET /campaigns/new: the first step."""
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].session() as session:
        offered = await campaigns.usable_questionnaires(session)
    form = CampaignForm.empty(now().astimezone(request.app[TIMEZONE]).date(),
                              str(offered[0].id) if offered else "", len(settings.agents))
    return await _show(request, form, STEPS[0])


@allowed(RUNS_CAMPAIGNS)
async def go_on(request: web.Request) -> web.Response:
    """POST /campaigns/new: all fields, ``step``, ``go`` (next, back, create, start). 422 with the
    first step that has faults, and what was typed."""
    sent = await request.post()
    form, step, go = CampaignForm.sent(sent), sent.get("step"), sent.get("go")
    if step not in STEPS or go not in ("next", "back", "create", "start"):
        raise InvalidInput("step, go: expected a step of the form and where to go from there",
                           field="step")
    place = STEPS.index(str(step))
    if go == "back":
        return await _show(request, form, STEPS[max(0, place - 1)])
    chosen = _NOBODY
    for each in STEPS if go != "next" else STEPS[:place + 1]:
        async with request.app[DATABASE].session() as session:
            form, chosen = await _checked(session, form, each, chosen)
        if form.faults:
            return await _show(request, form, each, status=422, chosen=chosen)
    if go == "next":
        return await _show(request, form, STEPS[min(place + 1, len(STEPS) - 1)], chosen=chosen)
    return await _create(request, form, start=go == "start")


@allowed(RUNS_CAMPAIGNS)
async def forecast(request: web.Request) -> web.Response:
    """POST /campaigns/new/forecast: all fields. How it would go, and with an agent fewer."""
    form, chosen = CampaignForm.sent(await request.post()), _NOBODY
    plan: Plan | None = None
    async with request.app[DATABASE].session() as session:
        for step in STEPS:
            form, chosen = await _checked(session, form, step, chosen)
            if form.faults:
                return _forecast(request, problem="faults")
        if form.mode is CampaignMode.PREVIEW:
            return _forecast(request, problem="by_hand")
        questionnaire = await by_id(session, form.questionnaire)
        plan = await plan_ahead(
            session, request.app[SETTINGS], mode=form.mode, rules=form.rules.read(),
            items=len(item_numbers(questionnaire)), calls=len(chosen.stays), agents=form.agents)
    if plan is None:
        return _forecast(request, problem="no_hours")
    async with request.app[FORECASTS]:
        runs = await look(plan, [form.agents - 1 if form.agents > 1 else 2])
    if any(len(run.days) < ENOUGH for run in runs):
        return _forecast(request, problem="late")
    translate = request.app[CATALOGUES][request[VISITOR].locale]
    placed, days = first_day(plan, runs[0])
    most = request.app[SETTINGS].trunk.calls_per_hour
    return _forecast(request, plan=plan, runs=runs, placed=placed, rounds=days, draw=draw,
                     most=most if rate(runs[0]) > most else 0,
                     panels=panels(plan, runs, lambda number: translate(
                         "forecast.agents", count=number)))


def _forecast(request: web.Request, problem: str = "", **values: Any) -> web.Response:
    return render(request, "parts/forecast.html", problem=problem, **values)


async def _checked(session: AsyncSession, form: CampaignForm, step: str,
                   chosen: Chosen) -> tuple[CampaignForm, Chosen]:
    """A step's faults, those that only the database knows among them; who is chosen by it."""
    form = form.checked(step)
    if form.faults:
        return form, chosen
    if step == "basics":
        row = await session.get(QuestionnaireRow, form.questionnaire)
        if row is None or row.id not in {
                each.id for each in await campaigns.usable_questionnaires(session)}:
            form = form.wrong("questionnaire", "questionnaire")
        if await session.scalar(select(exists().where(Campaign.name == form.name))):
            form = form.wrong("name", "taken")
    if step == "patients":
        chosen = await choose(session, form.selection)
        field = "numbers" if form.typed["way"] == "numbers" else "last"
        if chosen.unknown:
            form = form.wrong(field, "unknown")
        elif not chosen.stays:
            form = form.wrong(field, "nobody")
    return form, chosen


async def _create(request: web.Request, form: CampaignForm, *, start: bool) -> web.Response:
    visitor = request[VISITOR]
    try:
        async with request.app[DATABASE].session() as session:
            campaign = await create(session, form.name, form.questionnaire, form.selection,
                                    mode=form.mode, rules=form.rules.read(),
                                    actor=visitor.actor, address=visitor.address)
    except Conflict:                       # somebody was faster
        return await _show(request, form.wrong("name", "taken"), "basics", status=422)
    if start:
        await bring_to(request, campaign.id, CampaignState.RUNNING)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}")


async def _show(request: web.Request, form: CampaignForm, step: str, *, status: int = 200,
                chosen: Chosen = _NOBODY) -> web.Response:
    async with request.app[DATABASE].session() as session:
        offered: Sequence[QuestionnaireRow] = await campaigns.usable_questionnaires(session)
        departments = await patients.departments(session)
        alerts, _ = await overview.alert_counts(session)
        if step == "forecast" and not chosen.stays:
            chosen = await choose(session, form.selection)
    locale = request[VISITOR].locale
    titles = [(str(row.id), Wording(row.resource, locale).title, row.version) for row in offered]
    return render(request, "campaign_new.html", status=status, form=form, step=step, steps=STEPS,
                  ways=WAYS, modes=list(CampaignMode), questionnaires=titles, chosen=chosen,
                  departments=departments, open_alerts=alerts, **choices(request))
