"""Whatever comes in place of AudioSocket: its call goes on by keys, the server and others go on."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ivr.agi import AgiHangup
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Kind, Reader, pack
from ivr.audiosocket.wire import ProtocolFault
from ivr.conversation.events import Key, Spoken
from ivr.understanding import Grammar
from ivr.voice_line import Voice, VoiceLine
from tests.ivr.test_voice_line import Channel, Hearing, Sounds, write_prompt

GRAMMAR = Grammar("zh", ("是的",))
SOUND = pack(Kind.AUDIO, b"\x01\x10" * (FRAME_BYTES // 2))

# anything with the shape of a message, and anything without; most of it is not AudioSocket
KINDS = st.sampled_from([0x01, 0x02, 0x03, 0x10, 0x11, 0x7F, 0xFE, 0xFF]) | st.integers(1, 255)
LENGTHS = st.sampled_from([0, 1, 2, 15, 16, 17, 319, 320, 321, 2560, 2562, 65_535])
FRAMES = st.builds(lambda kind, length, payload: struct.pack("!BH", kind, length) + payload,
                   KINDS, LENGTHS, st.binary(max_size=400))
DIGITS = st.binary(min_size=1, max_size=2).map(lambda key: struct.pack("!BH", 3, len(key)) + key)
HOSTILE = st.lists(FRAMES | DIGITS | st.binary(max_size=60) | st.just(SOUND), max_size=8).map(
    b"".join)
MANY = settings(max_examples=25, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@given(HOSTILE, st.lists(st.integers(1, 50), max_size=20))
@settings(deadline=None)
def test_bytes_come_to_the_same_wherever_they_are_cut(sent: bytes, cuts: list[int]) -> None:
    def read(parts: list[bytes]) -> tuple[list[Any], bool]:
        reader, found = Reader(), []
        for part in parts:
            try:
                found += reader.feed(part)
            except ProtocolFault:
                return found, True
        return found, False

    pieces, place = [], 0
    for length in cuts:
        pieces.append(sent[place:place + length])
        place += length
    found, fault = read([*pieces, sent[place:]])
    whole, fault_whole = read([sent])
    assert fault == fault_whole
    assert found[:len(whole)] == whole              # what was whole before a fault counts


@given(HOSTILE)
@settings(deadline=None)
def test_no_peer_makes_us_keep_more_than_one_message(sent: bytes) -> None:
    reader = Reader()
    with contextlib.suppress(ProtocolFault):
        for place in range(0, len(sent), 7):
            reader.feed(sent[place:place + 7])
            assert len(reader._rest) <= 3 + 8 * FRAME_BYTES


# --- over a real socket ------------------------------------------------------------------------

def run(work: Callable[[AudioSocketServer], Coroutine[Any, Any, None]]) -> None:
    """``work`` on a server of its own."""
    async def whole() -> None:
        server = AudioSocketServer()
        await server.start()
        try:
            async with asyncio.timeout(30):
                await work(server)
        finally:
            await server.stop()
    asyncio.run(whole())


def _is_fault(sent: bytes) -> bool:
    try:
        return any(message.kind in (Kind.HANGUP, Kind.ERROR) for message in Reader().feed(sent))
    except ProtocolFault:
        return True


async def _sound_from(line: VoiceLine, channel: Channel) -> None:
    """The call is alive: a key comes through."""
    await channel.send(pack(Kind.DIGIT, b"4"))
    heard = await line.listen(20_000)
    assert heard == Key("4")


@MANY
@given(HOSTILE, st.booleans())
@example(struct.pack("!BH", 0x10, 65_535) + bytes(400), False)
@example(struct.pack("!BH", 0x10, 320) + bytes(100), True)        # cut off in the middle
@example(pack(Kind.ID, uuid.uuid4().bytes), False)                # says who it is twice
@example(pack(Kind.ERROR, b"\x01"), False)
def test_a_call_whose_sound_goes_wrong_goes_on_by_keys_and_the_others_as_before(
        tmp_path: Path, sent: bytes, cut_off: bool) -> None:
    async def work(server: AudioSocketServer) -> None:
        other, good = Channel(), Channel()
        line, fine = (VoiceLine(channel, Sounds(tmp_path), "zh",  # type: ignore[arg-type]
                                Voice(server, Hearing())) for channel in (other, good))
        assert await fine.listen(40, GRAMMAR) is None
        assert await line.listen(40, GRAMMAR) is None
        listening = asyncio.create_task(line.listen(400, GRAMMAR))
        with contextlib.suppress(ConnectionError):
            await other.send(sent)
            if cut_off and other._writer is not None:
                other._writer.close()
        heard = await listening
        assert heard is None or isinstance(heard, Key | Spoken)
        prompt = write_prompt(tmp_path, "short", 0.1)
        heard = await line.say([prompt], True, GRAMMAR)
        if _is_fault(sent) or cut_off:   # Asterisk plays now, and waits for keys
            while "short" not in other.commands:
                heard = await line.say([prompt], True, GRAMMAR)
            assert heard == Key("7")
        await _sound_from(fine, good)
        for each in (line, fine):
            with contextlib.suppress(AgiHangup):
                await each.release()
        assert not server._sessions

    run(work)


@MANY
@given(st.lists(st.binary(max_size=64) | FRAMES, min_size=1, max_size=4))
def test_strangers_and_port_scans_disturb_nobody(tmp_path: Path, sent: list[bytes]) -> None:
    async def work(server: AudioSocketServer) -> None:
        channel = Channel()
        line = VoiceLine(channel, Sounds(tmp_path), "zh",  # type: ignore[arg-type]
                         Voice(server, Hearing()))
        assert await line.listen(40, GRAMMAR) is None
        host, port = server.address.rsplit(":", 1)
        for words in sent:
            _, writer = await asyncio.open_connection(host, int(port))
            with contextlib.suppress(ConnectionError):
                writer.write(words)
                await writer.drain()
            writer.close()
        await _sound_from(line, channel)
        assert len(server._sessions) == 1
        await line.release()

    run(work)


# --- slow ones -----------------------------------------------------------------------------------

@pytest_asyncio.fixture
async def server() -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer()
    await server.start()
    yield server
    await server.stop()


async def test_frames_that_come_a_byte_at_a_time_are_heard_all_the_same(
        server: AudioSocketServer, tmp_path: Path) -> None:
    channel = Channel()
    line = VoiceLine(channel, Sounds(tmp_path), "zh",  # type: ignore[arg-type]
                     Voice(server, Hearing()))
    async with asyncio.timeout(30):
        listening = asyncio.create_task(line.listen(20_000, GRAMMAR))
        for byte in SOUND[:200] + SOUND[200:] + pack(Kind.DIGIT, b"8"):
            await channel.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await listening == Key("8")
        await line.release()


async def test_a_peer_that_stops_reading_costs_no_memory_without_end(
        server: AudioSocketServer) -> None:
    name, coming = server.expect()
    host, port = server.address.rsplit(":", 1)
    _, writer = await asyncio.open_connection(host, int(port), limit=1)
    writer.write(pack(Kind.ID, name.bytes))
    async with asyncio.timeout(60):
        session = await coming
        while not session.closed:                      # as its clock would, for minutes
            for _ in range(1000):
                session.tick()
            await asyncio.sleep(0)
    writer.close()
    assert not server._sessions


@pytest.mark.parametrize("keys", [200, 5000])
async def test_a_flood_of_keys_is_bounded(server: AudioSocketServer, keys: int) -> None:
    name, coming = server.expect()
    host, port = server.address.rsplit(":", 1)
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(pack(Kind.ID, name.bytes) + pack(Kind.DIGIT, b"9") * keys + pack(Kind.HANGUP))
    async with asyncio.timeout(30):
        session = await coming
        while not session.closed:
            session.changed.clear()
            await session.changed.wait()
    assert len(session.keys) <= 64
    writer.close()
