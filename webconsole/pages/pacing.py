"""Why calls are placed, or are not: the pacing's decisions of the last minutes, live."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from followup.views.overview import alert_counts
from followup.views.pacing import SPAN, recent_decisions
from webconsole.keys import DATABASE
from webconsole.rights import EVERYBODY, allowed
from webconsole.templating import render


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /pacing."""
    return render(request, "pacing.html", **await _look(request))


@allowed(EVERYBODY)
async def part(request: web.Request) -> web.Response:
    """GET /pacing/live: the part that changes."""
    return render(request, "parts/pacing.html", **await _look(request))


async def _look(request: web.Request) -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        alerts, _ = await alert_counts(session)
        return {"decisions": await recent_decisions(session), "open_alerts": alerts,
                "minutes": int(SPAN.total_seconds() // 60)}
