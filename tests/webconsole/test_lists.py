"""Every list of the console: search, filters, order, pages by key, saved views, export."""

from __future__ import annotations

import asyncio
import csv
import gc
import io
import re
import sys
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from openpyxl import load_workbook
from sqlalchemy import select, update

from followup.database.engine import Database
from followup.messages.models import Direction, Message
from followup.messages.states import MessageState
from followup.patients.models import Patient
from followup.people.models import AuditEvent, Reach, Role, User
from followup.people.permissions import EVERYBODY, EXPORTS, Every
from followup.views import (
    alerts,
    audit,
    campaigns,
    cases,
    message_list,
    patients,
    people,
    recording_list,
    spotchecks,
    tasks,
)
from tests.followup.spotchecks.ward import open_checks
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_rights import MATRIX, place
from webconsole import exporting, sheets
from webconsole.pages.saved_views import LISTS

VIEWS = (alerts, audit, campaigns, cases, message_list, patients, people, recording_list,
         spotchecks, tasks)
# pages with a table that is no list: figures, a form, or a few lines that are all shown
NO_LISTS = {"/", "/account", "/calendar", "/cases/import", "/cases/settings", "/cases/statistics",
            "/campaigns/new", "/messages/templates", "/pacing", "/prompts",
            "/recordings/retention", "/roles", "/spot-checks/cards", "/spot-checks/results",
            "/styleguide"}
# by which a list's lines are told apart on its page
LINE = {"patients": r'id="patient-', "alerts": r'id="handle-', "cases": r'id="case-[0-9a-f]',
        "campaigns": r'<tr id="campaign-', "tasks": r'id="task-[0-9a-f]',
        "spot-checks": r'class="button" href="/spot-checks/items/', "check-plans":
        r'class="person" href="/spot-checks/[0-9a-f]', "people": r'id="user-',
        "recordings": r'id="recording-[0-9a-f]', "messages": r'<tr id="message-',
        "audit": r'<td data-label="时间"'}


async def fill(database: Database, hospital: Hospital) -> None:
    """Something in each list."""
    await open_checks(database, hospital)
    about: list[dict[str, Any]] = [
        {"case_id": hospital.case, "text": "已处理", "state": MessageState.FAILED},
        {"case_id": hospital.case, "text": "已再次处理"},
        {"text": "谢谢", "direction": Direction.IN, "state": MessageState.RECEIVED}]
    async with database.session() as session:
        session.add_all(Message(patient_id=hospital.patients[0], number="+8613800000001", **each)
                        for each in about)


def address(name: str, hospital: Hospital, **query: str) -> str:
    about = {LISTS[name].about: str(hospital.campaign)} if LISTS[name].about else {}
    told = "&".join(f"{field}={value}" for field, value in {**about, **query}.items())
    return LISTS[name].path + (f"?{told}" if told else "")


def exported(name: str, hospital: Hospital, **query: str) -> str:
    return address(name, hospital, **query).replace(
        LISTS[name].path, LISTS[name].path + "/export", 1)


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


async def table(client: Client, path: str) -> list[list[str]]:
    answer = await client.get(path)
    assert answer.status == 200, (path, answer.status)
    return list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


def test_each_list_has_a_page_and_an_export_that_needs_the_permission_too() -> None:
    for name, page in LISTS.items():
        right: Any = MATRIX[("GET", page.path)]
        assert MATRIX[("GET", f"{page.path}/export")] == Every((right, EXPORTS)), name


async def test_a_page_with_a_table_is_a_list_or_said_to_be_none(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await fill(database, hospital)
    await sign_in()
    shown = set()
    for method, path in MATRIX:
        if method == "GET" and "{" not in path and not path.endswith(
                ("/export", "/live", "/count", "/desk", "/events", "/ws", "/sound", "/code")):
            answer = await client.get(place(path, hospital), allow_redirects=False)
            if "<table" in await answer.text():
                shown.add(path)
    assert shown - NO_LISTS == {page.path for page in LISTS.values()}


async def test_every_list_is_searched_filtered_sorted_kept_as_a_view_and_taken_away(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await fill(database, hospital)
    await sign_in()
    for name in LISTS:
        page = await text(client, address(name, hospital))
        form = page.partition('role="search"')[2].partition("</form>")[0]
        assert 'name="q"' in form, name
        orders = re.findall(r'<option value="(-?\w+)"', form.partition('id="sort"')[2]
                            .partition("</select>")[0])
        assert len(orders) >= 2, name
        assert "sort" in LISTS[name].fields
        assert [each for each in re.findall(r'<select id="(\w+)"', form) if each != "sort"], name
        for order in orders:
            await text(client, address(name, hospital, sort=order))
        for wrong in ({"sort": "nothing"}, {"after": "e30="}):
            assert (await client.get(address(name, hospital, **wrong))).status == 422, name
        assert '<nav class="tabs"' in page, name
        save = re.search(r'href="(/views[^"]+)"', page)
        assert save, name
        assert (await client.get(save[1].replace("&amp;", "&"))).status == 200, name
        for kind in sheets.FORMATS:
            link = re.search(rf'href="({LISTS[name].path}/export\?[^"]*format={kind})"', page)
            assert link, (name, kind)
            assert (await client.get(link[1].replace("&amp;", "&"))).status == 200, (name, kind)
        await text(client, address(name, hospital, q="nobody-at-all"))


@pytest.mark.parametrize("reach", [Reach.ALL, Reach.OWN])
async def test_pages_by_key_and_exports_show_the_same_lines_each_once(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch, reach: Reach) -> None:
    await fill(database, hospital)
    async with database.session() as session:
        await session.execute(update(User).where(User.role == Role.ADMINISTRATOR).values(
            reach=reach, departments=["骨科", "心内科"]))
    for view in VIEWS:
        monkeypatch.setattr(view, "PAGE", 2)
    monkeypatch.setattr(exporting, "FIRST", 1)
    monkeypatch.setattr(exporting, "NEXT", 3)
    await sign_in()
    counted = {}
    for name in LISTS:
        path, seen = address(name, hospital, sort=str(LISTS[name].usual.turned)), 0
        for _ in range(40):
            page = await text(client, path)
            seen += len(re.findall(LINE[name], page.rpartition("<tbody>")[2]))
            onward = re.search(r'href="([^"]+)">下一页', page)
            if not onward:
                break
            path = onward[1].replace("&amp;", "&")
        rows = await table(client, exported(name, hospital, sort=str(LISTS[name].usual)))
        assert len({tuple(row) for row in rows}) == len(rows), name
        counted[name] = (seen, len(rows) - 1)
    assert all(seen == taken > 0 for seen, taken in counted.values()), counted
    assert counted["patients"][0] == (12 if reach is Reach.ALL else 4)


async def test_numbers_leave_masked_but_with_the_permission_and_a_trace(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    assert "+8613800000001" not in str(await table(client, "/patients/export?q=王秀英"))
    answer = await client.post("/patients/export?q=王秀英",
                               data={"csrf_token": await csrf(client)})
    assert "+8613800000001" in await answer.text()
    await sign_in("auditor")
    answer = await client.post("/patients/export", data={"csrf_token": await csrf(client)})
    assert answer.status == 403
    async with database.session() as session:
        trail = [(row.action, row.subject, row.actor, row.detail.get("filter", {}).get("q"),
                  row.detail.get("lines"))
                 for row in await session.scalars(select(AuditEvent).where(
                     AuditEvent.subject.startswith("list:")).order_by(AuditEvent.id))]
    who = ("list:patients", "supervisor")
    assert trail == [("export-list", *who, "王秀英", None), ("export-ended", *who, None, 1),
                     ("see-numbers", *who, "王秀英", None), ("export-list", *who, "王秀英", None),
                     ("export-ended", *who, None, 1)]


async def test_an_export_that_is_cut_says_so_and_where(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sheets.MOST, "xlsx", 3)
    await sign_in("supervisor")
    answer = await client.get("/patients/export?format=xlsx&sort=mrn")
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert sheet is not None
    first = [row[0].value for row in sheet.iter_rows()]
    assert first[:4] == ["姓名", "王秀英", "李建国", "张桂兰"]
    assert "前 3 行" in str(first[4])
    assert "张桂兰" in str(first[4])
    assert len(first) == 5
    assert len(await table(client, "/patients/export?sort=mrn")) == 13
    async with database.session() as session:
        ended = [(row.detail["lines"], row.detail["cut"]) for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "export-ended")
            .order_by(AuditEvent.id))]
    assert ended == [(3, True), (12, False)]


async def test_the_first_lines_are_sent_before_the_last_are_read(
        client: Client, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "FIRST", 1)
    arrived, listed = asyncio.Event(), patients.list_patients

    async def wait(session: Any, *, after: str = "", **more: Any) -> patients.Page:
        if after:
            await arrived.wait()
        return await listed(session, after=after, **more)

    monkeypatch.setattr(patients, "list_patients", wait)
    await sign_in("supervisor")
    answer = await client.get("/patients/export?sort=mrn")
    got = b""
    while "王秀英".encode() not in got:
        got += await answer.content.readany()
    arrived.set()
    assert "郑小燕" in (await answer.read()).decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_that_breaks_off_is_no_whole_file_and_leaves_no_noise(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(exporting, "FIRST", 1)
    noise: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", noise.append)
    made = exporting.sheet

    def in_a_cycle(kind: str) -> Any:        # as the traceback of a broken request makes one
        sheet: Any = made(kind)
        sheet.itself = sheet
        return sheet

    monkeypatch.setattr(exporting, "sheet", in_a_cycle)
    listed = patients.list_patients

    async def fail(session: Any, *, after: str = "", **more: Any) -> patients.Page:
        if after:
            raise OSError("the database has gone")
        return await listed(session, after=after, **more)

    monkeypatch.setattr(patients, "list_patients", fail)
    await sign_in("supervisor")
    with pytest.raises(ClientPayloadError):
        await (await client.get(f"/patients/export?format={kind}")).read()
    gc.collect()                             # the file that was given up among the rest
    assert [str(each.exc_value) for each in noise] == []
    async with database.session() as session:
        ended = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "export-ended"))).one()
    assert (ended.detail["lines"], ended.detail["broken_off"]) == (1, True)


async def test_a_sheet_takes_any_text_and_makes_no_formula_of_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(Patient).where(Patient.id == hospital.patients[0]).values(
            name="=1+1 <b>&\x01"))
    await sign_in("supervisor")
    answer = await client.get("/patients/export?format=xlsx&sort=mrn")
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert sheet is not None
    assert sheet["A2"].value == "'=1+1 <b>&"
    assert sheet["A2"].data_type == "s"


def test_everybody_s_lists_need_the_permission_to_be_taken_away() -> None:
    assert MATRIX[("GET", "/campaigns/export")] == Every((EVERYBODY, EXPORTS))
