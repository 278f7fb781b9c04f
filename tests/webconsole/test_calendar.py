"""The calendar at the console: days without calls, worked weekends, the house's hours."""

from __future__ import annotations

from datetime import date

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from followup.campaigns.holidays import set_holiday
from followup.campaigns.models import Holiday
from followup.database.engine import Database
from followup.people.models import AuditEvent, Role
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole.rights import RUNS_CAMPAIGNS


async def send(client: Client, path: str = "/calendar", **typed: str) -> ClientResponse:
    return await client.post(path, allow_redirects=False,
                             data={"csrf_token": await csrf(client), **typed})


async def days(database: Database) -> list[tuple[str, str, bool]]:
    async with database.session() as session:
        return [(str(each.day), each.name, each.working)
                for each in await session.scalars(select(Holiday).order_by(Holiday.day))]


async def test_days_are_added_changed_and_removed_and_the_audit_tells_by_whom(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in("manager")
    assert "没有节假日" in await (await client.get("/calendar")).text()
    for typed in ({"day": "2099-10-01", "name": "国庆"}, {"day": "2099-10-01", "name": "国庆节"},
                  {"day": "2099-10-01", "name": "国庆节"},
                  {"day": "2099-10-10", "name": "调休", "working": "on"}):
        assert (await send(client, **typed)).status == 303
    page = await (await client.get("/calendar")).text()
    assert page.index("2099-10-01") < page.index("2099-10-10")
    assert "国庆节" in page
    assert "08:00–21:00" in page
    for _ in range(2):
        assert (await send(client, "/calendar/remove", day="2099-10-01")).status == 303
    assert await days(database) == [("2099-10-10", "调休", True)]
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent).where(
            AuditEvent.subject == "day:2099-10-01").order_by(AuditEvent.id))).all()
    assert [(row.actor, row.action, row.detail) for row in rows] == [
        ("manager", "set-holiday", {"before": None, "after": {"name": "国庆", "working": False}}),
        ("manager", "set-holiday", {"before": {"name": "国庆", "working": False},
                                    "after": {"name": "国庆节", "working": False}}),
        ("manager", "remove-holiday", {"before": {"name": "国庆节", "working": False}})]


@pytest.mark.parametrize(("typed", "fault", "words"), [
    ({"day": "10/1", "name": "国庆节"}, "day", "请填写日期"),
    ({"day": "", "name": "国庆节"}, "day", "请填写日期"),
    ({"day": "2099-10-01", "name": " "}, "name", "请填写名称"),
    ({"day": "2099-10-01", "name": "长" * 41}, "name", "最多 40 个字")])
async def test_a_fault_is_told_beside_its_field_and_what_was_typed_stays(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        typed: dict[str, str], fault: str, words: str) -> None:
    await sign_in()
    answer = await send(client, **typed, working="on")
    page = await answer.text()
    assert answer.status == 422
    assert f'id="{fault}-fault"' in page
    assert words in page
    assert 'name="working" value="on" checked' in page
    assert await days(database) == []
    assert (await send(client, "/calendar/remove", day="x")).status == 422


@pytest.mark.parametrize("role", [each for each in Role if each not in RUNS_CAMPAIGNS.default])
async def test_who_may_only_look_changes_no_day(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        role: Role) -> None:
    async with database.session() as session:
        await set_holiday(session, date(2099, 10, 1), "国庆节", actor="test")
    await sign_in(role.value)
    page = await (await client.get("/calendar")).text()
    assert "国庆节" in page
    assert 'action="/calendar' not in page
    assert (await send(client, day="2099-10-02", name="x")).status == 403
    assert (await send(client, "/calendar/remove", day="2099-10-01")).status == 403
    assert await days(database) == [("2099-10-01", "国庆节", False)]
