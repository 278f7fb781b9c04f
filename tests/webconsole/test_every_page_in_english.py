"""Every page in English, whose words are longer, in a narrow window."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from tests.webconsole.test_browser import Browser, browser, open_desk, pytestmark, vendor_dir
from tests.webconsole.test_every_page import NARROW, paths, told, too_wide

__all__ = ["browser", "paths", "pytestmark", "vendor_dir"]


@pytest.mark.timeout(240)
async def test_no_page_is_wider_than_a_telephone_in_english(
        browser: Browser, server: TestServer, paths: list[str]) -> None:
    desk = await open_desk(browser, server, **NARROW)
    await desk.sign_in("administrator")
    await desk.to_english()
    found = {}
    for path in paths:
        await desk.go(path)
        await expect(desk.page.locator("html")).to_have_attribute("lang", "en")
        if wide := await too_wide(desk):
            found[path] = wide
    assert found == {}, told(found)
    assert desk.objections == []
