"""My account: password, second step, sessions; and the second step at the door."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from followup.database.engine import Database
from followup.people.accounts import reset_second_step
from followup.people.models import User
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn, cookie, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import PASSWORD
from webconsole.app import create_app
from webconsole.browsers import browser_name
from webconsole.middleware import SESSION_COOKIE


@pytest.fixture
async def other(server: TestServer) -> AsyncIterator[Client]:
    """A second browser."""
    client: Client = TestClient(server, cookie_jar=CookieJar(unsafe=True),
                                headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140"})
    yield client
    await client.close()


async def send(client: Client, path: str, **fields: str) -> ClientResponse:
    token = await csrf(client, "/account")
    return await client.post(path, allow_redirects=False, data={"csrf_token": token, **fields})


def error_at(page: str, name: str) -> str:
    return Forms(page).fault(name)


async def set_up(client: Client) -> tuple[str, list[str]]:
    """Types the key into an app, and turns the second step on: by this code, with these."""
    page = await (await send(client, "/account/second-step", password=PASSWORD)).text()
    assert 'class="qr"' in page
    app = pyotp.TOTP(re.search(r'by-hand">([A-Z2-7 ]+)', page)[1].replace(" ", ""))  # type: ignore[index]
    wrong = await send(client, "/account/second-step/code", code="000000")
    assert wrong.status == 422
    page = await wrong.text()
    assert "数字不对" in error_at(page, "code")
    assert 'class="qr"' in page                               # it can still be scanned
    code = app.now()
    page = await (await send(client, "/account/second-step/code", code=code)).text()
    return code, re.findall(r'<li class="mono">([a-z2-9-]+)</li>', page)


@pytest.mark.parametrize(("fields", "place", "told"), [
    ({"current": "wrong"}, "current", "密码不正确"),
    ({"again": "something-else-1"}, "again", "不一样"),
    ({"new": "short", "again": "short"}, "new", "至少需要 12 个字符"),
    ({"new": "agent-agent-12", "again": "agent-agent-12"}, "new", "姓名"),
    ({"new": "和安医院和安医院和安医院", "again": "和安医院和安医院和安医院"}, "new", "医院"),
    ({"new": PASSWORD, "again": PASSWORD}, "new", "最近用过")])
async def test_what_is_wrong_with_a_new_password_is_told_beside_its_field(
        client: Client, sign_in: SignIn, fields: dict[str, str], place: str, told: str) -> None:
    await sign_in("agent")
    answer = await send(client, "/account/password", **{
        "current": PASSWORD, "new": "blue-bicycle-7", "again": "blue-bicycle-7", **fields})
    assert answer.status == 422
    page = await answer.text()
    assert told in error_at(page, place)
    assert "blue-bicycle-7" not in page
    assert (await sign_in("agent")).status == 303


async def test_a_new_password_signs_out_everywhere_else(
        client: Client, other: Client, sign_in: SignIn) -> None:
    await sign_in("agent")
    await sign_in("agent", browser=other)
    answer = await send(client, "/account/password", current=PASSWORD, new="blue-bicycle-7",
                        again="blue-bicycle-7")
    assert answer.headers["Location"] == "/account?done=password"
    assert "密码已更改" in await (await client.get(answer.headers["Location"])).text()
    assert (await other.get("/account", allow_redirects=False)).status == 303
    assert (await sign_in("agent", browser=other)).status == 403
    assert (await sign_in("agent", "blue-bicycle-7", browser=other)).status == 303


async def test_sessions_are_seen_and_ended_one_or_all_others(
        client: Client, other: Client, sign_in: SignIn, server: TestServer) -> None:
    await sign_in("agent")
    await sign_in("agent", browser=other)
    page = await (await client.get("/account")).text()
    assert "Firefox, Windows" in page
    assert "127.0.0.1" in page
    assert page.count('name="session"') == 1                  # not the one that asks
    one = re.search(r'name="session" value="([^"]+)"', page)
    assert one
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as third:
        await sign_in("doctor", browser=third)                # whose it is not cannot end it
        await send(third, "/account/sessions", session=one[1])
        assert (await other.get("/account", allow_redirects=False)).status == 200
        await send(client, "/account/sessions", session=one[1])
        assert (await other.get("/account", allow_redirects=False)).status == 303
        await sign_in("agent", browser=other)
        await send(client, "/account/sessions")
        assert (await other.get("/account", allow_redirects=False)).status == 303
        assert (await third.get("/account", allow_redirects=False)).status == 200
        assert (await client.get("/account", allow_redirects=False)).status == 200
        assert (await send(client, "/account/sessions", session="x")).status == 422


async def test_with_an_app_the_password_opens_nothing_until_the_code_is_right(
        client: Client, other: Client, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert error_at(await (await send(client, "/account/second-step", password="wrong")).text(),
                    "password")
    used, codes = await set_up(client)
    assert len(codes) == 10
    assert codes[0] not in await (await client.get("/account")).text()
    answer = await sign_in("agent", browser=other, onward="/patients?q=%E7%8E%8B")
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/sign-in/code"
    assert not cookie(other, SESSION_COOKIE)
    assert (await other.get("/account", allow_redirects=False)).status == 303
    page = f"{where.path}?{where.query}"
    token = await csrf(other, page)
    onward = parse_qs(where.query)["next"][0]

    async def give(code: str) -> ClientResponse:
        return await other.post("/sign-in/code", allow_redirects=False, data={
            "csrf_token": token, "code": code, "next": onward})

    refused = await give(used)                                # to turn it on
    assert refused.status == 403
    assert "验证码不正确" in await refused.text()
    answer = await give(codes[0])
    assert (answer.status, answer.headers["Location"]) == (303, "/patients?q=%E7%8E%8B")
    assert "9 个备用码" in await (await other.get("/account")).text()
    again = await (await send(other, "/account/second-step/codes", password=PASSWORD)).text()
    assert len(re.findall(r'<li class="mono">', again)) == 10
    off = await send(other, "/account/second-step/remove", password=PASSWORD)
    assert off.headers["Location"] == "/account?done=second_step_off"


async def test_no_code_page_without_a_password(client: Client) -> None:
    answer = await client.get("/sign-in/code", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    token = await csrf(client, "/sign-in")
    answer = await client.post("/sign-in/code", data={"csrf_token": token, "code": "123456"},
                               allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


async def test_a_one_time_password_opens_nothing_but_its_change(
        client: Client, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(User).values(must_change_password=True))
    await sign_in("agent")
    for path in ("/", "/patients", "/events", "/phone/desk?extension=801"):
        answer = await client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/account")
    part = await client.get("/overview/live", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/account"
    assert "一次性密码" in await (await client.get("/account")).text()
    await send(client, "/account/password", current=PASSWORD, new="blue-bicycle-7",
               again="blue-bicycle-7")
    assert (await client.get("/", allow_redirects=False)).status == 200


async def test_roles_that_need_the_second_step_set_it_up_first_and_cannot_be_rid_of_it(
        settings: Settings, database: Database, vendor_dir: Path, users: None,
        sign_in: SignIn) -> None:
    strict = settings.sign_in.model_copy(update={"second_step_roles": ("administrator",)})
    app = create_app(settings.model_copy(update={"sign_in": strict}), database,
                     vendor_dir=vendor_dir)
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as browser:
        await sign_in("agent", browser=browser)
        assert (await browser.get("/", allow_redirects=False)).status == 200
        await sign_in("administrator", browser=browser)
        assert (await browser.get("/", allow_redirects=False)).headers["Location"] == "/account"
        # what was typed before that was so is carried along
        page = await (await browser.post("/views", data={"name": "我的 视图"}, headers={
            "Origin": str(browser.make_url("")).rstrip("/")})).text()
        assert 'action="/account/kept"' in page
        kept = html.unescape(page.partition('name="kept" value="')[2].partition('"')[0])
        for path in ("/account/kept", "/account/second-step"):
            page = await (await send(browser, path, kept=kept, password=PASSWORD)).text()
            assert kept in html.unescape(page)
        key = pyotp.TOTP(page.partition('by-hand">')[2].partition("<")[0].replace(" ", ""))
        page = await (await send(browser, "/account/second-step/code", kept=kept,
                                 code=key.now())).text()
        assert 'class="recovery"' in page
        assert Forms(page, "/views").value("name") == "我的 视图"
        assert (await browser.get("/", allow_redirects=False)).status == 200
        refused = await send(browser, "/account/second-step/remove", password=PASSWORD)
        assert refused.status == 403


@pytest.mark.parametrize(("told", "name"), [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 MicroMessenger/8.0",
     "WeChat, iPhone"), ("curl/8", ""), ("", "")])
def test_a_browser_is_called_by_the_name_that_people_know(told: str, name: str) -> None:
    assert browser_name(told) == name


async def test_codes_that_are_shown_once_cannot_be_lost_by_another_language(
        client: Client, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert 'action="/locale"' in await (await client.get("/account")).text()
    await set_up(client)
    page = await (await send(client, "/account/second-step/codes", password=PASSWORD)).text()
    assert len(re.findall(r'<li class="mono">', page)) == 10
    assert 'action="/locale"' not in page
    assert 'action="/theme"' not in page


async def test_a_lost_key_is_told_and_a_recovery_code_or_an_administrator_help(
        client: Client, sign_in: SignIn, server: TestServer, settings: Settings,
        database: Database, vendor_dir: Path) -> None:
    await sign_in("agent")
    _, codes = await set_up(client)
    secrets = settings.data_dir / "secrets.toml"
    secrets.chmod(0o600)
    secrets.write_text(re.sub(r'(?m)^second_step = .*$', 'second_step = "' + "k" * 43 + '"',
                              secrets.read_text("utf-8")))
    again = TestServer(create_app(settings, database, vendor_dir=vendor_dir))
    browser: Client = TestClient(again, cookie_jar=CookieJar(unsafe=True))
    await browser.start_server()
    try:
        for code, status in (("123456", 503), (codes[0], 303)):
            await sign_in("agent", browser=browser)
            answer = await browser.post("/sign-in/code", allow_redirects=False, data={
                "csrf_token": await csrf(browser, "/sign-in/code"), "code": code})
            assert answer.status == status, code
            if status == 503:
                assert "密钥已更换或丢失" in await answer.text()
    finally:
        await browser.close()
    async with database.session() as session:
        await reset_second_step(session, "agent", actor="administrator")
    assert (await sign_in("agent")).headers["Location"] == "/"
