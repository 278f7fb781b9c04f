"""How the console looks to one browser: light or dark; and the page that shows its components."""

from __future__ import annotations

from aiohttp import web

from followup.views import overview
from followup.views.keyed import Order
from webconsole.keys import DATABASE
from webconsole.middleware import set_cookie
from webconsole.pages.inputs import local_path
from webconsole.pages.saved_views import Tabs
from webconsole.rights import EVERYBODY, allowed, public
from webconsole.templating import THEME_COOKIE, THEMES, render

_YEAR_S = 365 * 24 * 3600


@public
async def set_theme(request: web.Request) -> web.Response:
    """POST /theme: theme (auto, light, dark), next. Kept in a cookie of this browser."""
    data = await request.post()
    theme = data.get("theme")
    if not isinstance(theme, str) or theme not in THEMES:
        raise web.HTTPBadRequest
    response = web.Response(status=303, headers={"Location": local_path(data.get("next"))})
    set_cookie(request, response, THEME_COOKIE, theme, _YEAR_S)
    return response


@allowed(EVERYBODY)
async def styleguide(request: web.Request) -> web.Response:
    """GET /styleguide: every component in each of its states."""
    async with request.app[DATABASE].session() as session:
        alerts, _ = await overview.alert_counts(session)
    guide = {"order": Order("name"), "tabs": Tabs("patients", "/styleguide", "", [])}
    return render(request, "styleguide.html", open_alerts=alerts, guide=guide)
