"""Today's campaign, live."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from aiohttp import web

from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import open_alarms
from followup.campaigns.models import TaskState
from followup.views import overview
from followup.views.campaigns import Progress
from followup.views.wording import Wording
from webconsole.keys import DATABASE, VISITOR, Visitor
from webconsole.rights import EVERYBODY, LISTENS, SEES_CASES, SEES_CHECKS, Right, allowed
from webconsole.templating import render

# left to right in the progress bar: what is done, what is under way, what is to come
_SEGMENTS = (TaskState.DONE, TaskState.NEEDS_PERSON, TaskState.GAVE_UP, TaskState.CANCELLED,
             TaskState.CALLING, TaskState.DUE)

# where an alarm's matter is listed, and who may go there
_PLACES: dict[AlarmKind, tuple[Right, str]] = {
    AlarmKind.CASES_LATE: (SEES_CASES, "/cases?standing=late"),
    AlarmKind.CORRECTIONS_LATE: (SEES_CHECKS, "/spot-checks?late=yes&department={subject}"),
    AlarmKind.RECORDINGS_LOST: (LISTENS, "/recordings?seal=lost"),
    AlarmKind.RECORDING_CHANGED: (LISTENS, "/recordings/{subject}"),
}


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
        troubles = [(alarm, _place(alarm, request[VISITOR]))
                    for alarm in await open_alarms(session)]
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


def _place(alarm: Alarm, visitor: Visitor) -> str:
    """Where to look into it; empty: nowhere, or not for them."""
    right, path = _PLACES.get(alarm.kind, (None, ""))
    return path.format(subject=quote(alarm.subject)) if right and visitor.may(right) else ""


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
