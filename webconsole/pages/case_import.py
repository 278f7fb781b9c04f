"""Cases from a list, such as another system's export."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from followup.cases.importing import HEADERS, MAX_BYTES, NEEDED, ListRefused, import_cases
from followup.cases.setup import load_setup
from followup.database.base import now
from followup.views import overview
from webconsole.case_words import CaseWords, by
from webconsole.keys import DATABASE, TIMEZONE
from webconsole.rights import SETS_UP_CASES, allowed, uploads
from webconsole.templating import render


@allowed(SETS_UP_CASES)
async def page(request: web.Request) -> web.Response:
    """GET /cases/import."""
    return await _page(request)


@allowed(SETS_UP_CASES)
@uploads(MAX_BYTES + 100_000)
async def add(request: web.Request) -> web.Response:
    """POST /cases/import: file. The page with what became of each row; 422 when it is no list."""
    file = (await request.post()).get("file")
    if not isinstance(file, web.FileField) or not file.filename:
        return await _page(request, status=422, fault="none")
    today = now().astimezone(request.app[TIMEZONE]).date()
    try:
        async with request.app[DATABASE].session() as session:
            report = await import_cases(session, file.file.read(MAX_BYTES + 1), by(request), today)
    except ListRefused as refused:
        return await _page(request, status=422, fault=refused.reason, expected=refused.expected)
    return await _page(request, report=report)


async def _page(request: web.Request, *, status: int = 200, **more: Any) -> web.Response:
    async with request.app[DATABASE].session() as session:
        alerts, _ = await overview.alert_counts(session)
        setup = await load_setup(session)
    given = {"report": None, "fault": "", "expected": ""} | more
    return render(request, "case_import.html", status=status, open_alerts=alerts, headers=HEADERS,
                  needed=NEEDED, words=CaseWords.of(request, setup), setup=setup,
                  megabytes=MAX_BYTES >> 20, **given)
