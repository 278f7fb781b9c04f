"""UDP packets of this machine from a ring that the kernel fills (Linux, AF_PACKET, TPACKET_V3).

Needs CAP_NET_RAW. Ring and headers: Documentation/networking/packet_mmap of the kernel.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

# 32 MB: 2.5 s of 400 calls, both ways
BLOCK_BYTES, BLOCKS = 256 * 1024, 128
RETIRE_MS = 50               # a block that is not full is handed out after so long
SNAP_BYTES = 576             # the longest packet kept: 60 ms of G.711 and its heads
BATCH_BLOCKS = 24            # read at once

_SO_ATTACH_FILTER = 26
_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION = 263, 5, 6, 10
_TPACKET_V3 = 2
_ETH_P_ALL, _ETH_P_IP, _OUTGOING, _UDP = 3, 0x0800, 4, 17
_AD_PROTOCOL, _AD_PKTTYPE, _AD_IFINDEX = 0xFFFFF000, 0xFFFFF004, 0xFFFFF008

# words of a block's head, and offsets in a packet's
_STATUS, _COUNT, _FIRST = 2, 3, 4
_NEXT, _SEC, _NSEC, _SNAPLEN, _NET = 0, 4, 8, 12, 26
_HEAD_BYTES = 48


@dataclass(frozen=True)
class Packets:
    """IPv4 packets with UDP in them, in the order of their coming.

    ``times``: when, in ns of the wall clock. ``heads``: their first bytes, a row each, zeros behind
    a short one. ``sizes``: how many bytes of a row are the packet's.
    """

    times: Numbers
    heads: Bytes
    sizes: Numbers

    def __len__(self) -> int:
        return len(self.times)


class PacketRing:
    """All UDP packets to or from some ports, both ways, on every interface.

    ``ports``: ranges, both ends included. PermissionError without the right to see packets, OSError
    where the system has no such sockets.
    """

    def __init__(self, ports: Sequence[tuple[int, int]]) -> None:
        family = getattr(socket, "AF_PACKET", None)
        if family is None:
            raise OSError("this system has no packet sockets")
        self._socket = socket.socket(family, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        try:
            self._filter(ports)
            self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
            self._socket.setsockopt(_SOL_PACKET, _RX_RING, struct.pack(
                "7I", BLOCK_BYTES, BLOCKS, 2048, BLOCK_BYTES // 2048 * BLOCKS, RETIRE_MS, 0, 0))
            self._ring = mmap.mmap(self._socket.fileno(), BLOCK_BYTES * BLOCKS)
        except BaseException:
            self._socket.close()
            raise
        self._bytes: Bytes = np.frombuffer(self._ring, np.uint8)
        self._words = memoryview(self._ring).cast("I")
        self._next = 0

    def read(self) -> Packets | None:
        """What has come, at most some blocks of it; None when nothing more is there now."""
        some: list[Packets] = []
        while len(some) < BATCH_BLOCKS:
            at = self._next * BLOCK_BYTES // 4
            if not self._words[at + _STATUS] & 1:
                break
            some.append(self._block(self._next * BLOCK_BYTES))
            self._words[at + _STATUS] = 0                # the kernel's again
            self._next = (self._next + 1) % BLOCKS
        if not some:
            return None
        width = max(packets.heads.shape[1] for packets in some)
        return Packets(np.concatenate([packets.times for packets in some]),
                       np.concatenate([_widened(packets.heads, width) for packets in some]),
                       np.concatenate([packets.sizes for packets in some]))

    def lost(self) -> int:
        """Packets that found the ring full, since this was asked last."""
        told = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        return int(struct.unpack("3I", told)[1])

    def close(self) -> None:
        """Let it go."""
        self._words.release()
        self._bytes = np.empty(0, np.uint8)
        with suppress(BufferError):          # somebody still looks at it: it goes with them
            self._ring.close()
        self._socket.close()

    def _block(self, start: int) -> Packets:
        words = self._words
        count = words[start // 4 + _COUNT]
        at = start + words[start // 4 + _FIRST]
        found = []
        for _ in range(count):
            found.append(at)
            at += words[at // 4 + _NEXT]
        offsets = np.array(found, np.int64)
        heads = _rows(self._bytes, offsets, _HEAD_BYTES)
        sizes = np.minimum(_word(heads, _SNAPLEN), SNAP_BYTES)
        net = heads[:, _NET].astype(np.int64) | heads[:, _NET + 1].astype(np.int64) << 8
        width = int(sizes.max(initial=0))
        contents = _rows(self._bytes, offsets + net, width)
        if int(sizes.min(initial=width)) < width:
            contents[np.arange(width) >= sizes[:, None]] = 0
        return Packets(_word(heads, _SEC) * 1_000_000_000 + _word(heads, _NSEC), contents, sizes)

    def _filter(self, ports: Sequence[tuple[int, int]]) -> None:
        program = b"".join(struct.pack("HBBI", *step) for step in _program(ports))
        kept = ctypes.create_string_buffer(program, len(program))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack(
            "HxxxxxxQ" if struct.calcsize("P") == 8 else "HxxI", len(program) // 8,
            ctypes.addressof(kept)))


def _rows(source: Bytes, offsets: Numbers, width: int) -> Bytes:
    """``width`` bytes from each of ``offsets`` on, copied; anything behind the source's end."""
    if not len(offsets):
        return np.empty((0, width), np.uint8)
    if int(offsets.max()) + width > len(source):         # a short packet at the ring's very end
        return source.take(offsets[:, None] + np.arange(width), mode="clip")
    return np.lib.stride_tricks.sliding_window_view(source, width)[offsets]


def _word(heads: Bytes, at: int) -> Numbers:
    return np.ascontiguousarray(heads[:, at:at + 4]).view("=u4").ravel().astype(np.int64)


def _widened(heads: Bytes, width: int) -> Bytes:
    missing = width - heads.shape[1]
    return np.pad(heads, ((0, 0), (0, missing))) if missing else heads


def _program(ports: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int, int, int]]:
    """The kernel's filter: whole UDP packets of IPv4 to or from the ports, those of the loopback
    interface as they arrive only, as they are seen twice there. (code, if true, if false, value):
    jumps count steps."""
    load, load_half, load_byte, half_at, head_of = 0x20, 0x28, 0x30, 0x48, 0xB1
    equal, above, at_least, any_bit, end = 0x15, 0x25, 0x35, 0x45, 0x06
    try:
        loopback = socket.if_nametoindex("lo")
    except OSError:
        loopback = 0
    checks = [(place, *pair) for place in (0, 2) for pair in ports]
    steps = 3 * len(checks)                  # from the first of the checks to "no"
    yield load, 0, 0, _AD_PROTOCOL
    yield equal, 0, 9 + steps, _ETH_P_IP
    yield load, 0, 0, _AD_IFINDEX
    yield equal, 0, 2, loopback
    yield load, 0, 0, _AD_PKTTYPE
    yield equal, 5 + steps, 0, _OUTGOING
    yield load_byte, 0, 0, 9
    yield equal, 0, 3 + steps, _UDP
    yield load_half, 0, 0, 6
    yield any_bit, 1 + steps, 0, 0x1FFF      # a later piece of a packet in pieces
    yield head_of, 0, 0, 0
    for number, (place, first, last) in enumerate(checks):
        yield half_at, 0, 0, place
        yield at_least, 0, 1, first
        yield above, 0, 3 * (len(checks) - number - 1) + 1, last
    yield end, 0, 0, 0
    yield end, 0, 0, SNAP_BYTES
