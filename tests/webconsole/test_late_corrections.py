"""Corrections of spot checks that are past their day: first in the list, and an alarm."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from sqlalchemy import update

from followup.database.base import now
from followup.database.engine import Database
from followup.spotchecks import watch
from followup.spotchecks.models import SpotCheck, SpotCheckCorrection
from tests.followup.spotchecks.ward import ZONE
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_spot_checks import BAD, item, post, text, ward

__all__ = ["ward"]


async def test_a_correction_that_is_late_comes_first(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    await post(client, item(ward, "score"), **BAD)
    today = now().astimezone(ZONE).date()
    await post(client, item(ward, "order"), text="重学", due_on=str(today))
    first = r'<tbody>.*?href="(/spot-checks/items/[^"]+)"'
    async with database.session() as session:
        await session.execute(update(SpotCheck).where(SpotCheck.id == ward.check).values(place=9))
    page = await text(client, f"/spot-checks/{ward.plan}")
    assert re.findall(first, page, re.DOTALL)[0] != item(ward)
    async with database.session() as session:
        await session.execute(update(SpotCheckCorrection).values(
            due_on=today - timedelta(days=2)))
    page = await text(client, f"/spot-checks/{ward.plan}")
    assert re.findall(first, page, re.DOTALL)[0] == item(ward)


async def test_an_alarm_leads_to_late_corrections_until_they_are_reported(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    today = now().astimezone(ZONE).date()

    async def alarm() -> str:
        """What the overview says once it has been looked for late ones; and where to look."""
        async with database.session() as session:
            await watch.look(session, today)
        told = re.search(r'data-alarm="corrections_late">(.*?)</p>', await text(client, "/"))
        return told[1] if told else ""

    await post(client, item(ward, "score"), **BAD)
    await post(client, item(ward, "order"), text="重学", due_on=str(today))
    assert await alarm() == ""                          # today is not late
    assert "抽检记录（0）" in await text(client, "/spot-checks?late=yes")
    async with database.session() as session:
        await session.execute(update(SpotCheckCorrection).values(
            due_on=today - timedelta(days=1)))
    told = await alarm()
    assert "整改超过了期限（科室：骨科）" in told
    link = re.search(r'href="([^"]+)"', told)
    assert link
    page = await text(client, html.unescape(link[1]))
    assert "抽检记录（1）" in page
    assert item(ward) in page
    await sign_in("manager")                            # told of it, but the list is not theirs
    told = await alarm()
    assert "整改超过了期限" in told
    assert "href" not in told
    await sign_in("supervisor")
    assert (await post(client, item(ward, "report"), text="已学习"))[0] == 303
    assert await alarm() == ""
