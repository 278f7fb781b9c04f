"""What the ``{id}`` of a path names: so that a row outside the visitor's scope is not found,
whatever the page and whatever is asked of it."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.alerts.models import Alert
from followup.calls.models import Recording
from followup.campaigns.models import Campaign
from followup.cases.models import Case
from followup.errors import NotFound
from followup.patients.models import Patient
from followup.people.scope import current_scope
from followup.spotchecks.models import SpotCheck, SpotCheckPlan
from followup.views import reach
from webconsole.keys import DATABASE

# the beginnings of paths; the first that fits
ROWS: tuple[tuple[str, type[Any]], ...] = (
    ("/patients/{id}", Patient), ("/alerts/{id}", Alert), ("/recordings/{id}", Recording),
    ("/cases/{id}", Case), ("/campaigns/{id}", Campaign),
    ("/spot-checks/items/{id}", SpotCheck), ("/spot-checks/{id}", SpotCheckPlan),
)


def row_of(path: str) -> type[Any] | None:
    """The model of the rows that a path of the route table is about; None: of none in a scope."""
    return next((model for start, model in ROWS
                 if path == start or path.startswith(f"{start}/")), None)


async def require_row(request: web.Request) -> None:
    """NotFound when the path names a row that this visitor does not see."""
    resource = request.match_info.route.resource
    model = row_of(resource.canonical) if resource is not None else None
    if model is None or not current_scope().limited:
        return
    try:
        row_id = uuid.UUID(request.match_info["id"])
    except ValueError as error:
        raise NotFound("there is no such thing") from error
    async with request.app[DATABASE].session() as session:
        await reach.require(session, model, row_id)
