"""Nobody is called while there is no script to speak with them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_scripts.probe import probe
from bench.sample import fill
from dialer.scripts import Scripts
from followup.database.engine import Database
from ivr.agi import AgiServer
from tests.dialer.test_engine import ScriptedNode, busy, ended, engine


@asynccontextmanager
async def server() -> AsyncIterator[Scripts]:
    """A FastAGI server, and who asks after it."""
    agi = AgiServer({"probe": probe}, port=0)
    port = await agi.start()
    try:
        yield Scripts("127.0.0.1", port, patience_s=0.5)
    finally:
        await agi.stop()


async def test_a_server_that_speaks_answers_and_one_that_is_gone_does_not() -> None:
    async with server() as scripts:
        assert await scripts.answer()
        assert await scripts.answer()
    assert not await scripts.answer()


@pytest.mark.parametrize("said", [b"", b"half a li", None], ids=["closes", "cut", "silent"])
async def test_a_server_that_listens_but_does_not_speak_does_not_answer(
        said: bytes | None) -> None:
    closed = asyncio.Event()

    async def react(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if said is None:
                await reader.read()                   # until the asker has lost patience
            else:
                writer.write(said)
            writer.close()
            await writer.wait_closed()
        closed.set()

    listening = await asyncio.start_server(react, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        assert not await Scripts("127.0.0.1", port, patience_s=0.3).answer()
        await closed.wait()


async def test_i1_no_call_is_placed_until_the_scripts_answer(
        database: Database, tmp_path: Path) -> None:
    await fill(database, 1)
    there = False

    async def answer() -> bool:
        return there

    node = ScriptedNode(tmp_path, busy)
    async with engine(database, node, scripts_answer=answer):
        await asyncio.sleep(0.8)
        assert node.originated == []
        there = True
        [attempt] = await ended(database)
        assert node.originated == [attempt.channel_id]
