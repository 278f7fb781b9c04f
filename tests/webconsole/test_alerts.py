"""Alerts are closed once, by a named person, with a note."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from followup.alerts.models import Alert, AlertState
from followup.database.engine import Database
from followup.people.models import AuditEvent
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital


async def alert(database: Database, hospital: Hospital, place: int) -> Alert:
    async with database.session() as session:
        return await session.get_one(Alert, hospital.alerts[place])


async def test_critical_ones_come_first_and_overdue_ones_say_so(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    page = await (await client.get("/alerts")).text()
    assert page.index("李建国") < page.index("王秀英")
    assert "1 条已超过处理期限" in page
    assert "超时 3:0" in page
    assert "已电话联系，体温降至 37.6" in page               # the closed one, below


async def test_closing_keeps_who_when_and_what(client: Client, database: Database,
                                               hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = f"/alerts/{hospital.alerts[1]}"
    answer = await client.post(f"{path}/close", allow_redirects=False, data={
        "csrf_token": await csrf(client, path), "note": "  已联系\r\n来院复查\x00  "})
    assert (answer.status, answer.headers["Location"]) == (303, "/alerts")
    closed = await alert(database, hospital, 1)
    assert (closed.state, closed.closed_by, closed.note) == (
        AlertState.CLOSED, "林护士", "已联系\n来院复查")
    assert closed.closed_at
    async with database.session() as session:
        row = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "close-alert"))).one()
    assert (row.actor, row.subject) == ("agent", f"alert:{closed.id}")


async def test_no_alert_is_closed_without_a_word(client: Client, database: Database,
                                                 hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = f"/alerts/{hospital.alerts[1]}"
    answer = await client.post(f"{path}/close", data={
        "csrf_token": await csrf(client, path), "note": " \n "})
    assert answer.status == 422
    assert "请写明处理情况" in await answer.text()
    assert (await alert(database, hospital, 1)).state is AlertState.OPEN


async def test_the_second_of_two_learns_it_and_loses_no_word(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = f"/alerts/{hospital.alerts[1]}"
    token = await csrf(client, path)
    answers = await asyncio.gather(*(client.post(
        f"{path}/close", allow_redirects=False, data={"csrf_token": token, "note": note})
        for note in ("第一个人写的", "第二个人写的")))
    won, lost = sorted(answers, key=lambda answer: answer.status)
    assert (won.status, lost.status) == (303, 409)
    kept = (await alert(database, hospital, 1)).note
    page = await lost.text()
    assert "刚刚已被他人关闭" in page
    assert "第一个人写的" in page
    assert "第二个人写的" in page
    assert kept in ("第一个人写的", "第二个人写的")
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "close-alert"))).all()
    assert len(rows) == 1


async def test_an_auditor_sees_alerts_but_is_offered_no_closing(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    page = await (await client.get(f"/alerts/{hospital.alerts[1]}")).text()
    assert "李建国" in page
    assert "/close" not in page


async def test_the_list_is_searched_filtered_and_sorted_by_the_address(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")

    async def waiting(query: str) -> list[str]:
        page = await (await client.get(f"/alerts/live?{query}")).text()
        page = page.partition("closed-list")[0]
        return sorted((name for name in ("李建国", "王秀英") if name in page), key=page.index)

    assert await waiting("q=李") == ["李建国"]
    assert await waiting("q=MR2026001") == ["王秀英"]
    assert await waiting("severity=abnormal") == ["王秀英"]
    assert await waiting("sort=-deadline") == ["王秀英", "李建国"]
    assert await waiting("sort=-urgency") == ["王秀英", "李建国"]
    assert (await client.get("/alerts?sort=phone")).status == 422
