"""Only sound is read from packets, all of it, and whatever else comes harms nothing."""

from __future__ import annotations

import struct
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.recorder import rtp
from recordings.recorder.rtp import PCMA, PCMU
from tests.recordings.recorder.wire import (
    LOUD,
    OURS,
    PHONE,
    heard,
    ip_packet,
    packets,
    rtp_packet,
    spoken,
)

SPEECH = bytes(range(1, 161))


def samples(sound: rtp.Sound) -> dict[int, list[int]]:
    """What each packet sounds like."""
    return {int(which): some.tolist() for rows, several in sound.decoded()
            for which, some in zip(rows, several, strict=True)}


def one(content: bytes) -> list[int] | None:
    """What a single packet to us sounds like; None: it is no sound."""
    return samples(heard([(0, ip_packet(PHONE, OURS, content))])).get(0)


def plain(speech: bytes = SPEECH, kind: int = PCMA) -> list[int]:
    found = one(rtp_packet(speech, kind=kind))
    assert found is not None
    return found


def linear_of_alaw(code: int) -> int:
    """As ITU-T G.711 has it, in 16 bits."""
    code ^= 0x55
    step, size = code >> 4 & 7, (code & 15) << 4
    size += 8 if step == 0 else 0x108
    size <<= max(0, step - 1)
    return size if code & 0x80 else -size


def linear_of_ulaw(code: int) -> int:
    code = ~code & 0xFF
    size = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -size if code & 0x80 else size


def test_both_laws_sound_as_they_were_meant() -> None:
    every = bytes(range(256))
    assert plain(every) == [linear_of_alaw(code) for code in every]
    assert plain(every, PCMU) == [linear_of_ulaw(code) for code in every]
    assert array("h", plain(every)).itemsize == 2


@pytest.mark.parametrize("count", [80, 160, 240, 480])
def test_packets_of_any_usual_length_are_read_whole(count: int) -> None:
    found = heard([(7, spoken(PHONE, OURS, count=count, stamp=2**32 - 1, sender=2**32 - 1))])
    assert len(samples(found)[0]) == count
    assert (found.times[0], found.stamps[0], found.senders[0]) == (7, 2**32 - 1, 2**32 - 1)
    assert [int(side[0]) & 0xFFFF for side in found.source] == [0xC0000209 & 0xFFFF, PHONE[1]]
    assert int(found.target[1][0]) == OURS[1] and not found.marked[0]


def test_what_lies_around_the_sound_is_no_sound() -> None:
    listed = rtp_packet(SPEECH, first=0x82, behind=bytes(8))                 # who is mixed in
    extended = rtp_packet(SPEECH, first=0x90, behind=struct.pack(">HHI", 0xBEDE, 1, 0))
    padded = rtp_packet(SPEECH + b"\0\0\0\4", first=0xA0)
    assert one(listed) == one(extended) == one(padded) == plain()


@pytest.mark.parametrize("content", [
    b"", b"\x80", bytes(12), bytes(200),
    rtp_packet(b""),
    rtp_packet(SPEECH, kind=101), rtp_packet(SPEECH, kind=13),              # keys; comfort noise
    rtp_packet(SPEECH, first=0x40), rtp_packet(SPEECH, first=0xC0),         # of another version
    b"\x80\xc8" + bytes(26),                                                # RTCP
    b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12),                                # STUN
    rtp_packet(b"\1\2", first=0x8F), rtp_packet(b"\1\2", first=0x90),
    rtp_packet(b"", first=0x90, behind=struct.pack(">HHI", 0, 0xFFFF, 0)),
    rtp_packet(b"\xff" * 160, first=0xA0),                                  # more padding than all
])
def test_what_is_no_sound_is_left_out(content: bytes) -> None:
    assert one(content) is None


def test_lengths_that_lie_are_held_against_what_is_there() -> None:
    honest = ip_packet(PHONE, OURS, rtp_packet(SPEECH))
    for told, there in ((0, None), (19, None), (0xFFFF, 160), (8 + 12 + 40, 40)):
        packet = honest[:24] + struct.pack(">H", told) + honest[26:]
        found = samples(heard([(0, packet), (1, spoken(PHONE, OURS, count=480))]))
        assert len(found[len(found) - 1]) == 480
        assert (len(found[0]) if there else None) == (there if len(found) == 2 else None)
        assert len(found) == (2 if there else 1)


def test_nothing_read_is_nothing() -> None:
    assert len(heard([])) == 0 and not samples(heard([]))
    assert len(heard([(0, b"\x45")])) == 0


def test_many_that_differ_each_keep_their_own() -> None:
    """More than are decoded at once, of both laws and several lengths."""
    some = [(number, ip_packet(PHONE, OURS, rtp_packet(
        bytes([number % 256]) * (80, 160, 240)[number % 3], kind=(PCMA, PCMU)[number % 2])))
        for number in range(2000)]
    found = samples(heard(some))
    for number in range(2000):
        law = (linear_of_alaw, linear_of_ulaw)[number % 2]
        assert found[number] == [law(number % 256)] * (80, 160, 240)[number % 3]


@given(st.lists(st.one_of(
    st.binary(max_size=120),
    st.builds(lambda first, rest: ip_packet(PHONE, OURS, bytes([0x80 | first, 8]) + rest),
              st.integers(0, 63), st.binary(max_size=90))), max_size=20))
def test_garbage_harms_nothing_and_takes_nothing_from_others(garbage: list[bytes]) -> None:
    honest = spoken(PHONE, OURS, code=LOUD, sender=77)
    some = packets([(number, packet) for number, packet in enumerate([*garbage, honest])])
    sound = rtp.read(some.times, some.heads, some.sizes)
    found = samples(sound)
    assert found[len(sound) - 1] == [linear_of_alaw(LOUD)] * 160
    for number, row in enumerate(sound.rows):
        start, length = int(sound.starts[number]), int(sound.lengths[number])
        assert len(found[number]) == length > 0
        assert start >= 40 and start + length <= int(some.sizes[row])
    assert (np.diff(sound.rows) > 0).all()
