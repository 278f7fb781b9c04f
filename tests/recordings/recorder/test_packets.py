"""Packets out of the kernel's ring, on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from recordings.recorder import packets
from recordings.recorder.packets import PacketRing, Packets

PORTS = (29_300, 29_309)
LAST = b"nothing comes after this"
PATIENCE_S = 60.0


@pytest.fixture
def ring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[PacketRing]:
    if blocks := getattr(request, "param", None):
        monkeypatch.setattr(packets, "BLOCKS", blocks)
        monkeypatch.setattr(packets, "BLOCK_BYTES", 16 * 1024)
    try:
        made = PacketRing([PORTS, (29_350, 29_350)])
    except OSError as error:
        pytest.skip(f"packets cannot be seen here: {error}")
    yield made
    made.close()


def _send(target: int, contents: list[bytes], source: int = 0) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", source))
        for content in contents:
            sender.sendto(content, ("127.0.0.1", target))


def _read(ring: PacketRing) -> list[Packets]:
    """All that has been sent, which the kernel hands out in its order, and a moment later."""
    _send(PORTS[0], [LAST])
    found = list[Packets]()
    until = time.monotonic() + PATIENCE_S
    while LAST not in _contents(found[-1:]):
        assert time.monotonic() < until
        if (some := ring.read()) is None:
            time.sleep(0.01)
        else:
            found.append(some)
    return found


def _contents(found: list[Packets]) -> list[bytes]:
    return [bytes(head[28:size]) for one in found
            for head, size in zip(one.heads, one.sizes, strict=True)]


def test_packets_to_and_from_the_ports_come_once_and_in_order(ring: PacketRing) -> None:
    before = time.time_ns()
    _send(PORTS[0], [b"first", b"x" * 172])
    _send(9, [b"from"], source=PORTS[1])
    _send(29_350, [b"another range"])
    _send(PORTS[1] + 1, [b"not this"])
    _send(29_351, [b"nor this"])
    found = _read(ring)
    assert _contents(found) == [b"first", b"x" * 172, b"from", b"another range", LAST]
    times = np.concatenate([one.times for one in found])
    assert before <= times[0] <= times[-1] <= time.time_ns()
    assert np.all(np.diff(times) >= 0)
    assert ring.lost() == 0


def test_other_protocols_do_not_come(ring: PacketRing) -> None:
    with socket.create_server(("127.0.0.1", PORTS[0])) as server, \
            socket.create_connection(server.getsockname()) as client:
        client.sendall(b"this is TCP")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"this is IPv6", ("::1", PORTS[0]))
    assert _contents(_read(ring)) == [LAST]


def test_a_long_packet_is_cut_and_behind_a_short_one_is_nothing(ring: PacketRing) -> None:
    _send(PORTS[0], [b"y" * 1000, b"z" * 20])
    found = _read(ring)
    assert _contents(found) == [b"y" * (packets.SNAP_BYTES - 28), b"z" * 20, LAST]
    heads = np.concatenate([one.heads for one in found])
    assert not heads[1, 48:].any()


@pytest.mark.parametrize("ring", [4], indirect=True)
def test_the_ring_goes_round(ring: PacketRing) -> None:
    for number in range(40):
        some = [bytes([number, each]) * 80 for each in range(20)]
        _send(PORTS[0], some)
        assert _contents(_read(ring)) == [*some, LAST]
    assert ring.lost() == 0


@pytest.mark.parametrize("ring", [4], indirect=True)
def test_what_finds_no_room_is_counted_and_then_it_goes_on(ring: PacketRing) -> None:
    _send(PORTS[0], [b"n" * 172] * 2000)
    lost = ring.lost()
    assert lost > 0
    kept = [*iter(ring.read, None)]
    assert len(_contents([*kept, *_read(ring)])) + lost == 2000 + 1
    assert ring.lost() == 0
