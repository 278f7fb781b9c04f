"""The page of the audit trail: who, what, about what, when, from where, before and after."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import select

from followup.database.engine import Database
from followup.people import audit
from followup.people.models import AuditEvent
from followup.people.trail import seal_some
from followup.views.audit import Change, changes, rest
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital

ROW = re.compile(r"<tr>\s*<td")


async def test_a_change_shows_who_what_whom_and_both_sides_in_words(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        audit.record(session, audit.SET_RULES, actor="supervisor", address="10.1.2.3",
                     subject=f"campaign:{hospital.campaign}",
                     before={"retry": {"busy": [10, 30]}, "max_attempts": 3},
                     after={"retry": {"busy": [10, 60]}, "max_attempts": 3})
        audit.record(session, audit.VIEW_PATIENT, actor="agent",
                     subject=f"patient:{hospital.patients[0]}")
    async with database.session() as session:
        await seal_some(session)
    await sign_in("auditor")
    text = await (await client.get("/audit", params={"actor": "supervisor"})).text()
    for told in ("何班长", "修改任务规则", "11月23日 出院三日随访", "10.1.2.3", "重拨间隔 · 忙线",
                 "<del>10、30</del>", "<ins>10、60</ins>"):
        assert told in text
    assert "max_attempts" not in text                # what has not changed
    assert "王秀英" not in text
    assert re.search(r"data-chain>\d+:[0-9a-f]{64}<", text)
    assert "王秀英" in await (await client.get("/audit", params={"subject": "patient:"})).text()


async def test_permissions_and_people_are_told_in_plain_words(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        audit.record(session, audit.SET_RIGHTS, actor="administrator", subject="roles",
                     before={"listen": ["agent"]}, after={"listen": []})
        audit.record(session, audit.CHANGE_USER, actor="administrator", subject="user:doctor",
                     before={"reach": None}, after={"reach": "own"})
    await sign_in("auditor")
    text = await (await client.get("/audit")).text()
    for told in ("播放录音", "<del>坐席</del>", "<ins>空</ins>", "可见范围",
                 "<ins>只看本科室</ins>"):
        assert told in text


async def test_filters_stand_in_the_address_and_pages_follow_one_another(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        for number in range(120):
            audit.record(session, audit.SET_HOLIDAY, actor=f"terminal:{number % 2}",
                         subject=f"day:{number:03}")
    await sign_in()
    found: list[str] = []
    path: str | None = "/audit?actor=terminal%3A1&action=set-holiday"
    pages = 0
    while path:
        text = await (await client.get(path)).text()
        found += re.findall(r'<span class="mono">(\d{3})</span>', text)
        onward = re.search(r'href="(/audit\?[^"]*after=[^"&]+)"', text)
        path, pages = onward[1].replace("&amp;", "&") if onward else None, pages + 1
    assert found == [f"{number:03}" for number in range(119, 0, -2)]
    assert pages == 2
    for wrong in ({"begin": "tomorrow"}, {"after": "x"}):
        assert (await client.get("/audit", params=wrong)).status == 422


async def test_an_export_holds_what_is_filtered_without_formulas_and_leaves_a_row(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        audit.record(session, audit.SET_HOLIDAY, actor="=cmd()", subject="day:2026-10-01",
                     after={"name": "国庆节"})
        audit.record(session, audit.SIGN_OUT, actor="agent")
    await sign_in("auditor")
    answer = await client.get("/audit/export", params={"action": "set-holiday"})
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert len(rows) == 2
    assert rows[1][2].startswith("'=")
    assert "国庆节" in rows[1][7]
    async with database.session() as session:
        row = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "export-list"))).one()
    assert (row.actor, row.subject, row.detail) == (
        "auditor", "list:audit",
        {"format": "csv", "filter": {"action": "set-holiday", "sort": "-at"}})


async def test_a_number_in_full_and_a_download_leave_their_rows(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    page = f"/patients/{hospital.patients[0]}"
    assert "+8613800000001" not in await (await client.get(page)).text()
    answer = await client.post(f"{page}/numbers", data={"csrf_token": await csrf(client)})
    assert "+8613800000001" in await answer.text()
    answer = await client.get(f"/recordings/{hospital.recording}/download")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await answer.read())[:4] == b"RIFF"
    async with database.session() as session:
        rows = [(row.action, row.subject, row.actor) for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.action.in_(
                ("see-numbers", "download-recording"))).order_by(AuditEvent.id))]
    assert rows == [("see-numbers", f"patient:{hospital.patients[0]}", "supervisor"),
                    ("download-recording", f"recording:{hospital.recording}", "supervisor")]


async def test_an_alert_that_is_closed_tells_what_it_was_before(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in("doctor")
    await client.post(f"/alerts/{hospital.alerts[0]}/close", data={
        "csrf_token": await csrf(client), "note": "已电话联系"})
    async with database.session() as session:
        row = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "close-alert"))).one()
    assert row.detail["before"] == {"state": "open", "closed_at": None, "closed_by": None,
                                    "note": ""}
    assert (row.detail["after"]["state"], row.detail["after"]["note"]) == ("closed", "已电话联系")


@pytest.mark.parametrize(("detail", "told"), [
    ({}, []), ({"why": "x"}, []),
    ({"before": "draft", "after": "running"}, [Change("", "draft", "running")]),
    ({"before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3}}, [Change("b", 2, 3)]),
    ({"before": None, "after": {"a": 1}}, [Change("a", None, 1)]),
    ({"before": {"a": {"b": {"c": 1}}}, "after": {}}, [Change("a.b.c", 1, None)]),
])
def test_a_difference_names_each_field_that_changed(detail: dict[str, object],
                                                    told: list[Change]) -> None:
    assert changes(detail) == told
    assert rest({**detail, "why": "x", "empty": ""}) == {"why": "x"}
