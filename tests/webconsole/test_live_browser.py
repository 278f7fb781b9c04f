"""Lists that keep themselves up to date while answers are slow, in a real Chromium."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, Route, expect

from followup.database.engine import Database
from tests.followup.cases.hospital import tell
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    open_desk,
    pytestmark,
    vendor_dir,
)


@dataclass
class Held:
    """The first answer that a page's list fetches by itself: made, and not there yet."""

    made: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    there: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, route: Route) -> None:
        if self.made.is_set() or "hx-request" not in route.request.headers:
            await route.continue_()
            return
        response = await route.fetch()
        self.made.set()
        await self.let_go.wait()
        await route.fulfill(response=response)
        await route.request.response()
        self.there.set()


async def praise(database: Database, words: str) -> None:
    async with database.session() as session:
        await tell(session, kind="praise", severity="", description=words)


async def open_list(browser: Browser, server: TestServer) -> Page:  # noqa: F811
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    await desk.go("/cases")
    await expect(desk.page.locator("[data-live].on")).to_have_count(1)
    return desk.page


async def while_it_fetches(browser: Browser, server: TestServer,  # noqa: F811
                           database: Database) -> tuple[Page, Held]:
    """A list that has heard of a first praise, whose answer is held on its way."""
    page, held = await open_list(browser, server), Held()
    await page.route("**/cases", held.answer)
    await praise(database, "谢谢李医生")
    await held.made.wait()
    return page, held


async def test_a_change_that_comes_while_the_list_is_fetched_is_shown_too(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital) -> None:
    page, held = await while_it_fetches(browser, server, database)
    async with page.expect_response("**/cases/count"):        # the page has heard of this one
        await praise(database, "谢谢方护士")
    held.let_go.set()
    await expect(page.locator("#case-list")).to_contain_text("谢谢方护士")


async def test_what_the_list_fetched_by_itself_is_not_shown_over_a_filter(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital) -> None:
    page, held = await while_it_fetches(browser, server, database)
    await page.get_by_label("类型").select_option("complaint")
    await expect(page.locator(".applied")).to_contain_text("投诉")
    async with page.expect_response("**/cases?*kind=complaint*"):   # it fetches itself anew
        held.let_go.set()
        await held.there.wait()
    await expect(page.locator(".applied")).to_contain_text("投诉")
    await expect(page.locator("#case-list")).not_to_contain_text("谢谢李医生")
