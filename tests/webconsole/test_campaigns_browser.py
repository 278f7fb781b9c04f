"""Campaigns in a real Chromium: made by the wizard, started, watched, paused; both widths."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect
from sqlalchemy import select, update

from followup.campaigns.holidays import set_holiday
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    FAINT,
    UNNAMED,
    browser,
    open_desk,
    pytestmark,
    vendor_dir,
)
from tests.webconsole.test_prompts import server  # noqa: F401  a voice of tones
from webconsole.forecast import ahead

REFUSED = "Failed to load resource: the server responded with a status of 422"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [1440, 390])
async def test_a_campaign_is_made_started_watched_and_paused(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(ahead, "DAYS", 5)
    monkeypatch.setattr(ahead, "PATIENCE_S", 90.0)
    desk = await open_desk(browser, server, width=width)
    await desk.sign_in("supervisor")
    page = desk.page

    async def fits() -> None:
        await desk.settled()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(UNNAMED) == []
        assert await page.evaluate(FAINT) == []

    await desk.unfold_menu()
    await page.get_by_role("link", name="随访任务").click()
    await page.get_by_role("link", name="新建任务").click()
    await page.get_by_label("任务名称").fill("骨科回访")
    await fits()
    await page.get_by_label("任务名称").press("Enter")
    await page.get_by_text("粘贴病历号").click()
    await page.get_by_label("病历号", exact=True).fill("MR2026001\nMR2026009")
    await fits()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("选中 2 位患者")).to_be_visible()
    await page.get_by_label("最多等待（秒）").fill("99")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("alert")).to_contain_text("0 到 20")
    await page.get_by_label("最多等待（秒）").fill("10")
    await fits()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("#forecast svg")).to_have_count(4, timeout=90_000)
    await page.get_by_label("值班坐席人数").fill("3")
    await page.get_by_role("button", name="重新预测").click()
    await expect(page.locator("#forecast")).to_contain_text("3 位坐席", timeout=90_000)
    await expect(page.locator("#forecast")).to_contain_text("2 位坐席")
    await fits()
    await page.get_by_role("button", name="创建并启动").click()
    await expect(page.get_by_role("heading", name="骨科回访")).to_contain_text("进行中")
    await expect(page.locator("[data-live].on")).to_have_count(1)
    await expect(page.locator("[data-number=due]")).to_have_text("2")
    await page.evaluate("window.sameDocument = true")
    async with database.session() as session:
        campaign = await session.scalar(select(Campaign.id).where(Campaign.name == "骨科回访"))
        one = await session.scalar(select(Task.id).where(Task.campaign_id == campaign).limit(1))
        await session.execute(update(Task).where(Task.id == one).values(
            disposition="busy", attempts_made=1, due_at=now() + timedelta(minutes=10)))
    await expect(page.locator("[data-number=later]")).to_have_text("1")
    await expect(page.locator("[data-rung=busy-1]")).to_contain_text("1 人等待")
    assert await page.evaluate("window.sameDocument") is True
    await page.get_by_role("button", name="暂停").click()
    await expect(page.get_by_role("heading", name="骨科回访")).to_contain_text("已暂停")
    await page.get_by_role("link", name="取消").click()
    await page.get_by_role("button", name="确认取消").click()
    await expect(page.get_by_role("heading", name="骨科回访")).to_contain_text("已取消")
    await fits()
    assert [said for said in desk.objections if not said.startswith(REFUSED)] == []


async def test_the_list_follows_what_happens_and_keeps_its_filter(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("manager")
    await desk.go("/campaigns")
    page = desk.page
    await expect(page.locator("[data-live].on")).to_have_count(1)
    await page.get_by_label("状态").select_option("running")
    row = page.locator(f'tr[id="campaign-{hospital.campaign}"]')
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page).to_have_url(re.compile("state=running"))
    async with database.session() as session:
        await session.execute(update(Task).where(Task.state == TaskState.DUE)
                              .values(state=TaskState.GAVE_UP))
    await expect(row).to_contain_text("已有结果 9")
    await row.get_by_role("button", name="暂停").click()
    await expect(page.get_by_text("没有随访任务")).to_be_visible()
    await expect(page).to_have_url(re.compile("state=running"))
    async with database.session() as session:
        assert (await session.get_one(Campaign, hospital.campaign)).state is CampaignState.PAUSED
    assert desk.objections == []


@pytest.mark.parametrize(("width", "scheme", "language"), [
    (1440, "light", "中文"), (390, "dark", "English")])
async def test_no_campaign_page_gives_cause_for_objection(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital, width: int, scheme: str, language: str) -> None:
    async with database.session() as session:                 # the longest of everything
        questionnaire = (await session.get_one(Campaign, hospital.campaign)).questionnaire_id
        session.add(Campaign(id=uuid.uuid4(), questionnaire_id=questionnaire, mode="predictive",
                             name="Maximilian-Alexander-von-und-zu-Hohenlohe-Langenburg 回访"))
        session.add(Campaign(id=uuid.uuid4(), name="坏", questionnaire_id=questionnaire,
                             rules={"priority": "x"}))
        for number, why in enumerate(Held):
            await session.execute(update(Task).where(Task.id == hospital.tasks[number]).values(
                state=TaskState.DUE, held_why=why, due_at=now() + timedelta(hours=1)))
        await set_holiday(session, (now() + timedelta(days=3)).date(), "国庆节", actor="test")
        bad = await session.scalar(select(Campaign.id).where(Campaign.name == "坏"))
    desk = await open_desk(browser, server, width, 844 if width == 390 else 900, scheme)
    await desk.sign_in("administrator")
    if language == "English":
        await desk.to_english()
    pages = ["/campaigns", "/campaigns?q=nobody", f"/campaigns/{hospital.campaign}",
             f"/campaigns/{hospital.campaign}?cancel=1", f"/campaigns/{bad}",
             f"/campaigns/{hospital.campaign}/rules", "/campaigns/new", "/calendar"]
    for path in pages:
        await desk.go(path)
        await desk.look_over(f"{path} in {language}, {scheme}")
    assert desk.objections == []
