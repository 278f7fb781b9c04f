"""A filter of a list's address that does not fit is left out: the list comes as if it were not set,
and the page tells the fault at its field. Lists only refuse (InvalidInput, naming the field).
"""

from __future__ import annotations

from aiohttp import web

from followup.errors import InvalidInput
from webconsole.pages.inputs import wants_part
from webconsole.pages.saved_views import LISTS
from webconsole.rights import Handler
from webconsole.unfit import UNFIT, Fault, Unfit

# pages with a filter, as the route table has them
PAGES = frozenset({*(page.path for page in LISTS.values()), "/cases/statistics", "/patients/{id}",
                   "/spot-checks/{id}"})
LIVE = frozenset({"/patients/{id}/live"})        # parts of pages that hold the fields themselves


@web.middleware
async def leave_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The page without what does not fit, 422. Htmx asks for the list alone, without the fields:
    it is sent to the whole page."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else ""
    if request.method not in ("GET", "HEAD") or path not in PAGES | LIVE:
        return await handler(request)
    faults: dict[str, Fault] = {}
    asked = request
    while True:
        try:
            response = await handler(asked)
            break
        except InvalidInput as wrong:
            if wrong.field not in asked.query:
                raise
            faults[wrong.field] = Fault.of(wrong, asked.query)
            asked = request.clone(rel_url=asked.rel_url.without_query_params(wrong.field))
            asked[UNFIT] = Unfit(faults)
    if not faults or path in LIVE:
        return response
    if wants_part(request):
        return web.Response(headers={"HX-Redirect": request.path_qs})
    response.set_status(422)
    return response
