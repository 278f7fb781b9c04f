"""An expired session, or a new one in another tab, loses no word that was typed."""

from __future__ import annotations

import html
import re

from aiohttp import ClientResponse, FormData
from sqlalchemy import update

from followup.database.engine import Database
from followup.people.models import User
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import PASSWORD, Hospital
from webconsole import kept

WORDS = "等了两个小时 😡 𠮷\n没有人 <b>解释</b>"


async def send(client: Client, path: str, **fields: str) -> ClientResponse:
    """As a browser sends a form of our own page."""
    origin = str(client.make_url("")).rstrip("/")
    return await client.post(path, data=fields, headers={"Origin": origin}, allow_redirects=False)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return {name: html.unescape(value) for name, value in re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)}


async def test_what_was_typed_when_the_session_ended_is_sent_after_signing_in(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    path = f"/cases/{hospital.case}/words"
    old = {"csrf_token": await csrf(client), "kind": "note", "words": WORDS}
    client.session.cookie_jar.clear()
    answer = await send(client, path, **old)
    assert answer.status == 401
    fields = hidden(await answer.text())
    wrong = await send(client, "/sign-in", **fields, username="supervisor", password="no-no-no-1")
    assert wrong.status == 403
    fields = hidden(await wrong.text())
    answer = await send(client, "/sign-in", **fields, username="supervisor", password=PASSWORD)
    page = await answer.text()
    assert answer.status == 200
    assert "等了两个小时" in page
    assert "<b>解释" not in page
    before = await (await client.get(f"/cases/{hospital.case}")).text()
    assert "等了两个小时" not in before                    # nothing is sent by itself
    assert (await send(client, path, **hidden(page))).status == 303
    after = await (await client.get(f"/cases/{hospital.case}")).text()
    assert "等了两个小时" in after


async def test_a_page_of_an_older_session_is_sent_after_a_look_at_it(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    path = f"/cases/{hospital.case}/words"
    old = {"csrf_token": await csrf(client), "kind": "note", "words": WORDS}
    await sign_in("agent")
    answer = await send(client, path, **old)
    assert answer.status == 403
    assert (await send(client, path, **hidden(await answer.text()))).status == 303
    foreign = await client.post(path, data=old, headers={"Origin": "https://elsewhere.example"})
    assert foreign.status == 403
    assert "等了两个小时" not in await foreign.text()


async def test_what_was_typed_outlives_a_password_that_must_be_changed_first(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    path, fresh = f"/cases/{hospital.case}/words", "new-words-for-it-7"
    old = {"csrf_token": await csrf(client), "kind": "note", "words": WORDS}
    client.session.cookie_jar.clear()
    async with database.session() as session:
        await session.execute(update(User).where(User.username == "supervisor").values(
            must_change_password=True))
    signed_out = hidden(await (await send(client, path, **old)).text())
    answer = await send(client, "/sign-in", **signed_out, username="supervisor",
                        password=PASSWORD)
    for page in (await answer.text(), await (await send(client, path, **old)).text()):
        assert f'action="{path}"' not in page              # it would not be taken
        assert "等了两个小时" in page
    page = await (await send(client, "/account/kept", **hidden(page))).text()
    for current, status in (("not-this-one-1", 422), (PASSWORD, 200)):
        answer = await send(client, "/account/password", **{
            **hidden(page), "current": current, "new": fresh, "again": fresh})
        page = await answer.text()
        assert (answer.status, fresh in page) == (status, False)
    assert (await send(client, path, **hidden(page))).status == 303
    assert "等了两个小时" in await (await client.get(f"/cases/{hospital.case}")).text()


async def test_files_are_passed_over_and_told(client: Client, hospital: Hospital,
                                              sign_in: SignIn) -> None:
    await sign_in("supervisor")
    token = await csrf(client)
    client.session.cookie_jar.clear()
    form = FormData()
    for name, value in (("csrf_token", token), ("description", WORDS)):
        form.add_field(name, value)
    form.add_field("attachments", b"x" * 400_000, filename="a.txt", content_type="text/plain")
    origin = str(client.make_url("")).rstrip("/")
    answer = await client.post("/cases", data=form, headers={"Origin": origin})
    assert answer.status == 401
    typed = kept.read(hidden(await answer.text()), lambda path: path == "/cases")
    assert typed is not None
    assert typed.files
    assert dict(typed.fields) == {"description": WORDS}


def test_secrets_and_what_is_not_ours_are_not_kept() -> None:
    typed = kept.from_form("/account/password", [
        ("password", "geheim 1"), ("new_password", "x y"), ("current", "ge heim"),
        ("new", "x y"), ("again", "x y")])
    assert typed is None
    assert kept.from_form("/cases", [("description", "长" * 20_001)]) is None
    for told in ("", "[", "[1]", '["//evil", [["a", "b"]], false]', '["/x", [["a", 1]], false]',
                 '["/x", 5, false]', "null"):
        assert kept.read({"kept": told}, lambda path: not path.startswith("//")) is None
