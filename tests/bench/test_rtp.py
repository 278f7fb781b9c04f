"""The phones' sound and keys, and batches of datagrams over a real socket."""

from __future__ import annotations

import time

import numpy as np

from bench.ivr import rtp
from bench.ivr.datagrams import Port, dropped
from recordings.g711 import ALAW


def test_alaw_keeps_a_sound_as_it_was_but_for_its_coarseness() -> None:
    table = ALAW
    assert len(set(table.tolist())) == 256
    assert (int(table[0xD5]), int(table[0x55])) == (8, -8)         # the two quietest
    assert int(table.max()) == 32256
    samples = (np.sin(np.arange(800) / 10) * 12000).astype(np.int16)
    back = table[rtp.to_alaw(samples)]
    assert np.all(np.abs(back.astype(int) - samples) <= np.abs(samples) / 16 + 8)


def test_a_prompt_is_loud_and_a_quiet_line_is_not() -> None:
    packets = np.zeros((4, rtp.HEAD + rtp.FRAME), np.uint8)
    packets[0, rtp.HEAD:] = 0xD5
    packets[1, rtp.HEAD:] = rtp.to_alaw(np.full(rtp.FRAME, 3000, np.int16))
    packets[2, rtp.HEAD:] = rtp.line_noise(60)[0]
    beep = np.sin(2 * np.pi * 1000 * np.arange(rtp.FRAME) / 8000) * 8000
    packets[3, rtp.HEAD:] = rtp.to_alaw(beep.astype(np.int16))
    assert rtp.are_loud(packets).tolist() == [False, True, False, True]


def test_a_key_is_an_event_that_grows_and_then_ends_three_times() -> None:
    frames = [rtp.event("#", frame) for frame in range(rtp.TONE_FRAMES + rtp.END_PACKETS)]
    assert {frame[0] for frame in frames} == {11}
    assert [frame[1] >> 7 for frame in frames] == [0] * 5 + [1] * 3
    lengths = [int.from_bytes(frame[2:], "big") for frame in frames]
    assert lengths == [160, 320, 480, 640, 800, 800, 800, 800]


def test_heads_say_which_call_a_packet_belongs_to() -> None:
    calls = np.array([7, 70_000])
    heads = rtp.headers(rtp.PCMA, np.array([65_537, 2]), np.array([160, 2**32 + 5]), calls)
    assert rtp.sync_sources(heads).tolist() == calls.tolist()
    assert heads[:, 1].tolist() == [8, 8]
    assert heads[0, 2:8].tolist() == [0, 1, 0, 0, 0, 160]          # both counters go round
    assert heads[1, 4:8].tolist() == [0, 0, 0, 5]


def test_datagrams_arrive_in_batches_with_their_senders_and_the_kernels_time() -> None:
    one, other, third = (Port("127.0.0.1") for _ in range(3))
    try:
        before = time.time_ns()
        packets = np.arange(3 * 172, dtype=np.uint8).reshape(3, 172)
        one.send("127.0.0.1", np.array([other.number, third.number, other.number]), packets)
        one.send("127.0.0.1", np.array([other.number]), packets[:1, :16])
        times, senders, got, sizes = other.receive()
        assert sizes.tolist() == [172, 172, 16]
        assert senders.tolist() == [one.number] * 3
        assert np.array_equal(got[:2, :172], packets[[0, 2]])
        assert all(before <= moment <= time.time_ns() for moment in times.tolist())
        assert third.receive()[3].tolist() == [172]
        assert other.receive()[3].tolist() == []
        assert dropped([one, other, third]) == 0
    finally:
        for port in (one, other, third):
            port.close()


def test_a_port_that_nobody_listens_at_does_not_stop_the_others() -> None:
    one, other, gone = (Port("127.0.0.1") for _ in range(3))
    number = gone.number
    gone.close()
    try:
        for _ in range(3):       # the kernel tells of the first at the next send
            one.send("127.0.0.1", np.array([number, other.number]), np.zeros((2, 172), np.uint8))
        assert len(other.receive()[3]) >= 2
    finally:
        one.close()
        other.close()
