"""The AMI connection against a scripted Asterisk: what it survives, and what it never does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from dialer.ami import (
    AmiClient,
    AmiDisconnected,
    AmiEvent,
    AmiInjection,
    AmiRefused,
    AmiState,
    AmiTimeout,
    OriginateRequest,
    originate_channel_id,
)
from tests.fakes.ami import FULLY_BOOTED, FakeAmi, FakeAmiSession, Script, answer, message

CALL = OriginateRequest(channel="PJSIP/100@trunk", context="followup", exten="s",
                        channel_id="attempt-1", variables={"TASK": "7"})


class Heard:
    """What a client told its listener."""

    def __init__(self) -> None:
        self.events: list[AmiEvent] = []
        self.states: list[AmiState] = []

    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def kinds(self) -> list[str]:
        return [state.kind for state in self.states]


@asynccontextmanager
async def connected(fake: FakeAmi, heard: Heard, *, wait: bool = True,
                    **options: Any) -> AsyncIterator[AmiClient]:
    defaults: dict[str, Any] = {"reconnect_delay": (0.01, 0.02), "on_event": heard.events.append,
                                "on_state": heard.states.append}
    client = AmiClient("127.0.0.1", fake.port, "user", "secret", **defaults | options)
    await client.start()
    try:
        if wait:
            await client.wait_connected(10)
        yield client
    finally:
        await client.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110  # what is watched is a plain list
            await asyncio.sleep(0.005)


def then(do: Script) -> Script:
    async def script(session: FakeAmiSession) -> None:
        await session.login()
        await do(session)
    return script


@pytest.mark.parametrize("bad", ["x\r\nAction: Command", "x\ny", "x\ry", "x\0y"])
@pytest.mark.parametrize("field", ["Channel", "CallerID", "Variable"])
async def test_a_line_break_in_a_header_is_refused_before_a_byte_is_written(
        bad: str, field: str) -> None:
    async with FakeAmi(then(FakeAmiSession.obey)) as fake, connected(fake, Heard()) as client:
        value = [bad] if field == "Variable" else bad
        with pytest.raises(AmiInjection) as caught:
            await client.action("Originate", {field: value})
        assert caught.value.field == field
        with pytest.raises(AmiInjection):
            await client.action("Ping", {"Bad\r\nAction": "x"})
        with pytest.raises(AmiInjection):
            await client.action("Ping\r\nAction: Command")
        await client.action("Ping")
        assert fake.sessions[0].names() == ["Login", "Ping"]


async def test_characters_split_over_tcp_chunks_arrive_whole() -> None:
    async def bytewise(session: FakeAmiSession) -> None:
        for byte in message({"Event": "UserEvent", "Name": "王小明", "AccountCode": ""}):
            await session.send_bytes(bytes([byte]))
            await asyncio.sleep(0)
        await session.idle()

    heard = Heard()
    async with FakeAmi(then(bytewise)) as fake, connected(fake, heard):
        await until(lambda: "UserEvent" in heard.names())
    event = heard.events[-1]
    assert (event["name"], event["accountcode"]) == ("王小明", "")


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "queued"])
async def test_an_originate_is_never_sent_again_after_a_reconnect(answered: bool) -> None:
    async def die_on_originate(session: FakeAmiSession) -> None:
        action = await session.read()
        if session.number > 1:
            await session.answer(action)
            await session.idle()
        elif answered:
            await session.answer(action, Message="Originate successfully queued")

    heard = Heard()
    async with FakeAmi(then(die_on_originate)) as fake, connected(fake, heard) as client:
        if answered:
            await client.originate(CALL)
        else:
            with pytest.raises(AmiDisconnected) as caught:
                await client.originate(CALL)
            assert caught.value.sent
        await until(lambda: heard.kinds().count("up") == 2)
        await client.action("Ping")
        assert fake.sessions[1].names() == ["Login", "Ping"]


async def test_an_action_while_disconnected_fails_at_once_and_is_known_not_sent() -> None:
    async def never_boots(session: FakeAmiSession) -> None:
        await session.answer(await session.read())
        await session.idle()

    async with FakeAmi(never_boots) as fake, connected(fake, Heard(), wait=False) as client:
        await until(lambda: bool(fake.sessions and fake.sessions[0].received))
        assert not client.connected
        with pytest.raises(AmiDisconnected) as caught:
            await client.originate(CALL)
        assert not caught.value.sent
        with pytest.raises(AmiTimeout):
            await client.wait_connected(0.05)


async def test_originate_resolves_when_queued_and_its_response_event_reaches_the_listener() -> None:
    go = asyncio.Event()

    async def queue(session: FakeAmiSession) -> None:
        action = await session.read()
        await session.answer(action, Message="Originate successfully queued")
        await go.wait()
        await session.send({"Event": "OriginateResponse", "ActionID": action["ActionID"][0],
                            "Response": "Failure", "Uniqueid": "<null>"})
        await session.idle()

    heard = Heard()
    async with FakeAmi(then(queue)) as fake, connected(fake, heard) as client:
        await client.originate(CALL)
        assert "OriginateResponse" not in heard.names()
        go.set()
        await until(lambda: "OriginateResponse" in heard.names())
    assert originate_channel_id(heard.events[-1]) == "attempt-1"


async def test_an_originate_response_ahead_of_the_answer_is_not_taken_for_it() -> None:
    async def early(session: FakeAmiSession) -> None:
        action = await session.read()
        await session.send({"Event": "OriginateResponse", "ActionID": action["ActionID"][0],
                            "Response": "Failure"}, answer(action))
        await session.idle()

    heard = Heard()
    async with FakeAmi(then(early)) as fake, connected(fake, heard) as client:
        await client.originate(CALL)
        assert heard.names() == ["FullyBooted", "OriginateResponse"]


async def test_the_same_attempt_is_not_sent_while_its_originate_waits() -> None:
    async with FakeAmi(then(FakeAmiSession.idle)) as fake, \
            connected(fake, Heard(), action_timeout=0.3) as client:
        first = asyncio.create_task(client.originate(CALL))
        await until(lambda: "Originate" in fake.sessions[0].names())
        with pytest.raises(Exception, match="still waiting"):
            await client.originate(CALL)
        with pytest.raises(AmiTimeout):
            await first
        assert fake.sessions[0].names().count("Originate") == 1


async def test_half_open_tcp_is_noticed_by_ping_and_connected_again() -> None:
    async def deaf_at_first(session: FakeAmiSession) -> None:
        await (session.idle() if session.number == 1 else session.obey())

    heard = Heard()
    async with FakeAmi(then(deaf_at_first)) as fake, \
            connected(fake, heard, ping_interval=0.05, ping_timeout=0.1) as client:
        await until(lambda: heard.kinds().count("up") == 2)
        await client.action("Ping")
        assert heard.states[2] == AmiState("down", "Asterisk does not answer pings")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="no TCP_USER_TIMEOUT here")
async def test_the_kernel_gives_up_on_unsent_bytes_when_we_do() -> None:
    async with FakeAmi(then(FakeAmiSession.obey)) as fake, \
            connected(fake, Heard(), ping_timeout=3) as client:
        assert client._protocol is not None
        sock = client._protocol.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000


async def test_a_refused_login_is_loud_and_not_hammered() -> None:
    async def refuse(session: FakeAmiSession) -> None:
        await session.answer(await session.read(), Response="Error",
                             Message="Authentication failed")

    heard = Heard()
    with capture_logs() as logs:
        async with FakeAmi(refuse) as fake, \
                connected(fake, heard, wait=False, refused_delay=60) as client:
            await until(lambda: "refused" in heard.kinds())
            await asyncio.sleep(0.2)  # ten ordinary pauses: it must not have come back
            assert not client.connected
            assert len(fake.sessions) == 1
    assert heard.states[-1] == AmiState("refused", "Login: Authentication failed")
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["ami_login_refused"]
    assert "secret" not in str(logs)


async def test_a_login_without_an_answer_is_tried_again() -> None:
    async def mute_at_first(session: FakeAmiSession) -> None:
        if session.number == 1:
            await session.idle()
        await session.login()
        await session.idle()

    async with FakeAmi(mute_at_first) as fake, connected(fake, Heard(), connect_timeout=0.1):
        assert len(fake.sessions) == 2


async def test_it_is_up_only_when_asterisk_has_fully_booted() -> None:
    boot = asyncio.Event()

    async def slow(session: FakeAmiSession) -> None:
        await session.answer(await session.read())
        await boot.wait()
        await session.send(FULLY_BOOTED)
        await session.idle()

    heard = Heard()
    async with FakeAmi(slow) as fake, connected(fake, heard, wait=False) as client:
        await until(lambda: bool(fake.sessions and fake.sessions[0].received))
        assert heard.kinds() == ["connecting"]
        boot.set()
        await client.wait_connected(10)
        assert heard.kinds() == ["connecting", "up"]


@pytest.mark.parametrize("ended", [False, True], ids=["without end", "with an end"])
async def test_a_message_of_a_megabyte_drops_the_connection(ended: bool) -> None:
    async def flood(session: FakeAmiSession) -> None:
        if session.number == 1:
            await session.send_bytes(b"Event: " + b"x" * 1_000_000 + b"\r\n\r\n" * ended)
        await session.idle()

    heard = Heard()
    async with FakeAmi(then(flood)) as fake, connected(fake, heard) as client:
        await until(lambda: len(fake.sessions) == 2 and client.connected)
    [reason] = [state.reason for state in heard.states if state.kind == "down"]
    assert reason.startswith("a message from Asterisk")
    assert set(heard.names()) == {"FullyBooted"}


async def test_a_port_that_is_not_asterisk_is_told_apart() -> None:
    heard = Heard()
    async with FakeAmi(FakeAmiSession.idle, banner=b"SSH-2.0-OpenSSH\r\n") as fake, \
            connected(fake, heard, wait=False):
        await until(lambda: "down" in heard.kinds())
    assert "not Asterisk's manager interface" in heard.states[1].reason


async def test_a_listener_that_fails_stops_neither_events_nor_answers() -> None:
    names: list[str] = []

    def listener(event: AmiEvent) -> None:
        names.append(event.name)
        raise RuntimeError("listener")

    async def events(session: FakeAmiSession) -> None:
        await session.send({"Event": "A"}, {"Event": "B"})
        await session.obey()

    with capture_logs() as logs:
        async with FakeAmi(then(events)) as fake, \
                connected(fake, Heard(), on_event=listener) as client:
            await until(lambda: names == ["FullyBooted", "A", "B"])
            await client.action("Ping")
    assert [log["ami_event"] for log in logs if log["event"] == "ami_event_handler_failed"] == names


async def test_an_error_is_raised_with_asterisks_own_words() -> None:
    async def refuse(session: FakeAmiSession) -> None:
        await session.answer(await session.read(), Response="Error", Message="Permission denied")
        await session.idle()

    async with FakeAmi(then(refuse)) as fake, connected(fake, Heard()) as client:
        with pytest.raises(AmiRefused, match="Command: Permission denied"):
            await client.action("Command")


async def test_a_late_answer_is_not_taken_for_the_next_ones() -> None:
    async def late(session: FakeAmiSession) -> None:
        slow, quick = await session.read(), await session.read()
        await session.send(answer(slow, Value="late"), answer(quick, Value="right"))
        await session.idle()

    async with FakeAmi(then(late)) as fake, \
            connected(fake, Heard(), action_timeout=0.1) as client:
        with pytest.raises(AmiTimeout):
            await client.action("Getvar", {"Variable": "A"})
        client._action_timeout = 10
        reply = await client.action("Getvar", {"Variable": "B"})
        assert reply.headers["Value"] == "right"


async def test_stop_fails_what_waits_and_stays_away() -> None:
    heard = Heard()
    async with FakeAmi(then(FakeAmiSession.idle)) as fake, connected(fake, heard) as client:
        waiting = asyncio.create_task(client.action("Ping"))
        await until(lambda: "Ping" in fake.sessions[0].names())
        await client.stop()
        with pytest.raises(AmiDisconnected):
            await waiting
        assert not client.connected
        assert len(fake.sessions) == 1
