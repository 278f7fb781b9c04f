"""AudioSocket's bytes: whole, in pieces, and wrong."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audiosocket.wire import FRAME_BYTES, Kind, Message, ProtocolFault, Reader, pack

MESSAGES = st.one_of(
    st.binary(min_size=16, max_size=16).map(lambda name: Message(Kind.ID, name)),
    st.sampled_from(b"0123456789*#").map(lambda key: Message(Kind.DIGIT, bytes([key]))),
    st.binary(max_size=FRAME_BYTES).filter(lambda sound: len(sound) % 2 == 0)
    .map(lambda sound: Message(Kind.AUDIO, sound)),
    st.just(Message(Kind.HANGUP)))


@given(st.lists(MESSAGES, max_size=8), st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_messages_come_whole_wherever_they_are_cut(sent: list[Message], cuts: list[int]) -> None:
    data = b"".join(pack(message.kind, message.payload) for message in sent)
    reader, got, number = Reader(), [], 0
    while data:
        size = cuts[number % len(cuts)]
        got += reader.feed(data[:size])
        data, number = data[size:], number + 1
    assert got == sent


@given(st.lists(st.binary(max_size=400), max_size=10))
def test_any_bytes_are_messages_or_a_fault_and_never_pile_up(pieces: list[bytes]) -> None:
    reader = Reader()
    try:
        for piece in pieces:
            for message in reader.feed(piece):
                assert pack(message.kind, message.payload)
            assert len(reader._rest) <= 3 + 8 * FRAME_BYTES
    except ProtocolFault as fault:
        assert str(fault)


@pytest.mark.parametrize("data", [
    b"\x02\x00\x00", b"GET / HTTP/1.1\r\n", b"\x01\x00\x0f" + bytes(15), b"\x10\xff\xff",
    b"\x10\x00\x03abc", b"\x03\x00\x01x", b"\x03\x00\x00", b"\x00\x00\x01a"])
def test_what_is_not_audiosocket_is_refused_at_its_head(data: bytes) -> None:
    with pytest.raises(ProtocolFault):
        Reader().feed(data)


def test_an_id_is_sixteen_bytes() -> None:
    name = uuid.uuid4()
    assert Reader().feed(pack(Kind.ID, name.bytes)) == [Message(Kind.ID, name.bytes)]
