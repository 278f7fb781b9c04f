"""Agents' browser phones: who gets a phone, who gets a line, and what the desk shows."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer
from sqlalchemy import delete, select, update

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt, AttemptState, Escalation
from followup.campaigns.models import Campaign, CampaignMode, Task, TaskState
from followup.campaigns.preview import Preview
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.people import audit
from followup.people.models import AuditEvent, Role, WebSession
from followup.secrets import load_secrets
from followup.settings import NodeSettings, Settings
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole import sip_relay
from webconsole.rights import TAKES_CALLS

NURSE, DESK_PHONE = "803", "801"         # the first is made a browser phone here
DENIED = sorted(set(Role) - TAKES_CALLS.default)


@pytest.fixture
async def node() -> asyncio.Queue[str]:
    """What the Asterisk has been told."""
    return asyncio.Queue()


@pytest.fixture
async def asterisk(node: asyncio.Queue[str]) -> AsyncIterator[TestServer]:
    """A WebSocket as Asterisk's, which answers every message."""
    async def ws(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            node.put_nowait(message.data)
            await socket.send_str(f"SIP/2.0 200 {message.data}")
        node.put_nowait("gone")
        return socket

    app = web.Application()
    app.router.add_get("/ws", ws)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
def settings(settings: Settings, asterisk: TestServer) -> Settings:
    """Settings that lead to that Asterisk, and the secrets of its phones."""
    load_secrets(settings.data_dir, [NURSE, DESK_PHONE])
    return settings.model_copy(update={"nodes": (NodeSettings(http_port=asterisk.port),)})


@pytest.fixture
async def phones(database: Database, hospital: Hospital) -> None:
    """Agent 803, on a call in the sample hospital, sits at a browser."""
    async with database.session() as session:
        await session.execute(update(Agent).where(Agent.extension == NURSE)
                              .values(kind="webrtc", state=AgentState.OFFLINE))


async def _take(client: Client, extension: str = NURSE,
                **headers: str) -> tuple[int, dict[str, str]]:
    answer = await client.post("/phone/credentials", headers=headers, allow_redirects=False, data={
        "csrf_token": await csrf(client), "extension": extension})
    is_json = answer.content_type == "application/json"
    return answer.status, await answer.json() if is_json else {}


async def _set(database: Database, **values: object) -> None:
    async with database.session() as session:
        await session.execute(update(Agent).where(Agent.extension == NURSE).values(**values))


# --- the password of a phone ---------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(TAKES_CALLS.default))
async def test_whoever_takes_calls_gets_a_phone_and_leaves_a_trace(
        client: Client, sign_in: SignIn, phones: None, settings: Settings, database: Database,
        role: Role) -> None:
    await sign_in(role.value)
    status, given = await _take(client)
    assert status == 200
    secrets = load_secrets(settings.data_dir)
    assert given == {"user": f"agent-{NURSE}",
                     "password": secrets.agents[NURSE].get_secret_value()}
    async with database.session() as session:
        [event] = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == audit.TAKE_PHONE))
    assert (event.actor, event.subject) == (role.value, f"agent:{NURSE}")
    assert given["password"] not in str(event.detail)


@pytest.mark.parametrize("role", DENIED)
async def test_nobody_else_does(client: Client, sign_in: SignIn, phones: None, role: Role) -> None:
    await sign_in(role.value)
    assert await _take(client) == (403, {})
    assert (await client.get("/phone")).status == 403


async def test_not_without_signing_in(client: Client, phones: None, users: None) -> None:
    answer = await client.post("/phone/credentials", data={"extension": NURSE},
                               allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


async def test_not_for_another_site_nor_without_the_page_s_token(
        client: Client, sign_in: SignIn, phones: None) -> None:
    await sign_in("agent")
    assert await _take(client, Origin="https://evil.example") == (403, {})
    answer = await client.post("/phone/credentials", data={"extension": NURSE})
    assert answer.status == 403


@pytest.mark.parametrize("extension", [DESK_PHONE, "999", "", "8' or 1=1", "٨٠٣", "803\n"])
async def test_only_browser_phones_are_given_out(client: Client, sign_in: SignIn, phones: None,
                                                 extension: str) -> None:
    await sign_in("agent")
    assert await _take(client, extension) == (422, {})


async def test_a_phone_on_duty_stays_with_whoever_has_it(
        client: Client, sign_in: SignIn, phones: None, database: Database) -> None:
    await sign_in("agent")
    assert (await _take(client))[0] == 200
    await sign_in("supervisor")
    assert await _take(client) == (409, {})            # its registration has yet to be seen
    await _set(database, state=AgentState.AVAILABLE)
    assert await _take(client) == (409, {})
    await sign_in("agent")
    assert (await _take(client))[0] == 200             # the page was loaded anew


async def test_a_phone_that_was_left_goes_to_the_next(
        client: Client, sign_in: SignIn, phones: None, database: Database) -> None:
    async with database.session() as session:
        session.add(AuditEvent(actor="agent", action=audit.TAKE_PHONE, subject=f"agent:{NURSE}",
                               at=now() - timedelta(minutes=5)))
    await sign_in("supervisor")
    assert (await _take(client))[0] == 200


async def test_a_phone_without_a_password_is_not_given(
        client: Client, sign_in: SignIn, phones: None, settings: Settings) -> None:
    (settings.data_dir / "secrets.toml").unlink()
    await sign_in("agent")
    assert await _take(client) == (503, {})


# --- the line ------------------------------------------------------------------------------------


async def _line(client: Client, origin: str | None = "own",
                protocols: tuple[str, ...] = ("sip",)) -> ClientWebSocketResponse:
    own = str(client.make_url("")).rstrip("/")
    return await client.ws_connect("/phone/ws", protocols=protocols,
                                   origin=own if origin == "own" else origin)


async def test_messages_pass_both_ways_and_the_end_is_passed_on(
        client: Client, sign_in: SignIn, phones: None, node: asyncio.Queue[str]) -> None:
    await sign_in("agent")
    line = await _line(client)
    assert line.protocol == "sip"
    await line.send_str("REGISTER 王")
    assert await line.receive_str(timeout=5) == "SIP/2.0 200 REGISTER 王"
    await line.close()
    async with asyncio.timeout(40):
        assert [await node.get(), await node.get()] == ["REGISTER 王", "gone"]


async def test_the_line_is_for_our_own_pages(client: Client, sign_in: SignIn, phones: None,
                                             node: asyncio.Queue[str]) -> None:
    await sign_in("agent")
    for origin in ("https://evil.example", "null", None):
        with pytest.raises(WSServerHandshakeError) as refused:
            await _line(client, origin)
        assert refused.value.status == 403, origin
    with pytest.raises(WSServerHandshakeError) as refused:
        await _line(client, protocols=("chat",))
    assert refused.value.status == 400
    assert node.empty()


@pytest.mark.parametrize("role", DENIED)
async def test_the_line_is_for_those_who_take_calls(client: Client, sign_in: SignIn, phones: None,
                                                    node: asyncio.Queue[str], role: Role) -> None:
    await sign_in(role.value)
    with pytest.raises(WSServerHandshakeError) as refused:
        await _line(client)
    assert refused.value.status == 403
    assert node.empty()


async def test_there_is_no_line_without_signing_in(client: Client, phones: None, users: None,
                                                   node: asyncio.Queue[str]) -> None:
    answer = await client.get("/phone/ws", allow_redirects=False, headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "sip",
        "Origin": str(client.make_url("")).rstrip("/")})
    assert answer.status == 303
    assert node.empty()


async def test_the_line_ends_with_the_session(
        client: Client, sign_in: SignIn, phones: None, database: Database,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_relay, "CHECK_S", 0.05)
    await sign_in("agent")
    line = await _line(client)
    await line.send_str("OPTIONS")
    assert (await line.receive(timeout=5)).type is WSMsgType.TEXT
    async with database.session() as session:
        await session.execute(delete(WebSession))
    assert (await line.receive(timeout=5)).type is WSMsgType.CLOSE


async def test_without_asterisk_there_is_an_answer_all_the_same(
        client: Client, sign_in: SignIn, phones: None, asterisk: TestServer) -> None:
    await asterisk.close()
    await sign_in("agent")
    with pytest.raises(WSServerHandshakeError) as refused:
        await _line(client)
    assert refused.value.status == 503


def test_a_node_is_reached_where_it_listens() -> None:
    assert sip_relay.address(NodeSettings()) == "ws://127.0.0.1:8088/ws"
    assert sip_relay.address(NodeSettings(http_bind="::1", http_port=81)) == "ws://[::1]:81/ws"
    assert sip_relay.address(NodeSettings(
        http_bind="0.0.0.0", ami_host="asterisk1")) == "ws://asterisk1:8088/ws"


# --- the desk ------------------------------------------------------------------------------------


async def test_the_desk_shows_the_patient_who_rings(
        client: Client, sign_in: SignIn, phones: None, database: Database,
        hospital: Hospital) -> None:
    async with database.session() as session:
        agent_id = await session.scalar(select(Agent.id).where(Agent.extension == NURSE))
        attempt_id = await session.scalar(
            select(Escalation.attempt_id).where(Escalation.agent_id == agent_id))
    await sign_in("agent")
    idle = await (await client.get(f"/phone/desk?extension={NURSE}")).text()
    assert 'data-agent-state="offline"' in idle
    assert "周玉梅" not in idle
    await _set(database, state=AgentState.RESERVED, attempt_id=attempt_id)
    for _ in range(2):
        shown = await (await client.get(f"/phone/desk?extension={NURSE}")).text()
        assert 'data-agent-state="reserved"' in shown
        assert "周玉梅" in shown
        assert "38.9" in shown
        assert f"attempt={attempt_id}" in shown          # a complaint told in this very call
    async with database.session() as session:
        assert await audit.count(session, audit.VIEW_PATIENT, within=timedelta(minutes=1),
                                 actor="agent") == 1     # fetched often, looked at once


async def test_the_desk_keeps_the_patient_until_wrap_up_is_over(
        client: Client, sign_in: SignIn, phones: None, database: Database) -> None:
    await sign_in("agent")
    for left, state, kept in ((timedelta(minutes=1), "wrap_up", True),
                              (-timedelta(seconds=1), "available", False)):
        await _set(database, state=AgentState.WRAP_UP, attempt_id=None, wrap_up_until=now() + left)
        shown = await (await client.get(f"/phone/desk?extension={NURSE}")).text()
        assert f'data-agent-state="{state}"' in shown
        assert ("周玉梅" in shown) is kept


async def test_the_page_offers_browser_phones_only_and_may_listen(
        client: Client, sign_in: SignIn, phones: None) -> None:
    await sign_in("agent")
    answer = await client.get("/phone")
    page = await answer.text()
    assert "803 梁护士" in page
    assert "801 林护士" not in page
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]
    assert "microphone=()" in (await client.get("/")).headers["Permissions-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]      # default-src 'self'
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


# --- the next patient of a preview campaign ------------------------------------------------------


@pytest.fixture
async def previews(database: Database, phones: None, hospital: Hospital) -> None:
    """The running campaign is one in which agents look first; two patients are due."""
    async with database.session() as session:
        await session.execute(update(Campaign).where(Campaign.id == hospital.campaign)
                              .values(mode=CampaignMode.PREVIEW))
        due = list(await session.scalars(select(Task.id).where(
            Task.campaign_id == hospital.campaign, Task.state == TaskState.DUE)))
        await session.execute(update(Task).where(Task.id.in_(due)).values(
            due_at=now() + timedelta(hours=1)))
        await session.execute(update(Task).where(Task.id.in_(due[:2])).values(
            due_at=now() - timedelta(minutes=1)))
    await _set(database, state=AgentState.AVAILABLE, attempt_id=None)


async def _next(client: Client, what: str, **more: str) -> tuple[int, str]:
    answer = await client.post("/phone/next", allow_redirects=False, data={
        "csrf_token": await csrf(client), "extension": NURSE, "do": what, **more})
    return answer.status, await answer.text()


def _task(shown: str) -> str:
    found = re.search(r'name="task" value="([0-9a-f-]{36})"', shown)
    assert found, shown
    return found[1]


async def test_an_agent_looks_at_the_next_patient_and_has_them_called(
        client: Client, sign_in: SignIn, previews: None, database: Database) -> None:
    await sign_in("agent")
    idle = await (await client.get(f"/phone/desk?extension={NURSE}")).text()
    assert "查看下一位患者" in idle
    _, shown = await _next(client, "show")
    task = _task(shown)
    status, placed = await _next(client, "call", task=task)
    assert status == 200 and "正在为您拨打" in placed and 'value="call"' not in placed
    async with database.session() as session:
        wanted = (await session.scalars(select(Preview))).one()
        assert str(wanted.task_id) == task and wanted.accepted_at is not None
        assert await audit.count(session, audit.VIEW_PATIENT, within=timedelta(minutes=1),
                                 actor="agent") == 1
        assert await audit.count(session, audit.ACCEPT_PREVIEW, within=timedelta(minutes=1),
                                 actor="agent", subject=f"task:{task}") == 1


async def test_a_patient_who_is_put_off_makes_room_for_the_next(
        client: Client, sign_in: SignIn, previews: None) -> None:
    await sign_in("agent")
    first = _task((await _next(client, "show"))[1])
    await _next(client, "skip", task=first)
    second = _task((await _next(client, "show"))[1])
    assert second != first
    await _next(client, "skip", task=second)
    assert "现在没有需要拨打的患者" in (await _next(client, "show"))[1]


async def test_what_is_no_longer_theirs_is_said_so(
        client: Client, sign_in: SignIn, previews: None, database: Database) -> None:
    await sign_in("agent")
    _, shown = await _next(client, "call", task=str(uuid.uuid4()))
    assert "已不能由您拨打" in shown
    task = _task((await _next(client, "show"))[1])
    await _set(database, state=AgentState.OFFLINE)
    assert "已不能由您拨打" in (await _next(client, "call", task=task))[1]


@pytest.mark.parametrize("more", [{"do": "dial"}, {"do": "call", "task": "1"}])
async def test_a_form_that_is_not_ours_is_refused(
        client: Client, sign_in: SignIn, previews: None, more: dict[str, str]) -> None:
    await sign_in("agent")
    assert (await _next(client, **{"what": more["do"], **{
        key: value for key, value in more.items() if key != "do"}}))[0] == 422


async def test_while_their_phone_rings_the_agent_sees_who_it_is(
        client: Client, sign_in: SignIn, previews: None, database: Database) -> None:
    await sign_in("agent")
    async with database.session() as session:
        rings = (await session.scalars(select(Attempt).where(
            Attempt.state == AttemptState.RINGING))).first()
        assert rings is not None
        patient = await session.get_one(Patient, rings.patient_id)
    await _set(database, state=AgentState.RESERVED, attempt_id=rings.id)
    shown = await (await client.get(f"/phone/desk?extension={NURSE}")).text()
    assert patient.name in shown and "正在呼叫患者" in shown
