"""The FastAGI server among port scans, slow clients and failing scripts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from ivr.agi import AgiChannel, AgiServer
from tests.fakes.agi import FakeCall
from tests.ivr.agi.conftest import Serve


async def story(channel: AgiChannel) -> None:
    await channel.answer()
    await channel.stream_file("welcome")
    await channel.hangup()


async def live_through(port: int) -> None:
    """One whole call; fails when the server does not serve it."""
    async with asyncio.timeout(40), FakeCall(port) as call:
        await call.expect("ANSWER", "200 result=0")
        await call.expect('STREAM FILE "welcome" "" 0', "200 result=0 endpos=8000")
        await call.expect("HANGUP", "200 result=1")
        assert await call.closed()


@pytest.mark.parametrize("start", [b"", b"agi_network: yes\n", b"agi_network_script: call\n"])
async def test_eof_before_the_headers_end_is_left_quietly(serve: Serve, start: bytes) -> None:
    with capture_logs() as logs:
        async with serve(story) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(start)
            writer.write_eof()
            async with asyncio.timeout(40):
                assert await reader.read() == b""
            writer.close()
            await live_through(server.port)
    assert {log["log_level"] for log in logs} <= {"debug", "info"}


async def test_a_slow_loris_is_timed_out_even_when_it_drips(serve: Serve) -> None:
    async with serve(story, header_timeout=0.2) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def drip() -> None:
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(40):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)
        dripping.cancel()
        writer.close()


@pytest.mark.parametrize("data", [b"x" * 1_000_000, b"agi_x: y\n" * 100_000])
async def test_a_megabyte_of_headers_is_refused(serve: Serve, data: bytes) -> None:
    async with serve(story, header_timeout=60) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(40):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                writer.write(data)
                await reader.readexactly(1)
        writer.close()
        await live_through(server.port)


async def test_two_hundred_idle_clients_do_not_disturb_a_call(serve: Serve) -> None:
    async with serve(story, header_timeout=60) as server, AsyncExitStack() as stack:
        for _ in range(200):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            stack.callback(writer.close)
        await live_through(server.port)


async def test_a_call_that_does_not_answer_does_not_disturb_another(serve: Serve) -> None:
    async with serve(story) as server, FakeCall(server.port) as silent:
        assert await silent.read() == "ANSWER"
        await live_through(server.port)


async def test_an_unknown_script_is_closed_without_a_command_and_logged(serve: Serve) -> None:
    with capture_logs() as logs:
        async with serve(story) as server, \
                FakeCall(server.port, {"agi_network_script": "nope"}) as call:
            assert await call.closed()
    [error] = [log for log in logs if log["log_level"] == "error"]
    assert error["event"] == "agi_script_unknown"


async def test_a_failing_script_is_closed_so_that_the_dialplan_goes_on(serve: Serve) -> None:
    async def fails(channel: AgiChannel) -> None:
        raise RuntimeError("script")

    with capture_logs() as logs:
        async with serve(fails) as server, FakeCall(server.port) as call:
            assert await call.closed()
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["agi_handler_failed"]


async def test_a_hangup_in_a_script_is_no_error(serve: Serve) -> None:
    with capture_logs() as logs:
        async with serve(story) as server, FakeCall(server.port) as call:
            await call.expect("ANSWER", "HANGUP", "511 dead")
            assert await call.closed()
    assert [log["event"] for log in logs if log["log_level"] == "error"] == []
    assert "agi_hung_up" in [log["event"] for log in logs]


async def test_headers_and_a_command_split_over_chunks(serve: Serve) -> None:
    seen: list[str] = []

    async def handler(channel: AgiChannel) -> None:
        seen.append(channel.headers["agi_calleridname"])

    async with serve(handler) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for byte in "agi_network_script: call\nagi_calleridname: 王小明\n\n".encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(40):
            assert await reader.read() == b""
        writer.close()
    assert seen == ["王小明"]


async def test_calls_beyond_the_limit_are_closed_at_once(serve: Serve) -> None:
    async with serve(story, max_sessions=1) as server, FakeCall(server.port) as first:
        assert await first.read() == "ANSWER"
        async with FakeCall(server.port) as second:
            assert await second.closed()
        await first.send("200 result=0")
        assert await first.read() == 'STREAM FILE "welcome" "" 0'


async def test_stop_lets_a_call_end_and_takes_no_new_one() -> None:
    server = AgiServer({"call": story}, port=0)
    port = await server.start()
    async with FakeCall(port) as call:
        assert await call.read() == "ANSWER"
        stopping = asyncio.create_task(server.stop(10))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        await call.send("200 result=0")
        await call.expect('STREAM FILE "welcome" "" 0', "200 result=0 endpos=8000")
        await call.expect("HANGUP", "200 result=1")
        async with asyncio.timeout(40):
            await stopping
    assert server.sessions == 0


async def test_stop_cuts_what_outlasts_the_grace_and_cancellation_is_not_swallowed() -> None:
    ends: list[type[BaseException]] = []

    async def endless(channel: AgiChannel) -> None:
        try:
            await channel.noop()
        except BaseException as error:
            ends.append(type(error))
            raise

    server = AgiServer({"call": endless}, port=0)
    async with FakeCall(await server.start()) as call:
        assert await call.read() == "NOOP"
        [task] = server._sessions
        async with asyncio.timeout(40):
            await server.stop(0.05)
        assert await call.closed()
    assert ends == [asyncio.CancelledError]
    assert task.cancelled()


async def test_stop_does_not_wait_for_clients_that_say_nothing() -> None:
    server = AgiServer({"call": story}, port=0, header_timeout=60)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start())
    await asyncio.sleep(0.02)
    async with asyncio.timeout(40):
        await server.stop(60)
        assert await reader.read() == b""
    writer.close()


def test_a_script_has_one_handler() -> None:
    with pytest.raises(ValueError, match="call"):
        AgiServer({"call": story}).add_route("call", story)


async def test_the_time_of_commands_that_need_no_waiting_is_told_at_the_end() -> None:
    async def quick_and_slow(channel: AgiChannel) -> None:
        await channel.noop()
        await channel.set_variable("A", "1")
        await channel.stream_file("prompt")

    server = AgiServer({"call": quick_and_slow}, port=0)
    async with FakeCall(await server.start()) as call:
        for _ in range(3):
            await call.read()
            await call.send("200 result=0 endpos=0")
        assert await call.closed()
    with capture_logs() as logs:
        await server.stop()
    [told] = [entry for entry in logs if entry["event"] == "agi_round_trips"]
    assert told["commands"] == 2
    assert 0 < told["p50_ms"] <= told["p99_ms"]
