"""What pages show, what they hide, and how they answer bad input."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from blockbuster import blockbuster_ctx
from sqlalchemy import select, update

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.calls.models import AnsweredBy, Attempt, Disposition
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.settings import Settings
from followup.views import patients as patient_views
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import PEOPLE, Hospital, add_patient
from webconsole.app import create_app
from webconsole.keys import FEED

PHONE = re.compile(r"1380000\d{4}")


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


def numbers(page: str) -> dict[str, int]:
    """The overview's numbers by name."""
    return {name: int(value) for name, value in
            re.findall(r'data-number="(\w+)">(\d+)<', page)}


def names(page: str) -> list[str]:
    """Patients of the list, in order."""
    return re.findall(r'class="person" id="patient-[^"]+" href="[^"]+">([^<]+)<', page)


async def test_the_overview_counts_what_the_database_holds(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    page = await text(client, "/")
    assert numbers(page) == {"due": 3, "calling": 3, "answered": 9, "completed": 3,
                             "escalated": 2, "findings": 4, "alerts": 2}
    assert "6 / 12 已有结果" in page
    assert "伤口疼痛" in page                               # the question of a call in progress
    assert "坐席 梁护士" in page
    assert "+86*******0009" in page
    old = re.search(r'href="/\?campaign=([^"]+)"', page)
    assert old
    assert numbers(await text(client, f"/?campaign={old[1]}"))["due"] == 0


async def test_a_trouble_of_the_house_is_told_to_everybody_until_it_is_over(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("manager")
    async with database.session() as session:
        await raise_alarm(session, AlarmKind.GATEWAY_REFUSES, "node1")
    assert "语音网关拒绝呼叫（节点 node1）" in await text(client, "/")
    async with database.session() as session:
        await clear_alarm(session, AlarmKind.GATEWAY_REFUSES, "node1")
    assert "语音网关拒绝呼叫" not in await text(client, "/")


async def test_an_empty_house_says_what_to_do(client: Client, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    assert "还没有开始的随访任务" in await text(client, "/")
    assert "没有找到患者" in await text(client, "/patients")
    assert "没有待处理的警报" in await text(client, "/alerts")


async def test_no_page_shows_a_telephone_number(client: Client, hospital: Hospital,
                                                sign_in: SignIn) -> None:
    await sign_in("administrator")
    for path in ("/", "/patients", f"/patients/{hospital.patients[0]}", "/alerts",
                 f"/alerts/{hospital.alerts[0]}", "/campaigns",
                 f"/campaigns/{hospital.campaign}"):
        page = await text(client, path)
        assert not PHONE.search(page), path
    assert "+86*******0001" in await text(client, f"/patients/{hospital.patients[0]}")


async def test_a_manager_sees_progress_but_no_patient(client: Client, hospital: Hospital,
                                                      sign_in: SignIn) -> None:
    await sign_in("manager")
    page = await text(client, "/")
    assert numbers(page)["alerts"] == 2
    assert not [name for name, *_ in PEOPLE if name in page]
    assert "王**" in page
    assert "/patients" not in page


async def test_patients_are_found_by_name_number_and_department(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert names(await text(client, "/patients?q=欧阳")) == ["欧阳文博"]
    assert names(await text(client, "/patients?q=emily")) == ["Emily Carter"]
    assert names(await text(client, "/patients?q=mr2026003")) == ["张桂兰"]
    assert set(names(await text(client, "/patients?department=骨科"))) == {"王秀英", "赵丽华"}
    assert names(await text(client, "/patients?q=王&department=心内科")) == []
    part = await client.get("/patients?q=王", headers={"HX-Request": "true"})
    assert "<html" not in await part.text()
    whole = await client.get("/patients?q=王", headers={
        "HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in await whole.text()


@pytest.mark.parametrize("search", ["%", "_", "\\", "'; drop table patient; --", "' or '1'='1",
                                    "a\x00b", "\ud800", "%25%27", "x" * 3000])
async def test_a_search_is_only_ever_text(client: Client, hospital: Hospital, sign_in: SignIn,
                                          search: str) -> None:
    await sign_in("agent")
    query = search.encode("utf-8", "surrogatepass")
    page = await text(client, f"/patients?q={quote(query)}&department={quote(query)}")
    assert names(page) == []
    assert len(names(await text(client, "/patients"))) == len(PEOPLE)


async def test_pages_follow_one_another_without_gap_or_repetition(
        client: Client, database: Database, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient_views, "PAGE", 4)
    async with database.session() as session:
        for number in range(11):
            await add_patient(session, f"病人{number:02}", number=number, days_ago=number % 3)
    await sign_in("agent")
    seen: list[str] = []
    path: str | None = "/patients"
    pages = 0
    while path:
        page = await text(client, path)
        seen += names(page)
        pages += 1
        onward = re.search(r'href="(/patients\?[^"]*after=[^"]+)"', page)
        path = onward[1].replace("&amp;", "&") if onward else None
    assert pages == 3
    assert sorted(seen) == sorted(f"病人{number:02}" for number in range(11))
    for cursor in ("nonsense", "W10=", "e30=", "😀"):
        assert (await client.get("/patients", params={"after": cursor})).status == 422


async def test_a_patient_s_page_tells_the_whole_call(client: Client, hospital: Hospital,
                                                     sign_in: SignIn) -> None:
    await sign_in("doctor")
    page = await text(client, f"/patients/{hospital.patients[0]}")
    for shown in ("王秀英", "MR2026001", "右膝骨关节炎", "38.9 °C", "38*9",
                  "由 林护士 接听，患者等待 3.4 秒",
                  "体温 38.9 °C，达到或超过 38.5 °C", f"/recordings/{hospital.recording}/audio",
                  'data-seek="26.5"', "通话 1:15"):
        assert shown in page, shown
    await client.post("/locale", data={"csrf_token": await csrf(client), "locale": "en"})
    page = await text(client, f"/patients/{hospital.patients[0]}")
    for shown in ("Wound pain", "Taken by 林护士, the patient waited 3.4 s",
                  "Temperature 38.9 °C, at or above 38.5 °C", "The patient"):
        assert shown in page, shown


async def test_who_answered_and_when_to_call_again_are_told(
        client: Client, hospital: Hospital, sign_in: SignIn, database: Database) -> None:
    async with database.session() as session:
        await session.execute(update(Attempt).where(
            Attempt.patient_id == hospital.patients[0]).values(
                disposition=Disposition.CALL_BACK, answered_by=AnsweredBy.RELATIVE,
                call_back_at=datetime(2026, 11, 26, 7, 30, tzinfo=UTC)))
    await sign_in("doctor")
    page = await text(client, f"/patients/{hospital.patients[0]}")
    assert "家属接听" in page
    assert re.search(r"约定 [^<]*15:30", page)


async def test_looking_at_a_patient_is_written_down_once_a_look(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("doctor")
    await client.get(f"/patients/{hospital.patients[0]}")
    await client.get(f"/patients/{hospital.patients[0]}/live")
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "view-patient"))).all()
    assert [(row.actor, row.subject) for row in rows] == [
        ("doctor", f"patient:{hospital.patients[0]}")]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
                                  "\"><svg onload=alert(1)>", "{{ 7*7 }}", "${7*7}",
                                  "' onclick='x"])
async def test_a_hostile_name_is_shown_as_it_is(client: Client, database: Database,
                                                sign_in: SignIn, name: str) -> None:
    async with database.session() as session:
        patient, _ = await add_patient(session, name, number=1, department=name, diagnosis=name,
                                       operation=name)
    await sign_in("agent")
    for path in ("/patients", f"/patients/{patient.id}", f"/patients?q={name[:3]}"):
        page = await (await client.get(path)).text()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<svg onload" not in page
        assert "' onclick='" not in page
        assert ">49<" not in page
    assert "alert(1)" in page or "7*7" in page or "onclick" in page


@pytest.mark.parametrize("path", ["/nothing", "/patients/17", f"/patients/{uuid.UUID(int=0)}",
                                  "/alerts/x'--", f"/alerts/{uuid.UUID(int=0)}",
                                  "/static/../app.py",
                                  "/vendor/%2e%2e/%2e%2e/etc/passwd",
                                  "/recordings/x/audio"])
async def test_what_is_not_there_is_a_page_of_our_own(client: Client, sign_in: SignIn,
                                                      path: str) -> None:
    await sign_in("administrator")
    answer = await client.get(path)
    page = await answer.text()
    assert answer.status == 404
    assert "没有找到" in page
    assert "Traceback" not in page


async def test_a_fault_of_ours_shows_no_traceback(
        client: Client, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")
    await sign_in("agent")
    monkeypatch.setattr(patient_views, "list_patients", broken)
    answer = await client.get("/patients")
    page = await answer.text()
    assert answer.status == 500
    assert "出了点问题" in page
    assert "secret detail" not in page
    assert "Traceback" not in page


async def test_without_a_database_pages_say_so_and_health_is_bad(
        settings: Settings, vendor_dir: Path) -> None:
    database = Database("postgresql+asyncpg://nobody:x@127.0.0.1:1/none")
    browser = TestClient(TestServer(create_app(settings, database, vendor_dir=vendor_dir)),
                         cookie_jar=CookieJar(unsafe=True))
    try:
        await browser.start_server()
        browser.session.cookie_jar.update_cookies({"aftercall_session": "some-token"})
        answer = await browser.get("/")
        assert answer.status == 503
        assert "暂时无法使用" in await answer.text()
        browser.session.cookie_jar.clear()
        health = await browser.get("/healthz")
        assert (health.status, await health.json()) == (503, {"database": False, "live": False})
    finally:
        await browser.close()
        await database.close()


async def test_a_healthy_console_says_so(client: Client, server: TestServer) -> None:
    await server.app[FEED].connected.wait()
    health = await client.get("/healthz")
    assert (health.status, await health.json()) == (200, {"database": True, "live": True})


async def test_every_answer_carries_the_security_headers(client: Client, hospital: Hospital,
                                                         sign_in: SignIn) -> None:
    await sign_in("administrator")
    for path in ("/", "/sign-in", "/nothing", "/static/css/base.css", "/vendor/htmx.js",
                 "/healthz", f"/recordings/{hospital.recording}/audio"):
        headers = (await client.get(path, allow_redirects=False)).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'"), path
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert (await client.get("/")).headers["Cache-Control"] == "no-store"


async def test_no_page_blocks_the_event_loop(client: Client, hospital: Hospital,
                                             sign_in: SignIn) -> None:
    await client.get("/static/css/base.css")
    with blockbuster_ctx(["webconsole"]):
        assert (await sign_in("administrator")).status == 303
        for path in ("/", "/patients?q=a", f"/patients/{hospital.patients[0]}", "/alerts",
                     f"/alerts/{hospital.alerts[0]}", "/static/css/base.css", "/healthz",
                     "/campaigns", f"/campaigns/{hospital.campaign}", "/campaigns/new", "/calendar",
                     f"/recordings/{hospital.recording}/audio"):
            assert (await client.get(path)).status == 200, path
        assert (await client.get("/nothing")).status == 404


async def test_a_flood_in_a_form_is_refused(client: Client, sign_in: SignIn,
                                            hospital: Hospital) -> None:
    await sign_in("agent")
    token = await csrf(client)
    path = f"/alerts/{hospital.alerts[0]}/close"
    answer = await client.post(path, data={"csrf_token": token, "note": "x" * 400_000})
    assert answer.status == 413
    answer = await client.post(path, data=b"note=\xff\xfe&csrf_token=" + token.encode(), headers={
        "Content-Type": "application/x-www-form-urlencoded; charset=no-such"})
    assert answer.status == 400
