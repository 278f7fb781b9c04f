"""Signing in, staying signed in, signing out, and the language."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from followup.database.base import now
from followup.database.engine import Database
from followup.people import lockout
from followup.people.models import AuditEvent, User, WebSession
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn, cookie, csrf
from webconsole.app import create_app
from webconsole.middleware import CSRF_COOKIE, SESSION_COOKIE


async def test_signing_in_leads_to_the_page_that_was_asked_for(
        client: Client, sign_in: SignIn) -> None:
    asked = await client.get("/patients?q=a%26b", allow_redirects=False)
    assert asked.headers["Location"] == "/sign-in?next=/patients?q%3Da%2526b"
    page = await (await client.get(asked.headers["Location"])).text()
    assert 'name="next" value="/patients?q=a%26b"' in page
    answer = await sign_in("agent", onward="/patients?q=a%26b")
    assert (answer.status, answer.headers["Location"]) == (303, "/patients?q=a%26b")
    assert "林护士" in await (await client.get("/")).text()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example",
                                       "javascript:alert(1)", "", "/a\r\nSet-Cookie: x=y"])
async def test_signing_in_leads_to_no_other_site(sign_in: SignIn, elsewhere: str) -> None:
    assert (await sign_in("agent", onward=elsewhere)).headers["Location"] == "/"


async def test_the_session_cookie_is_out_of_reach(client: Client, sign_in: SignIn) -> None:
    answer = await sign_in("agent")
    header = next(value for value in answer.headers.getall("Set-Cookie")
                  if value.startswith(SESSION_COOKIE))
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header                       # this console is on http


async def test_cookies_are_secure_when_browsers_come_by_https(
        settings: Settings, database: Database, vendor_dir: Path, users: None) -> None:
    console = settings.console.model_copy(update={"public_url": "https://follow.example"})
    app = create_app(settings.model_copy(update={"console": console}), database,
                     vendor_dir=vendor_dir)
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as browser:
        answer = await browser.get("/sign-in")
        assert "Secure" in answer.headers["Set-Cookie"]
        assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_a_session_chosen_by_somebody_else_is_never_used(
        client: Client, database: Database, sign_in: SignIn) -> None:
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: "fixed-by-an-attacker"})
    await sign_in("agent")
    first = cookie(client, SESSION_COOKIE)
    assert first != "fixed-by-an-attacker"
    # signing in anew while signed in: a new token, and the old one is worth nothing
    client.session.cookie_jar.clear()
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: str(first)})
    token = await csrf(client)
    await client.post("/sign-in", allow_redirects=False, data={
        "csrf_token": token, "username": "agent", "password": "correct-horse-9"})
    second = cookie(client, SESSION_COOKIE)
    assert second != first
    async with database.session() as session:
        assert len((await session.scalars(select(WebSession))).all()) == 1


async def test_signing_out_ends_the_session_in_the_database_too(
        client: Client, sign_in: SignIn) -> None:
    await sign_in("agent")
    token = cookie(client, SESSION_COOKIE)
    answer = await client.post("/sign-out", data={"csrf_token": await csrf(client)},
                               allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: str(token)})
    assert (await client.get("/", allow_redirects=False)).status == 303


async def test_an_expired_session_and_a_disabled_user_are_signed_out(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("agent")
    async with database.session() as session:
        await session.execute(update(WebSession).values(expires_at=now() - timedelta(seconds=1)))
    assert (await client.get("/", allow_redirects=False)).status == 303
    await sign_in("agent")
    async with database.session() as session:
        await session.execute(update(User).where(User.username == "agent").values(disabled=True))
    part = await client.get("/overview/live", headers={"HX-Request": "true"})
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/sign-in")


async def test_guessing_locks_and_the_page_says_no_more_than_it_must(
        client: Client, database: Database, sign_in: SignIn) -> None:
    pages = set()
    for username in ("agent", "nobody", "<script>alert(1)</script>"):
        answer = await sign_in(username, "wrong-password")
        assert answer.status == 403
        page = await answer.text()
        assert "wrong-password" not in page
        assert "<script>alert" not in page
        assert "用户名或密码不正确" in page
        pages.add(page.partition('role="alert"')[2].partition("</div>")[0])
    assert len(pages) == 1
    for _ in range(lockout.ACCOUNT_FAILURES):
        await sign_in("agent", "wrong-password")
    assert (await sign_in("agent")).status == 403
    async with database.session() as session:
        refused = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "sign-in-refused", AuditEvent.actor == "agent"))).all()
    assert len(refused) >= lockout.ACCOUNT_FAILURES
    assert {row.address for row in refused} == {"127.0.0.1"}


async def test_behind_a_proxy_the_browser_s_own_address_counts(
        settings: Settings, database: Database, vendor_dir: Path, users: None,
        sign_in: SignIn) -> None:
    await sign_in("agent", "wrong-password")                    # no proxy declared: header ignored
    console = settings.console.model_copy(update={"public_url": "http://follow.example"})
    app = create_app(settings.model_copy(update={"console": console}), database,
                     vendor_dir=vendor_dir)
    proxied = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True),
                          headers=proxied) as browser:
        await sign_in("agent", "wrong-password", browser=browser)
    async with database.session() as session:
        rows = await session.scalars(select(AuditEvent.address).where(
            AuditEvent.action == "sign-in-refused").order_by(AuditEvent.id))
        assert list(rows) == ["127.0.0.1", "203.0.113.9"]


async def test_the_language_is_kept_before_and_after_signing_in(
        client: Client, database: Database, sign_in: SignIn) -> None:
    assert 'lang="zh-CN"' in await (await client.get("/sign-in")).text()
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert 'lang="en"' in await (await client.get("/sign-in", headers=english)).text()
    token = await csrf(client, "/sign-in")
    answer = await client.post("/locale", allow_redirects=False, data={
        "csrf_token": token, "locale": "en", "next": "/sign-in"})
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert "User name" in await (await client.get("/sign-in")).text()
    await sign_in("agent")
    assert "今日随访" in await (await client.get("/")).text()      # the user's own choice counts
    token = await csrf(client)
    await client.post("/locale", data={"csrf_token": token, "locale": "en", "next": "/"})
    assert "Today" in await (await client.get("/")).text()
    refused = await client.post("/locale", data={"csrf_token": token, "locale": "xx"})
    assert refused.status == 400
    async with database.session() as session:
        user = (await session.scalars(select(User).where(User.username == "agent"))).one()
    assert user.locale == "en"


async def test_the_anonymous_token_is_gone_once_signed_in(client: Client, sign_in: SignIn) -> None:
    await client.get("/sign-in")
    before = cookie(client, CSRF_COOKIE)
    await sign_in("agent")
    assert before
    assert not cookie(client, CSRF_COOKIE)
    assert before not in await (await client.get("/")).text()
