"""Many datagrams in one system call, the kernel's time of arrival with each.

Python's own sockets hand out one packet a call: at 20,000 a second the load generator would take
the processor that it is to measure. Here numpy arrays are laid out as the C library's ``mmsghdr``.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKET_BYTES = 256           # an RTP packet of 20 ms alaw has 172
BATCH = 512
_SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_MSG_DONTWAIT = 0x40
_BUFFER_BYTES = 4 << 20

_HEADER = np.dtype([("name", "u8"), ("name_size", "u4"), ("_a", "u4"), ("parts", "u8"),
                    ("part_count", "u8"), ("control", "u8"), ("control_size", "u8"),
                    ("flags", "i4"), ("_b", "u4"), ("size", "u4"), ("_c", "u4")])
_PART = np.dtype([("base", "u8"), ("size", "u8")])
_ADDRESS = np.dtype([("family", "=u2"), ("port", ">u2"), ("host", "u1", 4), ("_zero", "u1", 8)])
_CONTROL = np.dtype([("size", "u8"), ("level", "i4"), ("type", "i4"), ("seconds", "i8"),
                     ("nanoseconds", "i8")])
_libc = ctypes.CDLL(None, use_errno=True)

Bytes = NDArray[np.uint8]
Times = NDArray[np.int64]
Ports = NDArray[np.int64]


class _Batch:
    """Headers, addresses and packets of one call to the kernel, pointing at each other."""

    def __init__(self, control: bool) -> None:
        self.headers = np.zeros(BATCH, _HEADER)
        self.parts = np.zeros(BATCH, _PART)
        self.addresses = np.zeros(BATCH, _ADDRESS)
        self.packets = np.zeros((BATCH, PACKET_BYTES), np.uint8)
        self.control = np.zeros(BATCH, _CONTROL)
        row = np.arange(BATCH, dtype=np.uint64)
        self.parts["base"] = self.packets.ctypes.data + row * PACKET_BYTES
        self.parts["size"] = PACKET_BYTES
        self.headers["name"] = self.addresses.ctypes.data + row * _ADDRESS.itemsize
        self.headers["name_size"] = _ADDRESS.itemsize
        self.headers["parts"] = self.parts.ctypes.data + row * _PART.itemsize
        self.headers["part_count"] = 1
        if control:
            self.headers["control"] = self.control.ctypes.data + row * _CONTROL.itemsize
            self.headers["control_size"] = _CONTROL.itemsize


class Port:
    """One UDP port that receives and sends in batches."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((host, port))
        self._incoming, self._outgoing = _Batch(control=True), _Batch(control=False)
        self._outgoing.addresses["family"] = socket.AF_INET

    @property
    def number(self) -> int:
        """The port's number."""
        return int(self._socket.getsockname()[1])

    def receive(self) -> tuple[Times, Ports, Bytes, NDArray[np.int64]]:
        """What has come: arrival in ns of the wall clock, sender's port, packets, sizes.

        The packets are valid until the next call; at most ``BATCH`` of them.
        """
        batch = self._incoming
        batch.headers["control_size"] = _CONTROL.itemsize
        count = _libc.recvmmsg(self._socket.fileno(), ctypes.c_void_p(batch.headers.ctypes.data),
                               BATCH, _MSG_DONTWAIT, None)
        count = max(count, 0)        # -1: nothing there, or an ICMP error of an earlier packet
        control = batch.control[:count]
        return (control["seconds"] * 1_000_000_000 + control["nanoseconds"],
                batch.addresses["port"][:count].astype(np.int64), batch.packets[:count],
                batch.headers["size"][:count].astype(np.int64))

    def send(self, host: str, ports: Ports, packets: Bytes) -> None:
        """Send one packet to each port of ``host``; what does not fit is lost, as on a network."""
        batch = self._outgoing
        address = np.frombuffer(socket.inet_aton(host), np.uint8)
        for start in range(0, len(ports), BATCH):
            some = packets[start:start + BATCH]
            count = len(some)
            batch.addresses["port"][:count] = ports[start:start + BATCH]
            batch.addresses["host"][:count] = address
            batch.packets[:count, :some.shape[1]] = some
            batch.parts["size"][:count] = some.shape[1]
            sent = 0
            while sent < count:
                done = _libc.sendmmsg(
                    self._socket.fileno(),
                    ctypes.c_void_p(batch.headers.ctypes.data + sent * _HEADER.itemsize),
                    count - sent, _MSG_DONTWAIT)
                sent += max(done, 1)         # an error is the first packet's own: go on after it

    @property
    def inode(self) -> str:
        """Its name in the kernel's tables."""
        return str(os.fstat(self._socket.fileno()).st_ino)

    def close(self) -> None:
        """Let it go."""
        self._socket.close()


def dropped(ports: Sequence[Port]) -> int:
    """Packets that the kernel threw away because we did not fetch them in time."""
    ours = {port.inode for port in ports}
    rows = (line.split() for line in Path("/proc/net/udp").read_text("ascii").splitlines()[1:])
    return sum(int(row[-1]) for row in rows if row[9] in ours)
