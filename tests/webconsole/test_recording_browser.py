"""An encrypted recording in a real Chromium: played from any moment, and not once it is changed."""

from __future__ import annotations

import asyncio
import re

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Route, expect

from followup.database.engine import Database
from followup.settings import Settings
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    comes_to,
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
    silent = desk.page.locator("[data-silent]:visible")
    await expect(silent).to_have_text(re.compile("医院一侧自始至终没有声音"))
    await expect(notice).to_be_hidden()
    sealed = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    # a mark is pressed at once, while scripts of the page are still to come
    pressed = asyncio.Event()

    async def late(route: Route) -> None:
        await pressed.wait()
        await route.continue_()

    await desk.page.route("**/js/live.js*", late)
    await desk.page.reload(wait_until="commit")
    await desk.page.locator('.mark[data-seek="1.2"]').click()
    pressed.set()
    await expect(notice).to_be_visible()


async def test_a_clip_is_dragged_put_right_by_keys_heard_alone_and_shared(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        settings: Settings, hospital: Hospital) -> None:
    await encrypt(database, settings)
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    await desk.go(f"/recordings/{hospital.recording}")
    page = desk.page
    wave, sound = page.locator("canvas.wave"), page.locator("audio")
    begin, end, hear = page.locator("#clip-from"), page.locator("#clip-to"), page.locator(
        "[data-clip-hear]")
    await expect(hear).to_be_disabled()
    await expect(wave).to_be_visible()
    await expect(page.locator("[data-silent]:visible")).to_have_count(1)   # nothing moves any more
    box = await wave.bounding_box()
    assert box is not None

    def at(second: float) -> tuple[float, float]:
        return box["x"] + box["width"] * second / 75, box["y"] + box["height"] / 2

    async def drag(first: float, last: float) -> None:
        await page.mouse.move(*at(first))
        await page.mouse.down()
        await page.mouse.move(*at((first + last) / 2))
        await page.mouse.move(*at(last))
        await page.mouse.up()

    async def second(field: Locator) -> float:
        minutes, _, rest = (await field.input_value()).partition(":")
        return int(minutes) * 60 + float(rest)

    await page.mouse.click(*at(60))                 # a click goes there, and chooses nothing
    await comes_to(sound, 60, within=1)
    await expect(hear).to_be_disabled()
    await drag(30, 20)
    assert abs(await second(begin) - 20) < 0.5
    assert abs(await second(end) - 30) < 0.5
    await drag(await second(end), 40)                        # an end by itself
    assert abs(await second(begin) - 20) < 0.5
    assert abs(await second(end) - 40) < 0.5
    await begin.fill("0:21.9")
    await begin.press("ArrowUp")
    await expect(begin).to_have_value("0:22")
    await end.fill("0:22.8")
    await end.press("ArrowDown")
    await end.press("PageUp")
    await expect(end).to_have_value("0:23.7")
    await expect(page.locator("[data-clip-length]")).to_have_text("0:01.7")
    await hear.click()
    await played_to(sound, 22.5)
    await expect(sound).to_have_js_property("paused", True)
    assert 23.6 <= await sound.evaluate("(audio) => audio.currentTime") < 30    # of 75
    await page.get_by_role("button", name="生成片段链接").click()
    await page.locator(".notice a[href^='/clips/']").click()
    await expect(page.locator("main")).to_contain_text("0:22–0:23.7")
    assert desk.objections == []
