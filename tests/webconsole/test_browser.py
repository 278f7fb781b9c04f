"""What people do at the console, in a real Chromium."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Page, Route, async_playwright, expect
from sqlalchemy import update

from aftercall.provision.chromium import find_chromium
from aftercall.provision.frontend import find_frontend
from followup.alerts.models import Alert, AlertState
from followup.campaigns.decisions import Reason
from followup.campaigns.models import Task, TaskState
from followup.database.engine import Database
from tests.webconsole.hospital import PASSWORD, Hospital
from tests.webconsole.test_pacing import decide
from webconsole.live import STREAMS

CHROMIUM = find_chromium()
SOON_MS = 30_000                          # beside telephone calls a page may take its time
expect.set_options(timeout=SOON_MS)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: as root, apt-get install chromium"),
]


@pytest.fixture
def vendor_dir() -> Path:
    """The real browser libraries."""
    return find_frontend(lambda _: None)


@pytest.fixture
async def browser(chromium: str, users: None, hospital: Hospital) -> AsyncIterator[Browser]:
    """A browser that has seen nothing yet, and forgets all with the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        for context in browser.contexts:
            await context.close()
        await browser.close()


class Desk:
    """A page, with everything that a careful eye would object to."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.objections: list[str] = []
        page.on("console", lambda said: self.objections.append(said.text)
                if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.objections.append(str(error)))
        page.on("request", lambda request: self.objections.append(f"foreign: {request.url}")
                if not request.url.startswith((base, "data:")) else None)

    async def go(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def look_over(self, where: str) -> None:
        """The page is live, no wider than its window, names its controls, and can be read."""
        await expect(self.page.locator("[data-live].on")).to_have_count(1)
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        assert self.page.viewport_size is not None
        assert wide <= self.page.viewport_size["width"], f"{where} is {wide} px wide"
        assert await self.page.evaluate(UNNAMED) == [], where
        assert await self.page.evaluate(FAINT) == [], where

    async def sign_in(self, username: str) -> None:
        await self.go("/sign-in")
        await self.page.get_by_label("用户名").fill(username)
        await self.page.get_by_label("密码").fill(PASSWORD)
        await self.page.keyboard.press("Enter")
        await expect(self.page).to_have_url(self.base + "/")
        await self.settled()

    async def settled(self) -> None:
        """Wait until the page that a click has led to is all there: its address, and what stands
        on top, come before its scripts."""
        await self.page.wait_for_load_state()

    async def unfold_menu(self) -> None:
        """In a narrow window the menu is folded away."""
        assert self.page.viewport_size is not None
        if self.page.viewport_size["width"] < 600:
            await self.page.get_by_role("button", name="菜单").click()

    async def to_english(self) -> None:
        await self.unfold_menu()
        await self.page.get_by_role("button", name="English").click()
        await expect(self.page.locator("html")).to_have_attribute("lang", "en")


async def open_desk(browser: Browser, server: TestServer, width: int = 1440,
                    height: int = 900, scheme: str = "light") -> Desk:
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", reduced_motion="reduce",
        color_scheme="dark" if scheme == "dark" else "light")
    context.set_default_timeout(SOON_MS)
    return Desk(await context.new_page(), str(server.make_url("")).rstrip("/"))


async def focused(field: Locator) -> None:
    """Wait until the keyboard is there, even if Chromium takes the whole window for inactive."""
    async with asyncio.timeout(SOON_MS / 1000):
        await field.evaluate("""e => new Promise((done) => {
          const look = () => document.activeElement === e ? done() : setTimeout(look, 50);
          look();
        })""")


async def comes_to(sound: Locator, second: float, within: float = 0.01) -> None:
    """Wait until the sound stands there."""
    async with asyncio.timeout(SOON_MS / 1000):
        await sound.evaluate("""(sound, [second, within]) => new Promise((done) => {
          const look = () => Math.abs(sound.currentTime - second) <= within ? done()
            : setTimeout(look, 50);
          look();
        })""", [second, within])


async def played_to(sound: Locator, second: float) -> float:
    """Wait until the sound has come so far; where it was when that was seen, in seconds.
    (Waiting inside the page would need eval.)"""
    async with asyncio.timeout(40):
        return await sound.evaluate("""(sound, second) => new Promise((done) => {
          const look = () => { if (sound.currentTime > second) done(sound.currentTime); };
          sound.addEventListener("timeupdate", look);
          look();
        })""", second)


async def test_numbers_change_without_a_reload(browser: Browser, server: TestServer,
                                               database: Database, hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    page = desk.page
    await expect(page.locator("[data-live]")).to_have_text("实时更新")
    await expect(page.locator("[data-number=due]")).to_have_text("3")
    await expect(page.locator("#settled")).to_have_text("6 / 12 已有结果")
    await page.evaluate("window.sameDocument = true")
    async with database.session() as session:
        await session.execute(update(Task).where(Task.state == TaskState.DUE)
                              .values(state=TaskState.GAVE_UP))
        await session.execute(update(Alert).where(Alert.id == hospital.alerts[1])
                              .values(state=AlertState.CLOSED))
    await expect(page.locator("[data-number=due]")).to_have_text("0")
    await expect(page.locator("#settled")).to_have_text("9 / 12 已有结果")
    await expect(page.locator(".nav .badge")).to_have_text("1")
    assert await page.evaluate("window.sameDocument") is True
    before = await page.locator("time[data-since]").first.text_content()
    await expect(page.locator("time[data-since]").first).not_to_have_text(before or "")
    assert desk.objections == []


async def test_a_decision_of_the_pacing_is_seen_at_once(
        browser: Browser, server: TestServer, database: Database, hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    page = desk.page
    await page.get_by_role("link", name="拨号决策").click()
    await expect(page.locator("#pacing")).to_contain_text("最近没有决策")
    await expect(page.locator("[data-live]")).to_have_text("实时更新")
    await decide(database, Reason.AHEAD, placed=3)
    await expect(page.locator("#pacing")).to_contain_text("空闲 1 人")
    assert desk.objections == []


async def test_a_page_catches_up_after_the_network_was_gone(
        browser: Browser, server: TestServer, database: Database, hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    await expect(desk.page.locator("[data-live]")).to_have_text("实时更新")
    for stream in list(server.app[STREAMS]):
        stream.end()                                          # as when the console restarts
    async with database.session() as session:
        await session.execute(update(Task).where(Task.state == TaskState.DUE)
                              .values(state=TaskState.GAVE_UP))
    await expect(desk.page.locator("[data-number=due]")).to_have_text("0")
    await expect(desk.page.locator("[data-live]")).to_have_text("实时更新")


async def test_a_recording_really_plays_and_jumps(browser: Browser, server: TestServer,
                                                  database: Database, hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    page = desk.page
    await page.get_by_role("link", name="患者", exact=True).click()
    await expect(page).to_have_url(re.compile("/patients$"))
    await desk.settled()
    await page.get_by_label("搜索").fill("王秀")
    await expect(page.locator("#patient-list tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="王秀英").click()
    sound = page.locator("audio")
    await expect(sound).to_have_count(1)
    await desk.settled()
    assert await sound.evaluate("a => a.readyState") == 0          # nothing is fetched beforehand
    # a change while the sound is still on its way does not take it away
    arrived = asyncio.Event()

    async def slowly(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route("**/audio", slowly)
    await sound.evaluate("a => { a.muted = true; a.play() }")
    async with page.expect_response(re.compile("/live")), database.session() as session:
        await session.execute(update(Alert).values(note="w"))
    arrived.set()
    await played_to(sound, 0.3)
    assert await sound.evaluate("a => Math.round(a.duration)") == 75
    await page.get_by_role("button", name="0:26 异常").click()
    assert await played_to(sound, 26.6) < 60
    # on a busy machine it has played on until it was told to pause
    await sound.evaluate("a => { a.pause(); a.currentTime = 26.7; }")
    await expect(page.locator(".mark.current")).to_contain_text("今天的体温")
    await sound.evaluate("a => { a.play(); }")
    # a change elsewhere does not interrupt whoever listens
    async with database.session() as session:
        await session.execute(update(Alert).values(note="x"))
    await played_to(sound, 28.2)
    assert desk.objections == []


async def test_an_alert_is_closed_from_the_keyboard(browser: Browser, server: TestServer,
                                                    database: Database,
                                                    hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("agent")
    page = desk.page
    await page.get_by_role("link", name="待处理警报").press("Enter")
    await expect(page.get_by_role("row").nth(1)).to_contain_text("李建国")
    await page.get_by_role("link", name="处理", exact=True).first.press("Enter")
    await page.get_by_label("处理说明").fill("已联系家属，立即来院。")
    await page.get_by_role("button", name="关闭警报").press("Enter")
    await expect(page).to_have_url(desk.base + "/alerts")
    await expect(page.locator(".closed-list")).to_contain_text("已联系家属，立即来院。")
    await expect(page.locator(".nav .badge")).to_have_text("1")
    async with database.session() as session:
        closed = await session.get_one(Alert, hospital.alerts[1])
    assert (closed.state, closed.closed_by) == (AlertState.CLOSED, "林护士")
    assert desk.objections == []


async def test_the_first_tab_skips_to_the_content(browser: Browser, server: TestServer) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("agent")
    await desk.page.keyboard.press("Tab")
    skip = desk.page.get_by_role("link", name="跳到主要内容")
    await focused(skip)
    await desk.page.keyboard.press("Enter")
    await focused(desk.page.locator("#main"))


# links, buttons and fields that a screen reader could not name
UNNAMED = """() => [...document.querySelectorAll(
  'a, button, input:not([type=hidden]), select, textarea, audio')].filter((e) => {
    const label = e.labels && e.labels.length ? e.labels[0].textContent : '';
    return !(e.getAttribute('aria-label') || label || e.textContent || '').trim();
  }).map((e) => e.outerHTML.slice(0, 120))"""

# texts with less contrast than WCAG AA asks for: 4.5, or 3 when large
FAINT = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0.99) return c; }
    return parse(getComputedStyle(document.body).getPropertyValue('background-color')); };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(style.color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 ||
      (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const text = e.textContent.trim().slice(0, 30);
    if (ratio < (large ? 3 : 4.5)) found.push([text, ratio.toFixed(2)]);
  }
  return found;
}"""
