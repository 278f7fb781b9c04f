"""Commands and answers against a scripted Asterisk: nothing gets out of step, nothing is lost.

The answers are those that Asterisk 22 was seen to give.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from ivr.agi import (
    AgiAppFailed,
    AgiChannel,
    AgiCommandFailed,
    AgiError,
    AgiHangup,
    AgiInjection,
    AgiProtocolError,
    AgiTimeout,
    AgiUnknownCommand,
    AgiUsageError,
    ChannelState,
    Digits,
    Playback,
    Recorded,
)
from tests.fakes.agi import FakeCall
from tests.ivr.agi.conftest import Serve

Script = Callable[[FakeCall], Awaitable[None]]
Work = Callable[[AgiChannel], Awaitable[Any]]


async def play(serve: Serve, asterisk: Script, *works: Work,
               headers: dict[str, str] | None = None) -> list[Any]:
    """Let the handler do ``works`` one after the other; returns results or exceptions."""
    results: list[Any] = []
    done = asyncio.Event()

    async def handler(channel: AgiChannel) -> None:
        try:
            for work in works:
                try:
                    results.append(await work(channel))
                except Exception as error:  # noqa: BLE001
                    results.append(error)
        finally:
            done.set()

    async with asyncio.timeout(40), serve(handler) as server, \
            FakeCall(server.port, headers) as call:
        await asterisk(call)
        await done.wait()
    return results


def says(*lines: str, to: str | None = None) -> Script:
    """An Asterisk that answers its first command with these lines."""
    async def script(call: FakeCall) -> None:
        command = await call.read()
        assert to is None or command == to
        await call.send(*lines)
    return script


async def hung_up(channel: AgiChannel) -> bool:
    return channel.hung_up


def noop(channel: AgiChannel) -> Awaitable[None]:
    return channel.noop()


async def test_a_hangup_in_mid_command_is_not_taken_for_the_answer(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await call.send("HANGUP")
        await asyncio.sleep(0.02)
        await call.send("200 result=1 (the real answer)")
        assert await call.closed()

    results = await play(serve, asterisk, lambda c: c.get_variable("X"), hung_up, noop)
    assert results[:2] == ["the real answer", True]
    assert isinstance(results[2], AgiHangup)


@pytest.mark.parametrize("order", [("200 result=-1 endpos=5760", "HANGUP", "511 dead"),
                                   ("HANGUP", "200 result=-1 endpos=5760", "511 dead")])
async def test_a_prompt_cut_by_the_hangup_is_a_hangup(
        serve: Serve, order: tuple[str, str, str]) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        if order[0] == "HANGUP":
            await call.send(*order[:2])
        else:
            await call.send(order[0])
            await call.expect("CHANNEL STATUS", *order[1:])

    [result] = await play(serve, asterisk, lambda c: c.stream_file("q1"))
    assert isinstance(result, AgiHangup)


async def test_a_missing_file_is_no_hangup(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.expect('STREAM FILE "q1" "" 0', "200 result=-1 endpos=0")
        await call.expect("CHANNEL STATUS", "200 result=6")
        await call.expect("NOOP", "200 result=0")

    result, after = await play(serve, asterisk, lambda c: c.stream_file("q1"), noop)
    assert isinstance(result, AgiCommandFailed)
    assert after is None


async def test_a_usage_answer_of_many_lines_is_read_whole(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await call.send("520-Invalid command syntax.  Proper usage follows:", "Send the file.",
                        "200 result=0", "520 End of proper usage.")
        await call.expect("CHANNEL STATUS", "200 result=6")

    usage, status = await play(serve, asterisk, lambda c: c.stream_file("q1"),
                               lambda c: c.channel_status())
    assert isinstance(usage, AgiUsageError)
    assert "Send the file." in usage.message
    assert status is ChannelState.UP


@pytest.mark.parametrize("value", ["line1\nline2", "a)\n200 result=0\nb", "x)\n", "\n"])
async def test_a_variable_with_line_breaks_is_read_whole(serve: Serve, value: str) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await call.send(f"200 result=1 ({value})")
        fence = (await call.read()).removeprefix('GET FULL VARIABLE "').removesuffix('"')
        await call.send(f"200 result=1 ({fence})")
        await call.expect("NOOP", "200 result=0")

    assert await play(serve, asterisk, lambda c: c.get_variable("X"), noop) == [value, None]


async def test_a_hangup_behind_a_long_value_is_not_part_of_it(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await call.send("200 result=1 (a\nb)", "HANGUP")
        fence = (await call.read()).removeprefix('GET FULL VARIABLE "').removesuffix('"')
        await call.send(f"200 result=1 ({fence})")

    results = await play(serve, asterisk, lambda c: c.get_variable("X"), hung_up)
    assert results == ["a\nb", True]


@pytest.mark.parametrize(("answer", "expected"), [
    ("200 result= (timeout)", Digits("", True)), ("200 result=", Digits("", False)),
    ("200 result=12", Digits("12", False)), ("200 result=12 (timeout)", Digits("12", True)),
    ("200 result=*3A", Digits("*3A", False))])
async def test_a_timeout_is_told_apart_from_empty_input(
        serve: Serve, answer: str, expected: Digits) -> None:
    asterisk = says(answer, to='GET DATA "temperature" 4000 3')
    assert await play(serve, asterisk, lambda c: c.get_data("temperature", 4000, 3)) == [expected]


@pytest.mark.parametrize("part", ["", "200 res", "520-Invalid\nusage", "200 result=1 (a\n"])
async def test_the_end_of_the_stream_in_an_answer_is_a_hangup(serve: Serve, part: str) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await call.send_bytes(part.encode())
        call.writer.close()

    results = await play(serve, asterisk, lambda c: c.get_variable("X"), hung_up, noop)
    assert [type(result) for result in results] == [AgiHangup, bool, AgiHangup]


async def test_a_dead_channel_is_a_hangup(serve: Serve) -> None:
    asterisk = says("511 Command Not Permitted on a dead channel or intercept routine")
    [result] = await play(serve, asterisk, lambda c: c.answer())
    assert isinstance(result, AgiHangup)


async def test_an_unknown_command_is_told(serve: Serve) -> None:
    [result] = await play(serve, says("510 Invalid or unknown command"), noop)
    assert isinstance(result, AgiUnknownCommand)


async def test_trying_is_skipped(serve: Serve) -> None:
    asterisk = says("100 result=0 Trying...", "200 result=0")
    assert await play(serve, asterisk, lambda c: c.exec("Wait", "1")) == ["0"]


async def test_characters_split_over_tcp_chunks_arrive_whole(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        for byte in "200 result=1 (王小明)\n".encode():
            await call.send_bytes(bytes([byte]))
            await asyncio.sleep(0)

    assert await play(serve, asterisk, lambda c: c.get_variable("X")) == ["王小明"]


@pytest.mark.parametrize(("answer", "expected"), [
    ("200 result=0", None), ("200 result=1 ()", ""), ("200 result=1 (a) (b)", "a) (b"),
    ('200 result=1 (x "q" \\ y)', 'x "q" \\ y')])
async def test_a_variables_value_is_exact(
        serve: Serve, answer: str, expected: str | None) -> None:
    assert await play(serve, says(answer), lambda c: c.get_variable("X")) == [expected]


async def test_arguments_are_quoted(serve: Serve) -> None:
    asterisk = says("200 result=1", to='SET VARIABLE "X" "a \\"b\\" \\\\ 王"')
    assert await play(serve, asterisk, lambda c: c.set_variable("X", 'a "b" \\ 王')) == [None]


INJECTIONS: list[tuple[str, Work]] = [
    ("X", lambda c: c.set_variable("X", "a\nHANGUP")),
    ("name", lambda c: c.set_variable("X\nHANGUP", "a")),
    ("X", lambda c: c.set_variable("X", "a\rb")),
    ("X", lambda c: c.set_variable("X", "a\0b")),
    ("X", lambda c: c.set_variable("X", "x" * 3000)),
    ("command", lambda c: c.set_variable("X", "\ud800")),
    ("command", lambda c: c.get_full_variable("x" * 3000)),
    ("file", lambda c: c.stream_file("a\nHANGUP")),
    ("file", lambda c: c.stream_file("")),
    ("escape_digits", lambda c: c.stream_file("a", "1\n2")),
    ("format", lambda c: c.record_file("a", "wav\nHANGUP", "#", 100)),
    ("args", lambda c: c.exec("Dial", "PJSIP/1\nHANGUP")),
    ("args", lambda c: c.exec("Dial", "PJSIP/1,30,g")),
    ("app", lambda c: c.exec("Dial x\n", "a")),
    ("text", lambda c: c.verbose("a\nHANGUP")),
    ("timeout_ms", lambda c: c.wait_for_digit(-1)),
]


@pytest.mark.parametrize(("field", "work"), INJECTIONS)
async def test_a_line_break_in_an_argument_is_refused_before_a_byte_is_written(
        serve: Serve, field: str, work: Work) -> None:
    refused, after = await play(serve, says("200 result=0", to="NOOP"), work, noop)
    assert isinstance(refused, AgiInjection)
    assert refused.field == field
    assert after is None


@pytest.mark.parametrize(("answer", "expected"), [
    ("200 result=0 endpos=16000", Playback(None, 16000)),
    ("200 result=49 endpos=9760", Playback("1", 9760))])
async def test_playback_tells_the_key_and_how_far_it_came(
        serve: Serve, answer: str, expected: Playback) -> None:
    asterisk = says(answer, to='STREAM FILE "q1" "123#" 800')
    assert await play(serve, asterisk, lambda c: c.stream_file("q1", "123#", 800)) == [expected]


@pytest.mark.parametrize(("answer", "expected"), [
    ("200 result=0", None), ("200 result=49", "1"), ("200 result=35", "#")])
async def test_a_key_is_waited_for(serve: Serve, answer: str, expected: str | None) -> None:
    asterisk = says(answer, to="WAIT FOR DIGIT 500")
    assert await play(serve, asterisk, lambda c: c.wait_for_digit(500)) == [expected]


@pytest.mark.parametrize(("answer", "expected"), [
    ("200 result=49 (dtmf) endpos=4000", Recorded("digit", "1", 4000)),
    ("200 result=0 (timeout) endpos=8000", Recorded("timeout", None, 8000)),
    ("200 result=-1 (hangup) endpos=1600", Recorded("hangup", None, 1600))])
async def test_a_recording_tells_why_it_ended(
        serve: Serve, answer: str, expected: Recorded) -> None:
    asterisk = says(answer, to='RECORD FILE "m" "wav" "#1" 60000 0 BEEP s=3')
    results = await play(serve, asterisk,
                         lambda c: c.record_file("m", "wav", "#1", 60_000, 3, True), hung_up)
    assert results == [expected, expected.reason == "hangup"]


async def test_a_recording_that_cannot_be_written_is_told(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.expect('RECORD FILE "m" "wav" "" 100 0', "200 result=-1 (writefile)")
        await call.expect("CHANNEL STATUS", "200 result=6")

    [result] = await play(serve, asterisk, lambda c: c.record_file("m", "wav", "", 100))
    assert isinstance(result, AgiCommandFailed)


async def test_exec_runs_an_application_and_tells_when_there_is_none(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.expect('EXEC Dial "PJSIP/1,30,U(sub,s,1)"', "200 result=0")
        await call.expect('EXEC Nope ""', "200 result=-2")
        await call.expect('EXEC Fails ""', "200 result=-1")
        await call.expect("CHANNEL STATUS", "200 result=6")

    ran, none, failed = await play(
        serve, asterisk, lambda c: c.exec("Dial", "PJSIP/1", "30", "U(sub,s,1)"),
        lambda c: c.exec("Nope"), lambda c: c.exec("Fails"))
    assert ran == "0"
    assert isinstance(none, AgiAppFailed)
    assert isinstance(failed, AgiAppFailed)


async def test_hangup_ends_the_conversation(serve: Serve) -> None:
    results = await play(serve, says("200 result=1", "HANGUP", to="HANGUP"),
                         lambda c: c.hangup(), hung_up, noop)
    assert results[:2] == [None, True]
    assert isinstance(results[2], AgiHangup)


async def test_a_silent_asterisk_does_not_hold_a_handler(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        assert await call.closed()

    results = await play(serve, asterisk, lambda c: c.stream_file("q1", timeout=0.05), noop)
    assert isinstance(results[0], AgiTimeout)
    assert isinstance(results[1], AgiError)  # its late answer must not be taken for this one's


async def test_a_command_given_up_never_lends_its_answer_to_the_next(serve: Serve) -> None:
    async def give_up(channel: AgiChannel) -> None:
        async with asyncio.timeout(0.05):
            await channel.stream_file("q1")

    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await asyncio.sleep(0.1)
        await call.send("200 result=49 endpos=8")
        assert await call.closed()

    results = await play(serve, asterisk, give_up, lambda c: c.wait_for_digit(10))
    assert [type(result) for result in results] == [TimeoutError, AgiError]


async def test_commands_from_two_tasks_go_one_at_a_time(serve: Serve) -> None:
    async def both(channel: AgiChannel) -> list[str | None]:
        return list(await asyncio.gather(channel.get_variable("A"), channel.get_variable("B")))

    async def asterisk(call: FakeCall) -> None:
        await call.read()
        await asyncio.sleep(0.02)
        await call.send("200 result=1 (a)")
        await call.expect('GET VARIABLE "B"', "200 result=1 (b)")

    assert await play(serve, asterisk, both) == [["a", "b"]]


@pytest.mark.parametrize("garbage", ["", "hello", "200", "200 nothing", "999 x"])
async def test_an_answer_that_is_none_is_told(serve: Serve, garbage: str) -> None:
    [result] = await play(serve, says(garbage), noop)
    assert isinstance(result, AgiProtocolError)


async def test_an_answer_of_a_megabyte_is_refused(serve: Serve) -> None:
    async def asterisk(call: FakeCall) -> None:
        await call.read()
        with suppress(ConnectionError):  # it need not be taken to its end
            await call.send_bytes(b"200 result=1 (" + b"x" * 1_000_000)

    result, after = await play(serve, asterisk, lambda c: c.get_variable("X"), noop)
    assert isinstance(result, AgiProtocolError)
    assert isinstance(after, AgiError)


async def test_the_script_sees_who_calls_and_with_what(serve: Serve) -> None:
    async def look(channel: AgiChannel) -> list[Any]:
        return [channel.network_script, channel.query, channel.args, channel.unique_id,
                channel.name, channel.headers["agi_calleridname"]]

    async def silent(call: FakeCall) -> None:
        assert await call.closed()

    [seen] = await play(serve, silent, look, headers={
        "agi_network_script": "call?attempt=7&lang=zh",
        "agi_request": "agi://127.0.0.1/call?attempt=7&lang=zh",
        "agi_arg_1": "first arg", "agi_arg_2": "", "agi_calleridname": "王: 小明"})
    assert seen == ["call", {"attempt": "7", "lang": "zh"}, ["first arg", ""], "attempt-1",
                    "PJSIP/trunk-00000001", "王: 小明"]
