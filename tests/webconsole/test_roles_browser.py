"""A day of the administrator, a doctor and a manager, each at their own screen.

What agents, supervisors and auditors do stands in test_cases_browser.py,
test_spot_checks_browser.py and tests/journeys/test_browser_agent.py.
"""

from __future__ import annotations

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (  # noqa: F401  fixtures
    Desk,
    browser,
    open_desk,
    pytestmark,
    vendor_dir,
)

OWN = "a-quiet-tuesday-47"


async def menu(page: Page) -> list[str]:
    """The rooms that stand in the menu."""
    return [word.strip() for word in await page.locator(".nav a").all_inner_texts()]


def untoward(desk: Desk, *expected: str) -> list[str]:
    """What a careful eye would object to, but for answers that were asked for."""
    return [said for said in desk.objections
            if not any(f"status of {status}" in said for status in expected)]


async def first_day(desk: Desk, username: str, password: str) -> None:
    """Sign in with the password of the administrator's note, and choose one's own."""
    await desk.go("/sign-in")
    page = desk.page
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_text("请先换成自己的密码")).to_be_visible()
    await desk.go("/patients")                       # nothing else is open before that
    await expect(page.get_by_text("请先换成自己的密码")).to_be_visible()
    await page.get_by_label("一次性密码").fill(password)
    await page.get_by_label("新密码", exact=True).fill(OWN)
    await page.get_by_label("再输入一次").fill(OWN)
    await page.get_by_role("button", name="更改密码").click()
    await expect(page.locator(".nav")).to_be_visible()
    await desk.settled()


async def test_an_administrator_lets_a_doctor_in_who_sees_their_own_patients(
        browser: Browser, server: TestServer, hospital: Hospital) -> None:  # noqa: F811
    office = await open_desk(browser, server)
    await office.sign_in("administrator")
    page = office.page
    await office.go("/people")
    await page.get_by_role("link", name="新增人员").click()
    await page.get_by_label("用户名").fill("dr.song")
    await page.get_by_label("姓名").fill("宋医生")
    await page.get_by_label("角色").select_option("doctor")
    await page.get_by_role("button", name="添加").click()
    await expect(page.get_by_label("用户名")).to_have_value("dr.song")      # what was typed stays
    await expect(page.locator("#departments-fault")).to_contain_text("请至少选择一个科室")
    await page.get_by_label("骨科", exact=True).check()
    await page.get_by_role("button", name="添加").click()
    password = await page.locator("[data-password]").inner_text()
    assert untoward(office, "422") == []

    ward = await open_desk(browser, server)
    await first_day(ward, "dr.song", password)
    page = ward.page
    assert "审计" not in await menu(page)
    await ward.go("/patients")
    people = page.locator("main table tbody tr")
    await expect(people).to_have_count(2)
    await expect(people.filter(has_text="骨科")).to_have_count(2)
    await ward.go("/alerts")
    await expect(page.get_by_role("link", name="李建国")).to_have_count(0)
    await page.get_by_role("link", name="王秀英").first.click()
    await expect(page.locator("h1")).to_contain_text("王秀英")
    await ward.settled()
    await page.get_by_role("button", name="显示号码").first.click()
    await expect(page.locator("main")).to_contain_text("13800000001")
    assert untoward(ward) == []
    other = await page.goto(f"{ward.base}/patients/{hospital.patients[1]}")
    assert other is not None and other.status == 404         # as if there were no such patient

    await office.go("/audit?actor=dr.song")
    await expect(office.page.locator("main")).to_contain_text("宋医生")
    await expect(office.page.locator("main")).to_contain_text("显示完整号码")
    assert untoward(office, "422") == []


async def test_a_doctor_closes_an_alert_with_what_was_done(
        browser: Browser, server: TestServer, hospital: Hospital) -> None:  # noqa: F811
    desk = await open_desk(browser, server, width=390)
    await desk.sign_in("doctor")
    page = desk.page
    await desk.go(f"/alerts/{hospital.alerts[1]}")
    await expect(page.locator("h1")).to_contain_text("李建国")
    await page.get_by_role("textbox").fill("已请患者回院复查心电图")
    await page.get_by_role("button", name="关闭警报").click()
    await expect(page).to_have_url(f"{desk.base}/alerts")
    await desk.go(f"/patients/{hospital.patients[1]}")
    await expect(page.locator("main")).to_contain_text("已请患者回院复查心电图")
    await desk.go("/people")
    await expect(page.locator("main")).to_contain_text("没有权限")
    assert untoward(desk, "403") == []


async def test_a_manager_reads_figures_and_steers_without_seeing_who_is_ill(
        browser: Browser, server: TestServer, hospital: Hospital) -> None:  # noqa: F811
    desk = await open_desk(browser, server)
    await desk.sign_in("manager")
    page = desk.page
    rooms = await menu(page)
    assert "患者" not in rooms and "警报" not in rooms
    await desk.go("/cases/statistics?group=department")
    await expect(page.locator("[data-figure=complaints]")).to_have_text("1")
    await expect(page.locator("[data-figure=complaints] a")).to_have_count(0)
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Excel").click()
    assert (await coming.value).suggested_filename.endswith(".xlsx")
    await desk.go(f"/campaigns/{hospital.campaign}")
    await page.get_by_role("button", name="暂停").first.click()
    await expect(page.locator("h1")).to_contain_text("已暂停")
    await expect(page.get_by_text("王秀英")).to_have_count(0)
    assert untoward(desk) == []
