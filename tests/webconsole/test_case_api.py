"""Other systems register cases: with a token of theirs, once, and every fault by its field."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy import func, select

from followup.cases import tokens
from followup.cases.models import Case
from followup.cases.register import By
from followup.database.engine import Database
from followup.people.models import AuditEvent
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital

GOOD: dict[str, Any] = {
    "kind": "complaint", "channel": "wechat", "severity": "Serious", "category": "服务态度/护士",
    "description": "等了两个小时", "departments": ["骨科"], "external_id": "WX-1",
    "happened_on": "2026-11-01", "reporter": "李先生"}


@pytest.fixture
async def token(database: Database) -> str:
    async with database.session() as session:
        return await tokens.make_token(session, "wechat-desk", By("administrator", "管理员"))


async def send(client: Client, token: str | None, body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    kind = {"data": body} if isinstance(body, bytes) else {"json": body}
    answer = await client.post("/api/cases", headers=headers, **kind)
    assert answer.content_type == "application/json"
    return answer.status, await answer.json()


async def test_a_case_is_taken_once(client: Client, database: Database, token: str) -> None:
    status, first = await send(client, token, GOOD)
    assert (status, first["created"], first["state"]) == (201, True, "registered")
    assert first["number"].startswith("C0")
    assert first["accept_due"] < first["close_due"]
    status, again = await send(client, token, {**GOOD, "description": "又发一次"})
    assert (status, again["created"], again["id"]) == (200, False, first["id"])
    async with database.session() as session:
        case = (await session.scalars(select(Case))).one()
        assert (case.source, case.description) == ("api:wechat-desk", "等了两个小时")
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "register-case"))).one()
        assert trail.actor == "api:wechat-desk"


@pytest.mark.parametrize(("body", "status", "fields"), [
    ({**GOOD, "severity": "awful", "description": ""}, 422, ["description", "severity"]),
    ({**GOOD, "patient": "MR-none"}, 422, ["patient"]), ({**GOOD, "color": "red"}, 422, ["color"]),
    ({**GOOD, "happened_on": "2999-01-01"}, 422, ["happened_on"]),
    ({**GOOD, "departments": [["骨科"]]}, 422, ["departments"]),
    ({}, 422, ["kind", "channel", "description", "severity"]),
    ([], 422, None), (b"not json", 400, None), (b"\xff\xfe", 400, None), (b"[" * 5000, 400, None),
    (b'"' + b"x" * 300_000 + b'"', 413, None)])
async def test_what_does_not_fit_is_refused_by_field_and_nothing_is_stored(
        client: Client, database: Database, token: str, body: Any, status: int,
        fields: list[str] | None) -> None:
    told = await send(client, token, body)
    assert told[0] == status
    assert told[1]["error"]
    assert told[1]["message"]
    if fields is not None:
        assert sorted(fault["field"] for fault in told[1]["faults"]) == sorted(fields)
        assert all(fault["expected"] for fault in told[1]["faults"])
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 0


@pytest.mark.parametrize("wrong", [None, "", "x" * 43, "Basic abc"])
async def test_without_a_valid_token_nothing_is_told(client: Client, wrong: str | None) -> None:
    status, told = await send(client, wrong, GOOD)
    assert (status, told["error"]) == (401, "no-token")


async def test_a_session_of_the_console_is_no_token(client: Client, sign_in: SignIn) -> None:
    await sign_in("administrator")
    answer = await client.post("/api/cases", json=GOOD,
                               headers={"X-CSRF-Token": await csrf(client)})
    assert answer.status == 401


async def test_an_administrator_makes_and_revokes_tokens_and_sees_one_once(
        client: Client, sign_in: SignIn) -> None:
    await sign_in("administrator")
    path = "/cases/settings"
    page = await (await client.post("/cases/tokens", data={
        "csrf_token": await csrf(client, path), "name": "hotline"})).text()
    token = page.partition('<p class="mono token">')[2].partition("<")[0]
    assert (await send(client, token, GOOD))[0] == 201
    page = await (await client.get(path)).text()
    assert token not in page
    taken = await client.post("/cases/tokens", data={
        "csrf_token": await csrf(client, path), "name": "hotline"})
    assert taken.status == 409
    assert "已经用过" in await taken.text()
    revoke = page.partition('action="/cases/tokens/')[2].partition('"')[0]
    await client.post(f"/cases/tokens/{revoke}", data={"csrf_token": await csrf(client, path)})
    assert (await send(client, token, GOOD))[0] == 401


async def test_a_voice_message_follows_the_case_of_the_same_system(
        client: Client, database: Database, token: str, hospital: Hospital,
        sign_in: SignIn) -> None:
    async with database.session() as session:
        other = await tokens.make_token(session, "hotline", By("administrator", "管理员"))
    _, made = await send(client, token, GOOD)
    await sign_in("supervisor")

    async def attach(content: bytes, given: str, case: object) -> ClientResponse:
        form = FormData(quote_fields=False)
        form.add_field("attachments", content, filename="语音.jpg", content_type="image/jpeg")
        return await client.post(f"/api/cases/{case}/attachments", data=form,
                                 headers={"Authorization": f"Bearer {given}"})

    voice = b"#!AMR\n" + bytes(range(256))
    answer = await attach(voice, token, made["id"])
    assert answer.status == 201
    assert await answer.json() == {"attachments": [
        {"name": "语音.jpg.amr", "media_type": "audio/amr", "size": len(voice)}]}
    assert (await attach(voice, token, made["id"])).status == 201
    page = await (await client.get(f"/cases/{made['id']}")).text()
    assert page.count("语音.jpg.amr</a>") == 1
    assert (await attach(voice, other, made["id"])).status == 404
    assert (await attach(voice, token, hospital.case)).status == 404
    assert (await attach(voice, "x", made["id"])).status == 401
    refused = await attach(b"MZ\x90\x00" + bytes(64), token, made["id"])
    assert refused.status == 422
    assert (await refused.json())["faults"][0]["fault"] == "kind"
