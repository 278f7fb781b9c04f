"""Complaints and praise at the console: nothing typed is lost, nothing is done unseen."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from openpyxl import load_workbook
from sqlalchemy import select

from followup.cases.models import Case
from followup.cases.setup import load_setup
from followup.database.engine import Database
from followup.people.models import AuditEvent, User
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from webconsole.pages import case_statistics

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


async def severity(database: Database, name: str = "一般") -> str:
    async with database.session() as session:
        found = (await load_setup(session)).find_severity(name)
        assert found
        return str(found.id)


async def tell(client: Client, database: Database, *files: tuple[str, bytes],
               **change: str) -> ClientResponse:
    """Send the form of a new case."""
    form = FormData({"csrf_token": await csrf(client, "/cases/new"), "kind": "complaint",
                     "channel": "visit", "severity": await severity(database),
                     "description": "食堂的饭菜太凉", "departments": "营养科", **change},
                    quote_fields=False)
    for name, content in files:
        form.add_field("attachments", content, filename=name,
                       content_type="application/octet-stream")
    return await client.post("/cases", data=form, allow_redirects=False)


async def post(client: Client, case: object, part: str, **fields: Any) -> ClientResponse:
    """Send a form of a case's page."""
    path = f"/cases/{case}"
    return await client.post(f"{path}/{part}", allow_redirects=False, data={
        "csrf_token": await csrf(client, path), **fields})


async def the_case(database: Database, case_id: object) -> Case:
    async with database.session() as session:
        return await session.get_one(Case, case_id)


async def test_a_case_is_registered_with_its_files_and_they_are_kept_apart(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        settings: Settings) -> None:
    await sign_in("agent")
    answer = await tell(client, database, ("../饭菜.jpg", PNG), patient="MR2026002",
                        description="<b>饭菜</b>太凉")
    assert answer.status == 303
    page = await (await client.get(answer.headers["Location"])).text()
    assert "&lt;b&gt;饭菜&lt;/b&gt;太凉" in page
    assert "李建国" in page
    assert "饭菜.jpg.png" in page
    found = re.search(r'href="(/cases/[^"]+/attachments/[^"]+)"', page)
    assert found
    link = found[1]
    file = await client.get(link)
    assert (await file.read(), file.content_type) == (PNG, "image/png")
    assert "sandbox" in file.headers["Content-Security-Policy"]
    kept = [path for path in settings.case_files_dir.rglob("*") if path.is_file()]
    assert kept
    assert not any(PNG in path.read_bytes() for path in kept), "they lie encrypted"
    async with database.session() as session:
        actions = set(await session.scalars(select(AuditEvent.action)))
    assert {"register-case", "view-case", "open-case-attachment"} <= actions
    assert (await client.get(link.replace("/cases/", f"/cases/{hospital.case}x"))).status == 404
    other = link.partition("/attachments/")[2]
    assert (await client.get(f"/cases/{hospital.case}/attachments/{other}")).status == 404


@pytest.mark.parametrize(("change", "said"), [
    ({"description": "  "}, "请填写"), ({"patient": "MR-none"}, "没有这一项"),
    ({"severity": ""}, "请填写"), ({"happened_on": "2999-01-01"}, "不能晚于今天")])
async def test_a_form_with_a_fault_comes_back_as_it_was_typed(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        change: dict[str, str], said: str) -> None:
    await sign_in("agent")
    answer = await tell(client, database, reporter="很特别的名字", **change)
    page = await answer.text()
    assert answer.status == 422
    assert said in page
    assert 'value="很特别的名字"' in page
    assert 'value="营养科"' in page


async def test_a_file_that_is_not_what_it_says_is_refused(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    answer = await tell(client, database, ("假的.pdf", b"MZ\x90\0\0\xff"))
    assert answer.status == 422
    assert "不是可以接收的文件" in await answer.text()
    assert (await post(client, hospital.case, "attachments")).status == 303
    async with database.session() as session:
        assert len((await session.scalars(select(Case))).all()) == 1


async def test_like_cases_are_suggested_while_a_case_is_being_written(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    answer = await client.post("/cases/similar", data={
        "csrf_token": await csrf(client), "patient": "",
        "description": "护士换药态度生硬，等了四十分钟没人解释"})
    page = await answer.text()
    assert str(hospital.case) in page
    assert "文字相似" in page
    answer = await client.post("/cases/similar", data={
        "csrf_token": await csrf(client), "patient": "MR2026001", "description": "停车难"})
    assert "同一患者" in await answer.text()


async def test_a_case_goes_its_way_and_a_late_second_loses_no_word(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    case = hospital.case
    assert (await post(client, case, "move", move="accept", version="1")).status == 303
    late = await post(client, case, "move", move="dismiss", version="1", words="我写了很久的理由")
    page = await late.text()
    assert late.status == 409
    assert "别人更新了这件事" in page
    assert "我写了很久的理由" in page
    missing = await post(client, case, "move", move="dismiss", version="2", words=" ")
    assert missing.status == 422
    assert "请填写" in await missing.text()
    assert (await post(client, case, "move", move="jump", version="2")).status == 422
    wrong = await post(client, case, "move", move="resolve", version="2", words="已经好了吧")
    assert wrong.status == 409
    assert "已经好了吧" in await wrong.text()
    assert (await the_case(database, case)).state.value == "accepted"


async def test_notes_and_replies_are_told_apart(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    for kind, words in (("note", "只给自己人看"), ("reply", "尊敬的家属")):
        assert (await post(client, hospital.case, "words", kind=kind, words=words)).status == 303
    page = await (await client.get(f"/cases/{hospital.case}")).text()
    for kind, words in (("event-note", "只给自己人看"), ("event-reply", "尊敬的家属")):
        assert words in page.partition(f'class="event {kind}"')[2].partition("</li>")[0]


async def test_two_editors_see_the_difference(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = f"/cases/{hospital.case}"
    fields = {"version": "1", "channel": "phone", "severity": await severity(database),
              "description": "换药时护士态度生硬，等了四十分钟没有人解释。"}
    assert (await post(client, hospital.case, "edit",
                       **fields | {"reporter": "第一个人写的"})).status == 303
    second = await post(client, hospital.case, "edit",
                        **fields | {"reporter": "第二个人写的",
                                    "description": "第二个人改过的内容"})
    page = await second.text()
    assert second.status == 409
    assert "别人也改了" in page
    assert page.count("第二个人写的") >= 2                     # in the table, and in the form
    assert "第一个人写的" in page
    assert "第二个人改过的内容</textarea>" in page
    assert (await the_case(database, hospital.case)).reporter == "第一个人写的"
    version = page.partition('name="version" value="')[2].partition('"')[0]
    again = await client.post(f"{path}/edit", allow_redirects=False, data={
        "csrf_token": await csrf(client, path), **fields, "version": version,
        "reporter": "第二个人写的"})
    assert again.status == 303
    assert (await the_case(database, hospital.case)).reporter == "第二个人写的"


async def test_a_recorded_call_is_evidence_and_plays(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    patient = f"/patients/{hospital.patients[0]}"
    page = await (await client.get(patient)).text()
    assert f"/cases/new?patient={hospital.patients[0]}&amp;attempt={hospital.escalated}" in page
    assert f"/cases/{hospital.case}" in page
    form = await (await client.get(
        f"/cases/new?patient={hospital.patients[0]}&attempt={hospital.escalated}")).text()
    assert 'value="MR2026001"' in form
    answer = await tell(client, database, attempt=str(hospital.escalated))
    page = await (await client.get(answer.headers["Location"])).text()
    assert f"/recordings/{hospital.recording}/audio" in page
    tied = await post(client, hospital.case, "evidence", attempt=str(hospital.escalated))
    assert tied.status == 303
    assert (await post(client, hospital.case, "evidence", attempt="x")).status == 404
    assert (await post(client, hospital.case, "evidence",
                       attempt=str(hospital.campaign))).status == 404


async def test_the_patient_is_called_from_the_case(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    case = (await tell(client, database, patient="MR2026003")).headers["Location"].split("/")[-1]
    case = case.partition("?")[0]
    assert (await post(client, case, "call", extension="801")).status == 303
    page = await (await client.get(f"/cases/{case}")).text()
    assert "等待拨打。" in page and 'class="event event-called"' in page
    refused = await post(client, case, "call", extension="801")
    assert refused.status == 409
    form = Forms(await refused.text(), f"/cases/{case}/call")
    assert "已有一通等待拨打" in form.fault("extension")
    for wrong in ("x", "80\x001x", "\x00"):
        assert (await post(client, case, "call", extension=wrong)).status == 409


async def test_a_closed_case_is_rated(client: Client, database: Database, hospital: Hospital,
                                      sign_in: SignIn) -> None:
    await sign_in("agent")
    open_ = await post(client, hospital.case, "satisfaction", satisfaction="5", words="还没办结")
    assert open_.status == 409
    await post(client, hospital.case, "move", move="dismiss", version="1", words="重复")
    for told in ("6", ""):
        answer = await post(client, hospital.case, "satisfaction", satisfaction=told,
                            words="办得很快")
        form = Forms(await answer.text(), f"/cases/{hospital.case}/satisfaction")
        assert (answer.status, form.faulty(), form.value("words")) == (
            422, {"satisfaction"}, "办得很快")
    assert (await post(client, hospital.case, "satisfaction", satisfaction="4")).status == 303
    assert (await the_case(database, hospital.case)).satisfaction == 4


async def test_the_list_is_searched_and_a_wrong_filter_is_told(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    for query, found in (("", 1), ("q=态度", 1), ("q=王秀英", 1), ("q=没有的事", 0),
                         ("kind=praise", 0), ("person=方护士&state=open", 1),
                         ("department=骨科", 1), ("owner=-", 1)):
        page = await (await client.get(f"/cases?{query}")).text()
        assert page.count(f'href="/cases/{hospital.case}"') == found, query
    for query in ("kind=x", "begin=2026-02-30", "category=1", "rated=9", "sort=x", "after=x",
                  "owner=nobody", "state=lost"):
        assert (await client.get(f"/cases?{query}")).status == 422, query
    assert "/cases/new" not in await (await client.get("/cases")).text()


async def test_an_export_holds_no_formula_and_no_more_than_the_filter(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    await tell(client, database, description="=HYPERLINK(\"http://x\",\"点我\")",
               reporter="@SUM(A1)")
    answer = await client.get("/cases/export?format=csv")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert len(rows) == 3
    assert rows[0][0] == "编号"
    assert not any(cell.startswith(("=", "@", "+", "-")) for row in rows for cell in row)
    one = await client.get("/cases/export?format=xlsx&q=态度")
    sheet = load_workbook(io.BytesIO(await one.read())).active
    assert sheet is not None
    assert [row[0].value for row in sheet.iter_rows()][1:] == ["C000001"]
    await sign_in("agent")
    assert (await client.get("/cases/export?format=csv")).status == 403
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "export-ended").order_by(AuditEvent.id))).all()
    assert [row.detail["lines"] for row in trail] == [2, 1]


async def test_a_manager_sees_figures_and_nobody_s_name(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("manager")
    page = await (await client.get("/cases/statistics?group=person")).text()
    assert 'data-figure="complaints">1</dd>' in page
    assert "王秀英" not in page
    assert 'href="/cases?' not in page
    assert (await client.get("/cases")).status == 403
    for query in ("department=骨科", "person=方护士&group=person", "department=-"):
        assert (await client.get(f"/cases/statistics?{query}")).status == 200, query
    answer = await client.get("/cases/statistics/export?group=department&format=csv")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert [row[:2] for row in rows if "上期" not in row[0]] == [
        ["按科室", "投诉"], ["骨科", "1"], ["合计", "1"]]
    assert any(row[0].startswith("上期（2") and row[1] == "0" for row in rows)
    answer = await client.get("/cases/statistics/export?group=department&format=pdf")
    assert answer.content_type == "application/pdf"
    assert (await answer.read()).startswith(b"%PDF-")
    for query in ("group=x", "begin=2026-12-01&end=2026-11-01", "begin=1000-01-01", "end=x"):
        assert (await client.get(f"/cases/statistics?{query}")).status == 422, query


async def test_a_table_that_does_not_show_all_says_so_and_the_export_has_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_statistics, "SHOWN", 1)
    await sign_in("supervisor")
    page = await (await client.get("/cases/statistics?group=channel")).text()
    assert (page.count("data-group="), "只列出前" in page) == (1, False)
    await tell(client, database, channel="letter")
    page = await (await client.get("/cases/statistics?group=channel")).text()
    assert (page.count("data-group="), "只列出前 1 项" in page) == (1, True)
    answer = await client.get("/cases/statistics/export?group=channel&format=csv")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert len(rows) == 1 + 2 + 2                            # all, and the period before


async def test_days_that_do_not_fit_are_told_at_their_field(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    answer = await client.get("/cases/statistics?begin=2026-12-01&end=2026-11-01")
    form = Forms(await answer.text(), "/cases/statistics")
    assert (answer.status, form.faulty()) == (422, {"begin"})
    assert (form.value("begin"), form.value("end")) == ("2026-12-01", "2026-11-01")


async def test_what_is_near_its_deadline_is_told_to_whom_it_concerns(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert "badge" not in await (await client.get("/cases/count")).text()
    async with database.session() as session:
        case = await session.get_one(Case, hospital.case)
        case.accept_soon = case.created_at
    for department, owner, told in (("骨科", None, True), ("别的科", None, False),
                                    ("别的科", "agent", True), ("骨科", "doctor", False)):
        async with database.session() as session:
            case = await session.get_one(Case, hospital.case)
            case.department = department
            case.owner_id = await session.scalar(select(User.id).where(User.username == owner))
        for path in ("/cases/count", "/campaigns"):          # with each page, and once it changes
            told_there = await (await client.get(path)).text()
            assert ('class="badge">1</span>' in told_there) is told, path
        page = await (await client.get("/cases")).text()
        link = page.partition('data-count="wanting"')[0].rpartition('href="')[2].partition('"')[0]
        listed = await (await client.get(link.replace("&amp;", "&"))).text()
        assert (f'href="/cases/{hospital.case}"' in listed) is told


@pytest.mark.parametrize("group", ["day", "week", "month", "department", "person", "category",
                                   "channel", "severity"])
async def test_each_figure_leads_to_its_cases(client: Client, hospital: Hospital,
                                              sign_in: SignIn, group: str) -> None:
    await sign_in("auditor")
    page = await (await client.get(f"/cases/statistics?group={group}")).text()
    links = {part.partition('"')[0].replace("&amp;", "&")
             for part in page.partition("figures-table")[2].split('href="')[1:]}
    links = {link for link in links if link.startswith("/cases?") and "complaint" in link}
    assert links
    for link in links:
        there = await (await client.get(link)).text()
        found = there.count(f'href="/cases/{hospital.case}"')
        assert found == (0 if any(word in link for word in (
            "kept=", "accepted=", "reopened=", "rated=", "closed=")) else 1), link


async def test_a_supervisor_sets_up_without_anybody_who_programs(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")

    async def save(part: str, **fields: str) -> ClientResponse:
        return await client.post(f"/cases/settings/{part}", allow_redirects=False, data={
            "csrf_token": await csrf(client, "/cases/settings"), **fields})

    assert (await save("states", zh_registered="新收到", en_registered="New")).status == 303
    assert "新收到" in await (await client.get(f"/cases/{hospital.case}")).text()
    wrong = await save("severities", name_zh="加急", accept_hours="5", close_hours="很快")
    assert wrong.status == 422
    form = Forms(await wrong.text(), "/cases/settings/severities")
    assert (form.faulty(), form.fault("close_hours")) == ({"close_hours"}, "不是合适的数字。")
    assert (await save("severities", name_zh="加急", accept_hours="0.5", close_hours="4",
                       active="1", position="9")).status == 303
    assert (await save("categories", name_zh="停车", active="1")).status == 303
    assert (await save("templates", name="致歉", body="{name}您好，{number} 已办理。{hospital}",
                       active="1")).status == 303
    assert (await save("nothing")).status == 404
    assert (await save("categories", id="x", name_zh="x")).status == 404
    form = await (await client.get("/cases/new")).text()
    assert "加急（30 分钟内受理，4 小时内办结）" in form
    assert "停车" in form
    page = await (await client.get(f"/cases/{hospital.case}")).text()
    template = page.partition(">致歉<")[0].rpartition('value="')[2].partition('"')[0]
    draft = await (await post(client, hospital.case, "draft", template=template,
                              words="先写的一句")).text()
    assert "先写的一句\n王秀英您好，C000001 已办理。和安医院" in draft
    assert (await client.get("/cases/settings")).status == 200
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "set-up-cases"))).all()
    assert len(trail) == 4


async def test_a_case_that_is_not_there_is_not_found(client: Client, hospital: Hospital,
                                                     sign_in: SignIn) -> None:
    await sign_in("agent")
    for path in (f"/cases/{hospital.campaign}", "/cases/x", f"/cases/{hospital.campaign}/edit",
                 f"/cases/{hospital.case}/attachments/x", "/cases/new?patient=MR-none"):
        assert (await client.get(path)).status == 404, path
