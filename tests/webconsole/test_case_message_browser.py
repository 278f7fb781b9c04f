"""A message to a patient is written in a real browser, by somebody in a hurry."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect
from sqlalchemy import update

from followup.database.engine import Database
from followup.messages.models import Message
from followup.messages.states import MessageState
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import browser, open_desk, pytestmark, vendor_dir
from tests.webconsole.test_case_message import provider, settings
from tests.webconsole.test_every_page import AXE, STANDARD

__all__ = ["browser", "provider", "pytestmark", "settings", "vendor_dir"]


async def test_the_text_is_seen_as_it_will_be_while_it_is_written_and_sent_once(
        browser: Browser, server: TestServer, hospital: Hospital, vendor_dir: Path,
        database: Database) -> None:
    desk = await open_desk(browser, server, 390)
    await desk.sign_in("supervisor")
    await desk.go(f"/cases/{hospital.case}")
    page, form = desk.page, desk.page.locator("#message")
    await form.get_by_label("答复内容").fill("已向当班护士核实")
    await form.get_by_label("短信模板").focus()               # leaving the field shows the text
    shown = form.locator(".message-preview")
    await expect(shown).to_contain_text("）：已向当班护士核实。退订回T")
    await form.get_by_label("短信模板").select_option("SMS_100002")
    await expect(shown).to_contain_text("【和安医院】和安医院请您回电。")
    axe = (vendor_dir / "axe.js").read_text("utf-8")
    for path in (None, "/cases/settings"):
        if path:
            await desk.go(path)
            await page.locator("#severities summary").first.click()
        await desk.look_over(path or "a case with a message")
        await page.evaluate("window.scrollTo(0, 0)")         # the head of the page covers nothing
        await page.evaluate(axe)
        assert await page.evaluate(AXE, STANDARD) == []
        if path is None:
            await form.get_by_role("button", name="发送短信").dblclick()
            await expect(page.locator(".event-messaged")).to_have_count(1)
            await expect(page.locator(".event-messaged")).to_contain_text("和安医院请您回电。")
            await expect(form.get_by_label("答复内容")).to_have_value("")   # the next one's form
            await form.get_by_label("答复内容").fill("还没写完")
            await expect(page.locator("[data-live].on")).to_have_count(1)
            async with database.session() as session:         # the provider tells of it
                await session.execute(update(Message).values(state=MessageState.DELIVERED))
            await expect(page.locator(".event-messaged")).to_contain_text("已送达")
            await expect(form.get_by_label("答复内容")).to_have_value("还没写完")
    assert desk.objections == []
