"""A complaint from beginning to end in a real Chromium, and two people at one case."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from followup.cases import changes
from followup.cases.models import Case
from followup.cases.register import By
from followup.cases.setup import load_setup
from followup.cases.setup_changes import save_rule, save_template
from followup.cases.states import Move
from followup.database.base import now
from followup.database.engine import Database
from tests.followup.cases.hospital import tell
from tests.webconsole.hospital import PASSWORD, Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    browser,
    open_desk,
    pytestmark,
    vendor_dir,
)
from webconsole.middleware import SESSION_COOKIE

ME = By("agent", "林护士")


async def take(page: Page, step: str, words: str = "") -> None:
    """A step of the case, by its button; with words where it asks for them."""
    steps = page.locator(".next-steps")
    if words:
        form = steps.locator("details", has=page.locator(f"summary:text-is('{step}')"))
        if await form.get_attribute("open") is None:
            await form.locator("summary").click()
        await form.locator("textarea").fill(words)
        await form.get_by_role("button", name=step).last.click()
    else:
        await steps.get_by_role("button", name=step, exact=True).click()


async def test_a_complaint_is_heard_of_on_the_phone_and_goes_all_its_way(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital, tmp_path: Path) -> None:
    async with database.session() as session:
        await save_template(session, {"name": "致歉", "body": "{name}您好，{number} 已调查。",
                                      "active": "1"}, ME)
    desk = await open_desk(browser, server)
    await desk.sign_in("agent")
    page, state = desk.page, desk.page.locator("h1 .chip").first
    await desk.go(f"/patients/{hospital.patients[0]}")
    await page.get_by_role("link", name="登记投诉或表扬：第 1 次呼叫").click()
    await page.get_by_label("严重程度").select_option(index=2)
    await desk.settled()
    await page.get_by_label("内容").fill("护士换药态度生硬，等了四十分钟没人解释")
    await page.get_by_label("涉及科室").click()
    await expect(page.locator("#similar")).to_contain_text("C000001")
    await page.get_by_label("涉及科室").fill("骨科、药房")
    note = tmp_path / "经过.txt"
    note.write_text("患者写的经过", encoding="utf-8")
    await page.get_by_label("附件").set_input_files(note)
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.locator("h1")).to_contain_text("C000002")
    await expect(page.get_by_role("link", name="经过.txt")).to_be_visible()
    sound = page.locator(".proofs audio")
    await sound.evaluate("a => { a.muted = true; return a.play() }")
    await take(page, "受理")
    await expect(state).to_have_text("已受理")
    form = page.locator(".next-steps details").first
    await form.get_by_label("负责人").select_option(label="徐医生 · 医生")
    await form.get_by_role("button", name="分派").click()
    await expect(page.locator(".facts")).to_contain_text("徐医生")
    await desk.settled()
    await page.locator("#words").fill("先记一笔")
    await page.get_by_label("答复模板").select_option(label="致歉")
    await expect(page.locator("#words")).to_have_value("先记一笔\n王秀英您好，C000002 已调查。")
    await page.get_by_role("button", name="记为内部备注").click()
    await expect(page.locator(".event-note")).to_contain_text("先记一笔")
    await take(page, "开始调查")
    await expect(state).to_have_text("调查中")
    await take(page, "答复反映人", "已向您致歉并安排专人换药")
    await expect(page.locator(".event-reply")).to_contain_text("安排专人换药")
    await take(page, "问题已解决", "护士已培训")
    await expect(state).to_have_text("已解决")
    await take(page, "反映人已确认")
    await expect(state).to_have_text("已确认")
    await take(page, "办结")
    await expect(state).to_have_text("已办结")
    await page.get_by_label("4", exact=True).check()
    await page.get_by_role("button", name="保存满意度").click()
    await expect(page.locator(".event-rated")).to_contain_text("4 分")
    await take(page, "重新打开", "患者又来电，问题还在")
    await expect(page.locator("h1")).to_contain_text("重新打开 1 次")
    assert desk.objections == []


async def test_the_second_of_two_editors_sees_the_difference_and_keeps_every_word(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital) -> None:
    first, second = await open_desk(browser, server), await open_desk(browser, server)
    for desk, name in ((first, "agent"), (second, "doctor")):
        await desk.sign_in(name)
        await desk.go(f"/cases/{hospital.case}/edit")
    await first.page.get_by_label("反映人").fill("李先生")
    await first.page.get_by_role("button", name="保存").click()
    await expect(first.page).to_have_url(f"{first.base}/cases/{hospital.case}")
    await second.page.get_by_label("反映人").fill("李太太")
    await second.page.get_by_label("内容").fill("一段写了很久的话")
    await second.page.get_by_role("button", name="保存").click()
    row = second.page.locator("tr[data-changed=reporter]")
    await expect(row).to_contain_text("李先生")
    await expect(row).to_contain_text("林护士")
    await expect(row).to_contain_text("李太太")
    await expect(second.page.get_by_label("内容")).to_have_value("一段写了很久的话")
    await second.page.get_by_role("button", name="保存").click()
    await expect(second.page.locator(".told")).to_contain_text("李太太")
    assert first.objections == []
    # the browser itself notes an answer of 409
    assert [said for said in second.objections if "409" not in said] == []


async def test_the_list_keeps_itself_up_to_date_and_its_filters_stand_in_the_address(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    page = desk.page
    await page.get_by_role("link", name="投诉表扬").click()
    await expect(page).to_have_url(f"{desk.base}/cases")
    await desk.settled()
    await expect(page.locator("[data-live].on")).to_have_count(1)
    async with database.session() as session:
        await tell(session, kind="praise", severity="", description="谢谢李医生救了我父亲")
    await expect(page.locator("#case-list")).to_contain_text("救了我父亲")
    await page.get_by_label("类型").select_option("complaint")
    await expect(page.locator("#case-list")).not_to_contain_text("救了我父亲")
    await expect(page).to_have_url(re.compile("kind=complaint"))
    await page.reload()
    await expect(page.locator(".applied")).to_contain_text("类型: 投诉")
    await page.get_by_role("link", name="去掉条件：类型 投诉").click()
    await expect(page.locator("#case-list")).to_contain_text("救了我父亲")
    assert desk.objections == []


async def fill(database: Database, hospital: Hospital) -> None:
    """A month of cases in every state, with the longest of everything."""
    async with database.session() as session:
        setup = await load_setup(session)
        await save_rule(session, {"category": str(setup.categories[0].id), "kind": "complaint",
                                  "department": "骨科", "to_department": "护理部"}, ME)
        await save_template(session, {"name": "致歉", "body": "{name}您好", "active": "1"}, ME)
        words = ("等候时间太长，叫号系统坏了也没有人通知，老人站了两个小时", "收费清单看不懂",
                 "Nobody explained the discharge medication to my father",
                 "停车场收费与公示不符，多次反映没有人处理，希望有人负责")
        for n in range(26):
            praise = n % 5 == 4
            case = await tell(
                session, moment=now() - timedelta(days=n, hours=2 * n), description=words[n % 4],
                kind="praise" if praise else "complaint",
                people="方护士" if n % 2 else "李建军医生",
                severity="" if praise else ("一般", "严重", "重大")[n % 3],
                category=("等候时间", "费用", "服务态度/护士", "环境与设施")[n % 4],
                departments=("骨科", "心内科、药房", "门诊收费处")[n % 3],
                channel=("phone", "wechat", "hotline", "visit")[n % 4])
            way = ("accept", "answer", "close") if praise else (
                "accept", "assign", "investigate", "answer", "resolve", "close")
            for place, name in enumerate(way[:n // 2]):
                case = await changes.move(
                    session, case.id, Move(name), case.version, ME, department="护理部",
                    words="已与科室核实，并向家属说明",
                    moment=case.begun_at + timedelta(hours=3 * place + 1))
            if case.closed_at:
                await changes.rate(session, case.id, 3 + n % 3, "", ME)
        await session.execute(update(Case).where(Case.id == hospital.case).values(
            reporter="Maximilian-Alexander von und zu Hohenlohe-Langenburg"))


@pytest.mark.parametrize(("width", "scheme", "language"), [
    (1440, "light", "中文"), (390, "dark", "English")])
async def test_no_page_about_cases_gives_cause_for_objection(
        browser: Browser, server: TestServer, database: Database,  # noqa: F811
        hospital: Hospital, width: int, scheme: str, language: str) -> None:
    await fill(database, hospital)
    desk = await open_desk(browser, server, width, 844 if width == 390 else 900, scheme)
    await desk.sign_in("administrator")
    if language == "English":
        await desk.to_english()
    pages = ["/cases", "/cases?q=nothing", "/cases?standing=late", f"/cases/{hospital.case}",
             f"/cases/{hospital.case}?new=1", "/cases/new", f"/cases/{hospital.case}/edit",
             "/cases/settings", "/cases/import", "/cases/statistics",
             "/cases/statistics?group=category",
             "/cases/statistics?begin=2020-01-01&end=2020-01-02"]
    for path in pages:
        await desk.go(path)
        await desk.look_over(f"{path} in {language}, {scheme}")
    assert desk.objections == []


async def test_a_session_that_ends_under_somebody_who_types_takes_no_word(
        browser: Browser, server: TestServer,  # noqa: F811
        hospital: Hospital) -> None:
    desk = await open_desk(browser, server)
    await desk.sign_in("supervisor")
    page = desk.page
    await desk.go("/cases/new")
    await expect(page.locator("[data-live].on")).to_have_count(1)
    await page.get_by_role("radio", name="表扬").check()
    await expect(page.get_by_label("严重程度")).to_be_hidden()     # praise has none
    await page.get_by_label("渠道").select_option("visit")
    await page.get_by_label("内容").fill("护士非常耐心 𠮷\n谢谢")
    await page.context.clear_cookies(name=SESSION_COOKIE)
    await page.evaluate("htmx.trigger(document.body, 'live:alerts')")
    await expect(page.locator("#signed-out")).to_be_visible()
    await expect(page.get_by_label("内容")).to_have_value("护士非常耐心 𠮷\n谢谢")
    await page.get_by_role("button", name="登记", exact=True).click()
    await page.get_by_label("用户名").fill("supervisor")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("填写的内容还在")
    await page.get_by_role("button", name="继续提交").click()
    await expect(page.locator(".case-told .said")).to_have_text("护士非常耐心 𠮷\n谢谢")
    assert {said for said in desk.objections if "401" not in said} == set()
