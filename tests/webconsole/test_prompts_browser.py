"""The prompts page in a real Chromium: recording a prompt and hearing it, in both widths."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect

from tests.ivr.prompts.sounds import tone
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    open_desk,
    played_to,
    pytestmark,
    vendor_dir,
)
from tests.webconsole.test_prompts import SPEECH, server  # noqa: F401  a fixture

REFUSED = "Failed to load resource: the server responded with a status of 422"


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_prompt_is_recorded_and_heard(
        browser: Browser, server: TestServer, hospital: Hospital,  # noqa: F811
        tmp_path: Path, width: int) -> None:
    short, good = tmp_path / "short.wav", tmp_path / "good.wav"
    short.write_bytes(tone(seconds=0.1))
    good.write_bytes(SPEECH)
    desk = await open_desk(browser, server, width=width)
    await desk.sign_in("administrator")
    page = desk.page
    await desk.unfold_menu()
    await page.get_by_role("link", name="提示音").click()
    row = page.locator('tr[id="prompt:goodbye"]')
    await row.locator("summary").click()
    await row.locator("input[type=file]").set_input_files(short)
    await row.get_by_role("button", name="保存").click()
    await expect(row.get_by_role("alert")).to_contain_text("录音太短")
    assert [said for said in desk.objections if not said.startswith(REFUSED)] == []
    await row.locator("input[type=file]").set_input_files(good)
    await row.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    await expect(row).to_have_count(0)                     # nothing is missing there any more
    await page.get_by_label("显示", exact=True).select_option("recorded")
    await page.locator(".filters").get_by_role("button").click()
    await expect(row).to_contain_text("真人录音")
    sound = row.locator("audio")
    await sound.evaluate("a => { a.muted = true; return a.play() }")
    await played_to(sound, 0.2)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert [said for said in desk.objections if not said.startswith(REFUSED)] == []
