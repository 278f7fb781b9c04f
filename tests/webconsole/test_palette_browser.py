"""The palette in a browser: by keyboard, by an input method, by its button."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Route, expect

from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import browser, focused, open_desk, vendor_dir  # noqa: F401

pytestmark = pytest.mark.browser


async def test_ctrl_k_finds_and_goes_by_keyboard_alone(
        browser: Browser, server: TestServer, users: None, hospital: Hospital) -> None:  # noqa: F811
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    page = desk.page
    await expect(page.locator("[data-live].on")).to_have_count(1)    # its scripts are there
    await page.keyboard.press("Control+k")
    field = page.locator("#palette-input")
    await focused(field)
    await expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")

    # letters that an input method is still composing find nothing; what they become does
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or "")
            if request.url.endswith("/search") else None)
    await field.evaluate("""e => { e.value = "wang'xiu";
      e.dispatchEvent(new InputEvent("input", {isComposing: true, bubbles: true}));
      e.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true})); }""")
    await field.evaluate("""e => { e.value = "王秀";
      e.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true})); }""")
    await expect(page.get_by_role("option")).to_contain_text(["王秀英"])
    assert [dict(parse_qsl(each))["q"] for each in asked] == ["王秀"]

    # an answer that comes late is not shown for letters typed since
    sent, late, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        if "lijianguo" in (route.request.post_data or ""):
            sent.set()
            await late.wait()
            await route.continue_()
            gone.set()
        else:
            await route.continue_()

    await page.route("**/search", slowly)
    await field.fill("lijianguo")
    await sent.wait()
    await field.fill("zlh")
    await expect(page.get_by_role("option")).to_contain_text(["赵丽华"])
    late.set()
    await gone.wait()
    await expect(page.get_by_role("option")).to_contain_text(["赵丽华"])
    await expect(page.locator("#palette-said")).to_contain_text("1")

    await page.keyboard.press("Escape")
    await expect(page.locator("#palette")).not_to_be_visible()
    await page.locator("#palette-open").click()                       # for touch
    await field.fill("投诉")
    await expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    chosen = page.locator('[role="option"][aria-selected="true"]')
    await expect(chosen).to_have_count(1)
    assert await field.get_attribute("aria-activedescendant") == await chosen.get_attribute("id")
    await field.fill("wxy")
    await page.keyboard.press("Enter")                                # before the answer is there
    await expect(page.locator("h1")).to_contain_text("王秀英")
    assert desk.objections == []
