"""Every page of the route table, looked over in a real Chromium: by axe (WCAG 2.2 AA), light and
dark, wide and narrow; and nothing that a careful eye would object to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import expect
from sqlalchemy import select, update

from followup.agents.models import Agent
from followup.calls.models import Escalation
from followup.campaigns.decisions import Reason
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.people.models import Role, User
from followup.people.permissions import Grants
from tests.followup.spotchecks.ward import open_checks
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_browser import (
    CHROMIUM,
    Browser,
    Desk,
    browser,
    open_desk,
    vendor_dir,
)
from tests.webconsole.test_pacing import decide
from tests.webconsole.test_rights import MATRIX, place
from webconsole.rights import MACHINES, PUBLIC

__all__ = ["browser", "vendor_dir"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: as root, apt-get install chromium"),
]

# what is no page: parts of pages, files, streams, other systems' doors
NO_PAGES = ("/live", "/count", "/desk", "/export", "/events", "/audio", "/download", "/peaks",
            "/seal", "/sound", "/ws", "/healthz", "/{file}", "/{message}", "/{token}", "/answers",
            "/palette", "/sign-in/code")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
STANDARD = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
AXE = """(only) => axe.run(document, {runOnly: only, resultTypes: ["violations"]}).then((found) =>
  found.violations.flatMap(({id, nodes}) => nodes.map((node) =>
    `${id}: ${node.html.slice(0, 120)} ${node.any.map((each) => each.message).join(" ")}`)))"""


def pages(hospital: Hospital, person: User) -> list[str]:
    """What an administrator may open."""
    special = {"/views": "/views?list=cases", "/people/{id}": f"/people/{person.id}"}
    return [special.get(path) or place(path, hospital) for (method, path), right in MATRIX.items()
            if method == "GET" and not path.endswith(NO_PAGES) and right not in (PUBLIC, MACHINES)
            and Grants().may(Role.ADMINISTRATOR, right)]


@pytest.fixture
async def paths(database: Database, hospital: Hospital, users: None) -> list[str]:
    """What an administrator may open, with the longest of everything in it."""
    await open_checks(database, hospital)
    async with database.session() as session:
        await session.execute(update(Patient).where(Patient.id == hospital.patients[1]).values(
            name="Maximilian-Alexander von und zu Hohenlohe-Langenburg-Schillingsfürst"))
        await session.execute(update(Agent).where(Agent.extension == "803").values(
            kind="webrtc", attempt_id=select(Escalation.attempt_id).where(
                Escalation.agent_id == Agent.id).scalar_subquery()))
        person = (await session.scalars(select(User).where(User.role == Role.AGENT))).one()
    for reason in Reason:
        await decide(database, reason, placed=3)
    return pages(hospital, person)


async def too_wide(desk: Desk) -> str | None:
    """Whether the page is wider than its window, and how wide it is."""
    assert desk.page.viewport_size is not None
    wide = await desk.page.evaluate("document.documentElement.scrollWidth")
    return f"{wide} px wide" if wide > desk.page.viewport_size["width"] else None


def told(found: dict[str, Any]) -> str:
    return "\n".join(f"{where}: {faults}" for where, faults in found.items())


@pytest.mark.timeout(400)
async def test_every_page_holds_to_wcag_light_and_dark_wide_and_narrow(
        browser: Browser, server: TestServer, hospital: Hospital, paths: list[str],
        vendor_dir: Path) -> None:
    desk = await open_desk(browser, server)
    page, axe = desk.page, (vendor_dir / "axe.js").read_text("utf-8")
    found: dict[str, Any] = {}

    async def look(path: str, where: str) -> None:
        if faults := await page.evaluate(AXE, STANDARD):
            found[f"{path} {where}"] = faults

    await desk.go("/sign-in")
    await page.evaluate(axe)
    await look("/sign-in", "light")
    await desk.sign_in("administrator")
    for path in [*paths, "/patients?q=nobody", f"/alerts/{hospital.alerts[2]}", "/no"]:
        await page.set_viewport_size(WIDE)
        await desk.go(path)
        if path != "/no":
            await expect(page.locator("[data-live].on")).to_have_count(1)
        await page.evaluate(axe)
        await look(path, "wide, light")
        await page.emulate_media(color_scheme="dark")
        await page.set_viewport_size(NARROW)
        await look(path, "narrow, dark")
        await page.emulate_media(color_scheme="light")
        if wide := await too_wide(desk):
            found[f"{path} narrow"] = wide
    await desk.go("/")
    await page.evaluate(axe)
    await page.get_by_role("button", name="菜单").click()
    await look("/", "narrow, menu open")
    assert found == {}, told(found)
    # a page of errors says so in the browser's own words
    assert [each for each in desk.objections if "404" not in each] == []
