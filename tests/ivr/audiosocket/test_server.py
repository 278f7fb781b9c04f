"""The end that Asterisk connects to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import uvloop
from structlog.testing import capture_logs

from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Kind, Message, Reader, Session, pack
from ivr.audiosocket import server as server_module

TONE = bytes(range(1, 161)) * 2                  # one frame of something that is no silence


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer()
    await server.start()
    yield server
    await server.stop()


class Asterisk:
    """The far end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._messages = Reader()
        self.heard: list[Message] = []

    async def frames(self, count: int) -> list[bytes]:
        """The next frames of sound."""
        async with asyncio.timeout(40):
            while len(self.sounds) < count:
                data = await self._reader.read(4096)
                assert data, "closed"
                self.heard += self._messages.feed(data)
        return self.sounds[:count]

    @property
    def sounds(self) -> list[bytes]:
        return [message.payload for message in self.heard if message.kind is Kind.AUDIO]

    async def closed(self) -> bool:
        """Whether the other side closes."""
        async with asyncio.timeout(40):
            while data := await self._reader.read(4096):
                self.heard += self._messages.feed(data)
        return True


@asynccontextmanager
async def connected(server: AudioSocketServer) -> AsyncIterator[Asterisk]:
    host, port = server.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Asterisk(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def call(server: AudioSocketServer) -> AsyncIterator[tuple[Session, Asterisk]]:
    name, coming = server.expect()
    async with connected(server) as asterisk:
        asterisk.writer.write(pack(Kind.ID, name.bytes))
        async with asyncio.timeout(40):
            yield await coming, asterisk


async def test_silence_keeps_the_line_alive_and_sound_is_played_in_order(
        server: AudioSocketServer) -> None:
    async with call(server) as (session, asterisk):
        assert await asterisk.frames(3) == [bytes(FRAME_BYTES)] * 3
        session.play(TONE * 2 + TONE[:100])
        await session.changed.wait()
        assert not session.playing
        sounds = [each for each in await asterisk.frames(len(asterisk.sounds) + 4) if any(each)]
        assert sounds == [TONE, TONE, TONE[:100] + bytes(FRAME_BYTES - 100)]


async def test_falling_silent_is_immediate(server: AudioSocketServer) -> None:
    async with call(server) as (session, asterisk):
        session.play(TONE * 500)
        await asterisk.frames(3)
        session.fall_silent()
        count = len(asterisk.sounds)
        later = (await asterisk.frames(count + 8))[count + 2:]
        assert not any(map(any, later))


async def test_keys_and_sound_arrive(server: AudioSocketServer) -> None:
    async with call(server) as (session, asterisk):
        heard: list[bytes] = []
        session.on_sound = heard.append
        asterisk.writer.write(pack(Kind.AUDIO, TONE) + pack(Kind.DIGIT, b"5"))
        async with asyncio.timeout(40):
            await session.changed.wait()
        assert (heard, list(session.keys)) == ([TONE], ["5"])


async def test_a_hang_up_closes_the_session(server: AudioSocketServer) -> None:
    async with call(server) as (session, asterisk):
        asterisk.writer.write(pack(Kind.HANGUP))
        async with asyncio.timeout(40):
            while not session.closed:
                session.changed.clear()
                await session.changed.wait()
        assert await asterisk.closed()


async def test_leaving_tells_asterisk_to_go_on(server: AudioSocketServer) -> None:
    async with call(server) as (session, asterisk):
        session.leave()
        assert await asterisk.closed()
        assert asterisk.heard[-1] == Message(Kind.HANGUP)


@pytest.mark.parametrize("first", [
    pack(Kind.ID, uuid.UUID(int=7).bytes), pack(Kind.AUDIO, TONE), b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_stranger_is_turned_away(server: AudioSocketServer, first: bytes) -> None:
    with capture_logs() as logs:
        async with connected(server) as asterisk:
            asterisk.writer.write(first)
            assert await asterisk.closed()
    assert [entry["event"] for entry in logs] == ["an AudioSocket connection is refused"]


async def test_an_id_is_good_for_one_connection(server: AudioSocketServer) -> None:
    name, coming = server.expect()
    async with connected(server) as first, connected(server) as second:
        first.writer.write(pack(Kind.ID, name.bytes))
        session = await coming
        second.writer.write(pack(Kind.ID, name.bytes))
        assert await second.closed()
        assert not session.closed


async def test_who_says_nothing_is_turned_away(server: AudioSocketServer,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "NAME_WITHIN_S", 0.05)
    async with connected(server) as asterisk:
        assert await asterisk.closed()


async def test_many_calls_share_the_clock(server: AudioSocketServer) -> None:
    async with call(server) as (_, one), call(server) as (other, two):
        other.play(TONE)
        await one.frames(5)
        assert any(map(any, await two.frames(5)))
    assert server.clock.punctuality.frames >= 10


def test_sound_passes_on_the_loop_that_the_scripts_run_on() -> None:
    async def talk() -> None:
        server = AudioSocketServer()
        await server.start()
        try:
            async with call(server) as (session, asterisk):
                session.play(TONE)
                asterisk.writer.write(pack(Kind.DIGIT, b"5"))
                while not any(map(any, asterisk.sounds)):
                    await asterisk.frames(len(asterisk.sounds) + 1)
                assert list(session.keys) == ["5"]
        finally:
            await server.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(talk())
