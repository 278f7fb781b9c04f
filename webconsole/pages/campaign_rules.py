"""A campaign's rules as a form."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from followup.campaigns.models import Campaign
from followup.campaigns.numbers import NumberOrder
from followup.campaigns.progress import set_rules
from followup.campaigns.rules import CampaignRules, WithoutAgents
from followup.errors import InvalidInput
from followup.views import campaigns, overview
from webconsole.forms.rules import LADDERS, RuleForm, fault_of, stamp
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import path_id
from webconsole.rights import RUNS_CAMPAIGNS, allowed
from webconsole.templating import render


@allowed(RUNS_CAMPAIGNS)
async def page(request: web.Request) -> web.Response:
    """GET /campaigns/{id}/rules."""
    async with request.app[DATABASE].session() as session:
        campaign = (await campaigns.find_campaign(session, path_id(request))).campaign
    form = RuleForm.of(CampaignRules.if_valid(campaign.rules) or CampaignRules())
    return await _page(request, campaign, form, stamp(campaign.rules))


@allowed(RUNS_CAMPAIGNS)
async def save(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/rules: the fields of the form and ``seen``. 422 with faults beside the
    fields, 409 when the rules were changed meanwhile; what was typed stays."""
    campaign_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    form, seen = RuleForm.sent(sent), str(sent.get("seen", ""))
    async with request.app[DATABASE].session() as session:
        campaign = (await campaigns.find_campaign(session, campaign_id)).campaign
    try:
        rules = form.read()
    except InvalidInput as error:
        return await _page(request, campaign, form.faulty(error), seen, status=422)
    async with request.app[DATABASE].session() as session:
        campaign = await session.get_one(Campaign, campaign_id, with_for_update=True)
        unchanged = stamp(campaign.rules) == seen
        if unchanged:
            await set_rules(session, campaign_id, rules.kept(), actor=visitor.actor,
                            address=visitor.address)
    if unchanged:
        raise web.HTTPSeeOther(f"/campaigns/{campaign_id}")
    return await _page(request, campaign, form, stamp(campaign.rules), status=409, conflict=True)


def choices(request: web.Request) -> dict[str, Any]:
    """What the fields of a rule form offer, and what the house has where one is left empty."""
    settings = request.app[SETTINGS]
    skills = sorted({skill for agent in settings.agents for skill in agent.skills})
    return {"house": settings.dialer, "skills": skills, "ladders_offered": LADDERS,
            "orders": list(NumberOrder), "without": list(WithoutAgents), "fault_of": fault_of}


async def _page(request: web.Request, campaign: Campaign, form: RuleForm, seen: str, *,
                status: int = 200, conflict: bool = False) -> web.Response:
    async with request.app[DATABASE].session() as session:
        alerts, _ = await overview.alert_counts(session)
    return render(request, "campaign_rules.html", status=status, campaign=campaign, form=form,
                  seen=seen, conflict=conflict, open_alerts=alerts, **choices(request))
