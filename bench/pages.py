"""What the server takes for each page of the console, on a database of many patients.

Every GET route of the route table is visited, so a new page is measured by itself: without a word
here as it opens first, with one in ``VISITS`` also with the filters that people use.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, text

from bench.sample import spread
from followup.database.base import now
from followup.database.engine import Database
from followup.people.models import Role, User
from followup.people.sessions import open_session
from followup.people.trail import BATCH, seal_some
from followup.recordings.register import By, share
from followup.settings import Settings
from webconsole.app import LIBRARIES, create_app
from webconsole.middleware import SESSION_COOKIE
from webconsole.pages import ROUTES
from webconsole.rights import Handler

Client = TestClient[web.Request, web.Application]

TIMES = 24                       # each page
PAGES_ON = 12                    # so far into a list is deep
GOAL_MS = 300
# streams, sounds and files, whose time is that of what they carry
NO_PAGES = frozenset({"/events", "/phone/ws", "/recordings/{id}/audio", "/recordings/{id}/peaks",
                      "/recordings/{id}/seal", "/recordings/{id}/download", "/clips/{token}/audio",
                      "/cases/{id}/attachments/{file}", "/prompts/sound"})
SEARCH = "/search"               # a POST, but it changes nothing
DEEP = "deep"                    # in place of a query: some pages on
VISITS: Mapping[str, Sequence[str]] = {
    "/patients": ("", DEEP, "sort=mrn", "sort=discharged", "department=移植科&sort=mrn",
                  "q=王秀英", "q=李", "q=zhangwei", "q=lw", "q=ZY010001", "q=8888", "q=没有这个人",
                  "department=骨科", "department=骨科&q=王", "department=移植科&q=zh"),
    "/patients/{id}": ("", "kind=call", "kind=case"),
    "/campaigns": ("", DEEP, "q=随访", "state=paused"),
    "/cases": ("", DEEP, "sort=due", "sort=registered", "state=open", "q=护士", "q=王秀英",
               "q=C000123", "kind=praise", "department=骨科", "standing=late", "owner=me"),
    "/patients/export": ("", "q=王", "sort=mrn&format=xlsx"),
    "/alerts": ("", "state=closed", "state=closed&q=王秀英", "department=骨科"),
    "/alerts/export": ("state=closed",),
    "/tasks": ("campaign={campaign}", "campaign={campaign}&q=王",
               "campaign={campaign}&sort=outcome", "campaign={campaign}&state=gave_up"),
    "/tasks/export": ("campaign={campaign}",),
    "/cases/export": ("begin={month}&format=csv", "begin={month}&format=xlsx"),
    "/views": ("list=cases",),
    "/cases/statistics": ("", "begin={year}&group=month", "begin={year}&group=department",
                          "begin={year}&group=person"),
    "/cases/statistics/export": ("begin={year}&group=department&format=csv",),
    "/search": ("q=王", "q=wangxiuying", "q=wxy", "q=zh", "q=0001", "q=投诉", "q=C000123", "q=bz"),
    "/spot-checks": ("", "state=open", "verdict=failed", "department=骨科"),
    "/phone/desk": ("extension=7100",),
    "/recordings": ("", DEEP, "sort=-length", "q=王秀英", "department=骨科", "told=finding"),
    "/recordings/export": ("q=ZY010001&format=csv",),
    "/recordings/live": ("since={month}",),
    "/messages": ("", DEEP, "state=failed", "q=王秀英", "q=C000123", "begin={month}"),
    "/messages/export": ("begin={month}&format=csv",),
    # ask for a voice on the machine, for somebody who is not signed in, for a call by hand, for
    # what is not seeded
    "/prompts": (), "/sign-in": (), "/sign-in/code": (), "/spot-checks/items/{id}/answers": (),
    "/messages/templates/{id}": (), "/messages/templates/{id}/versions": (),
    "/recordings/{id}/messages/{message}": (),
}
# where the ids of a room's pages are found: some of the newest, or of the largest
_IDS: Mapping[str, str] = {
    "patients": "SELECT patient_id FROM (SELECT patient_id FROM attempt LIMIT 5000) AS few "
                "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 12",
    "campaigns": "SELECT campaign_id FROM task GROUP BY 1 ORDER BY count(*) DESC LIMIT 3",
    "alerts": "SELECT id FROM alert ORDER BY created_at DESC LIMIT 6",
    "recordings": "SELECT id FROM recording ORDER BY created_at DESC LIMIT 6",
    "people": "SELECT id FROM app_user ORDER BY created_at LIMIT 6",
    "cases": "SELECT id FROM feedback_case ORDER BY created_at DESC LIMIT 6",
    "spot-checks": "SELECT id FROM spot_check_plan ORDER BY created_at DESC LIMIT 3",
    "spot-checks/items": "SELECT id FROM spot_check ORDER BY checked_at DESC LIMIT 6"}
_TIMED = web.RequestKey("timed", tuple[float, int])        # since when, and its place
_PLACE = re.compile(r"\{\w+\}")
_AFTER = re.compile(r"[?&;]after=([\w=%-]+)")


async def measure(database: Database, times: int = TIMES) -> dict[str, Any]:
    """Milliseconds within the server by page, of an export to its first byte, and which take longer
    than they should; each is visited so many ``times``."""
    pages: dict[str, Any] = {}
    await _seal_trail(database)
    async with console(database) as (client, took, token):
        ids = {**await _ids(database), "token": [token]}
        ids["clips"] = await _clips(database, ids["recordings"][:1])
        for route, query in _visits(ids["campaigns"][0]):
            failed, sent, last = "", "", []
            for number in range(times):
                status, sent = await visit(client, route, query, ids, number)
                if status != 200:
                    failed = f"status {status}"
                    break
                last.append(took[-1])              # of several pages, the one they led to
            label = f"{route}?{query}" if query else route
            pages[label] = {"failed": failed} if failed else {
                **spread(last), "bytes": len(sent)}
    over = {label: each["p99_ms"] for label, each in pages.items()
            if each.get("p99_ms", 0) > GOAL_MS}
    return {"goal_ms": GOAL_MS, "times": times, **pages,
            "failed": [label for label, each in pages.items() if "failed" in each],
            "over": sorted(over, key=over.__getitem__, reverse=True)}


def _visits(campaign: str) -> Iterator[tuple[str, str]]:
    today = now().date()
    told = {"campaign": campaign, "month": (today - timedelta(days=30)).isoformat(),
             "year": (today - timedelta(days=365)).isoformat()}
    for route in ROUTES:
        if (route.method == "GET" or route.path == SEARCH) and route.path not in NO_PAGES:
            for query in VISITS.get(route.path, ("",)):
                yield route.path, query.format(**told)


async def visit(client: Client, route: str, query: str, ids: Mapping[str, Sequence[str]],
                number: int) -> tuple[int, str]:
    """Open a page once; its status and what was sent."""
    room = "spot-checks/items" if "/items/" in route else route.strip("/").partition("/")[0]
    known = ids.get(room) or ["0" * 32]
    path = _PLACE.sub(known[number % len(known)], route)
    if route == SEARCH:
        answer = await client.post(path, data={"q": query.removeprefix("q="),
                                               "csrf_token": ids["token"][0]})
        return answer.status, await answer.text()
    if query != DEEP:
        return await _get(client, f"{path}?{query}")
    status, page = await _get(client, path)
    for _ in range(PAGES_ON):
        if status == 200 and (found := _AFTER.findall(page)):
            status, page = await _get(client, f"{path}?after={found[-1]}")
    return status, page


async def _get(client: Client, path: str) -> tuple[int, str]:
    answer = await client.get(path, allow_redirects=False)
    if path.partition("?")[0].endswith("/export"):     # however long: the beginning tells
        begun = await answer.content.readany()
        answer.close()
        return answer.status, begun.decode("utf-8", "replace")
    return answer.status, await answer.text("utf-8", errors="replace")


async def _ids(database: Database) -> dict[str, list[str]]:
    async with database.session() as session:
        return {room: [str(each) for each in await session.scalars(text(query))]
                for room, query in _IDS.items()}


async def _seal_trail(database: Database) -> None:
    """Hundreds of thousands of rows that were made at once: no console ever has so many to seal."""
    sealed = BATCH
    while sealed == BATCH:
        async with database.session() as session:
            sealed = await seal_some(session)


async def _clips(database: Database, recordings: Sequence[str]) -> list[str]:
    """The token of a clip of each, made for this: the database keeps none."""
    async with database.session() as session:
        return [await share(session, UUID(each), (0, 2000), "bench", 1, By("bench"))
                for each in recordings]


@asynccontextmanager
async def console(database: Database) -> AsyncIterator[tuple[Client, list[float], str]]:
    """A console that an administrator is signed in at; the seconds of each answer, in order; the
    token of its forms."""
    took: list[float] = []

    def mark(request: web.Request) -> None:
        if _TIMED in request:
            began, place = request.pop(_TIMED)
            took[place] = time.perf_counter() - began

    async def begins(request: web.Request, _: web.StreamResponse) -> None:
        mark(request)                        # of what is streamed, up to its first byte

    @web.middleware
    async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_TIMED] = time.perf_counter(), len(took)
        took.append(0.0)
        try:
            return await handler(request)
        finally:
            mark(request)

    with TemporaryDirectory(prefix="aftercall-bench-") as folder:
        for name in LIBRARIES:                         # no browser is here to load them
            Path(folder, name).touch()
        settings = Settings(data_dir=Path(folder), database={"url": database.url})
        app = create_app(settings, database, vendor_dir=Path(folder))
        app.middlewares.insert(0, timed)
        app.on_response_prepare.append(begins)
        async with database.session() as session:
            user = await session.scalar(select(User).where(User.username == "bench"))
            if user is None:
                user = User(username="bench", name="bench", role=Role.ADMINISTRATOR,
                            password_hash="!")  # noqa: S106 - nobody signs in by it
                session.add(user)
                await session.flush()
            token = await open_session(session, user, timedelta(hours=2))
        async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
            client.session.cookie_jar.update_cookies({SESSION_COOKIE: token})
            page = await (await client.get("/")).text()
            took.clear()
            yield client, took, page.partition('name="csrf_token" value="')[2].partition('"')[0]
