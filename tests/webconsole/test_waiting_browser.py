"""Waiting for a slow answer, and going without one, in a real Chromium."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Route, expect

from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import CHROMIUM, Browser, browser, open_desk, vendor_dir

__all__ = ["browser", "vendor_dir"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: as root, apt-get install chromium"),
]


async def test_a_list_says_that_it_is_coming_and_that_it_did_not_come(
        browser: Browser, server: TestServer, hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    page = desk.page
    await desk.sign_in("agent")
    await desk.go("/patients")
    found, search = page.locator("#patient-list"), page.get_by_label("搜索")
    let_go, how = asyncio.Event(), ["slow"]

    async def answer(route: Route) -> None:
        if how[-1] == "slow":
            await let_go.wait()
            await route.continue_()
        elif how[-1] == "away":
            await route.abort()
        else:
            await route.fulfill(status=503)

    await page.route("**/patients?q=*", answer)
    await search.fill("王秀英")
    await expect(found).to_have_attribute("aria-busy", "true")
    let_go.set()
    await expect(found.locator("tbody tr")).to_have_count(1)
    await expect(found).not_to_have_attribute("aria-busy", "true")
    for answered, typed, words in (("away", "郑", "没有连上服务器"),
                                   ("refused", "郑小", "服务器没能完成")):
        how.append(answered)
        await search.fill(typed)
        await expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
        await expect(found).not_to_have_attribute("aria-busy", "true")
        await expect(found.locator("tbody tr")).to_have_count(1)      # as it was
    how.append("slow")
    await search.fill("郑小燕")
    await expect(found).to_contain_text("郑小燕")
    await expect(page.get_by_role("alert")).to_have_count(0)
