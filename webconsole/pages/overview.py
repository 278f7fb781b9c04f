"""Today's campaign, live."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.alarms.register import open_alarms
from followup.campaigns.models import TaskState
from followup.views import overview
from followup.views.campaigns import Progress
from followup.views.wording import Wording
from webconsole.keys import DATABASE, VISITOR
from webconsole.rights import EVERYBODY, allowed
from webconsole.templating import render

# left to right in the progress bar: what is done, what is under way, what is to come
_SEGMENTS = (TaskState.DONE, TaskState.NEEDS_PERSON, TaskState.GAVE_UP, TaskState.CANCELLED,
             TaskState.CALLING, TaskState.DUE)


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /: ``campaign`` chooses another than the current one."""
    return render(request, "overview.html", **await _look(request))


@allowed(EVERYBODY)
async def part(request: web.Request) -> web.Response:
    """GET /overview/live: the part that changes."""
    return render(request, "parts/overview.html", **await _look(request))


async def _look(request: web.Request) -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        campaigns = await overview.campaigns(session)
        alerts, _ = await overview.alert_counts(session)
        troubles = await open_alarms(session)
        if not campaigns:
            return {"campaign": None, "campaigns": campaigns, "open_alerts": alerts,
                    "alarms": troubles,
                    "desks": await overview.agents(session)}
        wanted = _wanted(request)
        campaign = next((c for c in campaigns if c.id == wanted), campaigns[0])
        numbers = await overview.numbers(session, campaign.id)
        return {
            "campaign": campaign, "campaigns": campaigns, "numbers": numbers, "alarms": troubles,
            "open_alerts": numbers.open_alerts, "segments": segments(numbers),
            "calls": await overview.live_calls(session, campaign.id),
            "outcomes": await overview.recent_outcomes(session, campaign.id),
            "desks": await overview.agents(session),
            "wording": Wording(campaign.questionnaire.resource, request[VISITOR].locale)}


def _wanted(request: web.Request) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.query.get("campaign", ""))
    except ValueError:
        return None


def segments(numbers: overview.Numbers | Progress) -> list[tuple[str, int, float, float]]:
    """(state, count, start in %, width in %) of each piece of the progress bar."""
    pieces, start = [], 0.0
    for state in _SEGMENTS:
        if count := numbers.by_state.get(state, 0):
            width = 100 * count / numbers.tasks
            pieces.append((state.value, count, round(start, 3), round(width, 3)))
            start += width
    return pieces
