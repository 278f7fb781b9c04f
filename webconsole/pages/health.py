"""For whatever watches over the console."""

from __future__ import annotations

from aiohttp import web

from followup.errors import Unavailable
from webconsole.keys import DATABASE, FEED
from webconsole.rights import public


@public
async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: 200 when pages can be served and live events arrive, else 503."""
    try:
        await request.app[DATABASE].check()
        database = True
    except Unavailable:
        database = False
    live = request.app[FEED].connected.is_set()
    return web.json_response({"database": database, "live": live},
                             status=200 if database and live else 503)
