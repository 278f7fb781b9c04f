"""What the doctor says of the recorder: what is wrong with it is never more than a warning."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from aftercall.doctor import Result, Status
from aftercall.doctor.recorder import recorder_checks
from followup.settings import Settings
from recordings.recorder.standing import look
from tests.asterisk_conf.lab import short_folder
from tests.fakes.running_recorder import forbidden, recorder


async def judged(settings: Settings) -> Result:
    [check] = recorder_checks(settings)
    return await check.run()


async def test_one_that_may_see_packets_is_well() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        with recorder(settings):
            result = await judged(settings)
    assert (result.status, result.seen) == (Status.OK, "running; 0 call(s) are being recorded")


async def test_one_that_may_not_says_why_and_what_to_do() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        with recorder(settings, forbidden):
            result = await judged(settings)
    assert result.status is Status.WARN
    assert "Operation not permitted" in result.seen
    assert "CAP_NET_RAW" in result.what_to_do


@pytest.mark.parametrize("left_behind", [False, True])
async def test_one_that_does_not_run_is_a_warning_as_asterisk_records(left_behind: bool) -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        if left_behind:                          # by one that was killed
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(settings.recorder_socket))
        result = await judged(settings)
    assert (result.status, result.seen) == (Status.WARN, "not running")
    assert "aftercall up" in result.what_to_do


async def test_none_is_wanted_where_asterisk_is_to_record(tmp_path: Path) -> None:
    result = await judged(Settings(data_dir=tmp_path, recordings={"capture": "asterisk"}))
    assert result.status is Status.OK
    assert "Asterisk records" in result.seen


@pytest.mark.parametrize("answer", [b"", b"welcome\n", b"[]\n", b'{"state": "blind"}\n'])
async def test_what_is_no_answer_is_a_warning(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        async with await asyncio.start_unix_server(serve, settings.recorder_socket):
            result = await judged(settings)
    assert (result.status, result.seen) == (
        Status.WARN, "cannot be asked: it answers something else")


async def test_calls_that_are_being_recorded_are_counted() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        with recorder(settings):
            reader, writer = await asyncio.open_unix_connection(settings.recorder_socket)
            for port in (4000, 4002, 4004):
                writer.write(json.dumps({
                    "do": "begin", "name": f"{port}.raw", "at": time.monotonic_ns(),
                    "local": f"127.0.0.1:{port}"}).encode() + b"\n")
                assert json.loads(await reader.readline())["state"] == "recording"
            assert (await look(settings.recorder_socket)).calls == 3
            assert "3 call(s)" in (await judged(settings)).seen
            writer.close()
