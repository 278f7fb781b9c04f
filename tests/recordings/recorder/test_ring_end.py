"""Where the ring ends and begins again."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import pytest

from recordings.recorder import packets
from recordings.recorder.packets import PacketRing

PATIENCE_S = 60.0
LENGTHS = (16, 52, 80, 160, 240, 480)        # bytes of a packet's content
AT_ONCE = 30                                 # packets


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, PacketRing]]:
    """A socket, and a small ring that sees what is sent to it."""
    monkeypatch.setattr(packets, "BLOCKS", 4)
    monkeypatch.setattr(packets, "BLOCK_BYTES", 8192)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        try:
            ring = PacketRing([(port, port)])
        except OSError as error:
            pytest.skip(f"packets may not be seen here: {error}")
        yield taken, ring
        ring.close()


def test_packets_are_whole_wherever_in_the_ring_they_lie(
        sink: tuple[socket.socket, PacketRing]) -> None:
    taken, ring = sink
    some_length = random.Random(1)
    sent = [bytes([number % 255 + 1]) * some_length.choice(LENGTHS) for number in range(900)]
    for start in range(0, len(sent), AT_ONCE):
        for content in sent[start:start + AT_ONCE]:
            taken.sendto(content, taken.getsockname())
        seen = list[bytes]()
        until = time.monotonic() + PATIENCE_S
        while len(seen) < AT_ONCE and time.monotonic() < until:
            if (some := ring.read()) is None:
                time.sleep(0.01)
                continue
            seen += [bytes(head[28:size]) for head, size in
                     zip(some.heads, some.sizes, strict=True)]
        assert seen == sent[start:start + AT_ONCE]
