"""Spot checks in a real Chromium: a sample is drawn, a call heard, scored, appealed, decided."""

from __future__ import annotations

import hashlib
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect
from sqlalchemy import update

from followup.calls.models import Recording
from followup.database.engine import Database
from followup.people.models import Role
from followup.settings import Settings
from followup.spotchecks import desk as steps
from followup.spotchecks import rechecks
from followup.spotchecks.models import CallAgainBy
from tests.followup.spotchecks.ward import ALL_WELL, POOR, actor, open_checks
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    comes_to,
    open_desk,
    played_to,
    pytestmark,
    vendor_dir,
)

RATE = 8000


def talk(folder: Path) -> str:
    """Its SHA-256. 75 s: the patient at 2 to 6 s, the hospital at 60 to 70 s, else silence."""
    def tone(seconds: float) -> np.ndarray:
        return (9000 * np.sin(2 * np.pi * 500 * np.arange(round(seconds * RATE)) / RATE))

    sides = np.zeros((75 * RATE, 2))
    sides[2 * RATE:6 * RATE, 0] = tone(4)
    sides[60 * RATE:70 * RATE, 1] = tone(10)
    path = folder / "2026" / "talk.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(sides.astype("<i2").tobytes())
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
async def talking(database: Database, settings: Settings, hospital: Hospital) -> Hospital:
    digest = talk(settings.recordings_dir)
    async with database.session() as session:
        await session.execute(update(Recording).where(Recording.id == hospital.recording)
                              .values(file="2026/talk.wav", sha256=digest))
    return hospital


async def test_a_plan_leads_to_a_score_an_appeal_and_a_decision(
        browser: Browser, server: TestServer, hospital: Hospital) -> None:  # noqa: F811
    auditor = await open_desk(browser, server)
    await auditor.sign_in("auditor")
    page = auditor.page
    await page.get_by_role("link", name="抽检", exact=True).click()
    await page.get_by_role("link", name="新建抽检").click()
    await page.get_by_label("名称", exact=True).fill("十一月抽检")
    await page.get_by_label("抽样方式").select_option("stratified")
    await page.get_by_label("样本量").fill("7")
    await page.get_by_label("双人盲检比例").fill("0")
    await page.get_by_role("button", name="抽取样本").click()
    await expect(page.get_by_role("heading", name="十一月抽检")).to_be_visible()
    await page.get_by_role("link", name="查看 王秀英 的抽检").click()
    await expect(page.locator("audio")).to_have_count(1)
    path = re.sub(r"^.*?(/spot-checks/)", r"\1", page.url)
    await page.get_by_role("button", name=re.compile("试听：.*体温")).click()
    sound = page.locator("audio")
    await played_to(sound, 18.5)
    # on a busy machine it has played on until it was told to pause
    await sound.evaluate("a => { a.pause(); a.currentTime = 18.5; }")
    await expect(page.get_by_label("时刻")).to_have_value("0:18")
    await page.get_by_label("批注", exact=True).fill("没有追问体温的时间")
    await page.get_by_role("button", name="添加批注").click()
    await expect(page.locator(".mark-note")).to_contain_text("没有追问体温的时间")
    for key, points in POOR.items():
        await page.locator(f"[id='mark-{key}']").select_option(points)
    await page.get_by_role("button", name="提交评分").click()
    await expect(page.locator(".verdict-card")).to_contain_text("56.4")
    assert auditor.objections == []

    agent = await open_desk(browser, server)
    await agent.sign_in("agent")
    await agent.page.get_by_role("link", name="抽检", exact=True).click()
    await agent.page.get_by_role("link", name="查看 王秀英 的抽检").click()
    await agent.page.get_by_label("申诉理由").fill("0:27 已经追问，请再听。")
    await agent.page.get_by_role("button", name="提交申诉").press("Enter")
    await expect(agent.page.locator("h1")).to_contain_text("申诉中")
    assert agent.objections == []

    judge = await open_desk(browser, server)
    await judge.sign_in("supervisor")
    await judge.go(path)
    await judge.page.get_by_label(re.compile("得分")).fill("85")
    await judge.page.get_by_label("理由", exact=True).fill("申诉成立")
    await judge.page.get_by_role("button", name="成立，改分").click()
    await expect(judge.page.locator(".verdict-card")).to_contain_text("85.0")
    await expect(judge.page.locator("h1")).to_contain_text("申诉已处理")
    await judge.go("/spot-checks/results")
    await expect(judge.page.locator("#people-h + table")).to_contain_text("林护士")
    assert judge.objections == []


async def test_the_player_is_worked_from_the_keyboard(
        browser: Browser, server: TestServer, talking: Hospital) -> None:  # noqa: F811
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    page = desk.page
    async with page.expect_response("**/peaks"):
        await desk.go(f"/patients/{talking.patients[0]}")
    sound, shape = page.locator("audio"), page.locator("canvas.wave")
    await sound.evaluate("a => { a.muted = true }")
    await expect(shape).to_be_visible()
    await shape.focus()
    await page.keyboard.press("ArrowRight")
    await comes_to(sound, 5)
    await page.keyboard.press("PageDown")                    # the next mark: 0:08 answer
    await comes_to(sound, 8.3)
    await expect(shape).to_have_attribute("aria-valuetext", "0:08")
    await page.keyboard.press("Space")
    await played_to(sound, 8.6)
    await page.keyboard.press("Space")
    await expect(sound).to_have_js_property("paused", True)
    await page.keyboard.press("Home")
    await comes_to(sound, 0)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(sound).to_have_js_property("playbackRate", 1.5)
    await page.get_by_label("语速").select_option("3")
    await expect(sound).to_have_js_property("playbackRate", 3)
    await expect(sound).to_have_js_property("preservesPitch", True)
    await page.get_by_role("button", name="后退 5 秒").press("Enter")
    # a press on the waveform goes there
    box = await shape.bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + 20)
    await comes_to(sound, 60, within=0.5)
    assert desk.objections == []


async def test_silence_is_left_out_when_asked(browser: Browser, server: TestServer,  # noqa: F811
                                              talking: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    page = desk.page
    async with page.expect_response("**/peaks"):
        await desk.go(f"/patients/{talking.patients[0]}")
    await page.get_by_label("跳过静音").check()
    sound = page.locator("audio")
    await sound.evaluate("a => { a.muted = true; a.currentTime = 5; return a.play() }")
    assert await played_to(sound, 59.7) < 70                 # 54 s of silence, not waited for
    assert desk.objections == []


async def test_each_side_is_drawn_on_its_half(browser: Browser, server: TestServer,  # noqa: F811
                                              talking: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("auditor")
    async with desk.page.expect_response("**/peaks"):
        await desk.go(f"/patients/{talking.patients[0]}")
    drawn = """(canvas) => {
      const { data, width, height } = canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height);
      const filled = (from, to, top, bottom) => { let count = 0;
        for (let y = Math.round(top * height); y < bottom * height; y += 1)
          for (let x = Math.round(from / 75 * width); x < to / 75 * width; x += 1)
            count += data[(y * width + x) * 4 + 3] > 60;
        return count / ((to - from) / 75 * width * (bottom - top) * height); };
      return [filled(2.5, 5.5, 0.3, 0.45), filled(2.5, 5.5, 0.55, 0.7),
              filled(61, 69, 0.3, 0.45), filled(61, 69, 0.55, 0.7)]; }"""
    shape = desk.page.locator("canvas.wave")
    await expect(shape).to_be_visible()
    await shape.evaluate("""(canvas) => new Promise((done) => { const look = () => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      if (data.some((part) => part)) done(); else requestAnimationFrame(look); }; look(); })""")
    above_early, below_early, above_late, below_late = await shape.evaluate(drawn)
    await expect(desk.page.locator("[data-silent]:visible")).to_have_count(0)
    assert above_early > 0.5 > below_early + 0.3
    assert below_late > 0.5 > above_late + 0.3


@pytest.mark.parametrize(("width", "scheme", "language"), [
    (1440, "light", "中文"), (390, "dark", "English")])
async def test_no_page_of_spot_checks_gives_cause_for_objection(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital, width: int, scheme: str, language: str) -> None:
    await open_checks(database, hospital, double_percent=30)
    assert hospital.check
    async with database.session() as session:
        inspector, other = await actor(session, Role.AUDITOR), await actor(session, Role.SUPERVISOR)
        check = await steps.score(session, hospital.check, POOR, "没有追问", inspector)
    if check.twice:
        async with database.session() as session:
            await steps.score(session, hospital.check, ALL_WELL, "", other)
    async with database.session() as session:
        await steps.note(session, hospital.check, 27_400, "这里没有追问体温的时间", inspector)
        await rechecks.call_again(session, hospital.check, CallAgainBy.HAND, inspector)
    desk = await open_desk(browser, server, width, 844 if width == 390 else 900, scheme)
    await desk.sign_in("administrator")
    if language == "English":
        await desk.to_english()
    for path in ("/spot-checks", "/spot-checks/new", f"/spot-checks/{hospital.plan}",
                 f"/spot-checks/items/{hospital.check}", "/spot-checks/results",
                 "/spot-checks/cards", f"/spot-checks/items/{hospital.check}/answers", "/phone"):
        await desk.go(path)
        await desk.look_over(f"{path} in {language}, {scheme}")
    assert desk.objections == []
