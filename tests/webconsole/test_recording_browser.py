"""An encrypted recording in a real Chromium: played from any moment, and not once it is changed."""

from __future__ import annotations

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect

from followup.database.engine import Database
from followup.settings import Settings
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    open_desk,
    played_to,
    pytestmark,
    vendor_dir,
)
from tests.webconsole.test_recordings import encrypt


async def test_it_plays_from_a_mark_and_says_when_it_was_changed(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        settings: Settings, hospital: Hospital) -> None:
    _, file = await encrypt(database, settings)
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    await desk.go(f"/recordings/{hospital.recording}")
    sound = desk.page.locator("audio")
    notice = desk.page.locator("[data-changed]")
    await desk.page.locator('.mark[data-seek="47.0"]').click()
    await played_to(sound, 47.1)
    await expect(notice).to_be_hidden()
    sealed = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    await desk.page.reload()
    await desk.page.locator('.mark[data-seek="1.2"]').click()
    await expect(notice).to_be_visible()
