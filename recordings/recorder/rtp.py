"""Packets read as RTP with G.711 in it (RFC 3550, RFC 3551). Pure, on arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recordings.g711 import ALAW, ULAW

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Samples = npt.NDArray[np.int16]

PCMU, PCMA = 0, 8            # payload types; whatever else there is, keys among it, is no sound
_PLAIN = 0x45                # IPv4, no options
_UDP, _HEADS = 20, 40        # bytes of IP's head; of its, UDP's and RTP's: the sound follows
_FIELDS = {"version": ("u1", 0), "source": (">u4", 12), "target": (">u4", 16),
           "source_port": (">u2", 20), "target_port": (">u2", 22), "udp_bytes": (">u2", 24),
           "first": ("u1", 28), "second": ("u1", 29), "stamp": (">u4", 32), "sender": (">u4", 36)}
_AT_HAND = 256               # packets
_PADDED, _EXTENDED, _COUNT = 0x20, 0x10, 0x0F      # bits of RTP's first byte


@dataclass(frozen=True)
class Sound:
    """Packets with sound. Of each: when it came; source and target, (address, port) as numbers;
    ``marked``: is it the first after a silence; its payload type; ``stamps``: of its first sample,
    32 bits; who sends it; and where its sound is, a byte a sample: from ``starts`` on, ``lengths``
    bytes of the row ``rows`` of ``contents``."""

    times: Numbers
    source: tuple[Numbers, Numbers]
    target: tuple[Numbers, Numbers]
    marked: Flags
    types: Numbers
    stamps: Numbers
    senders: Numbers
    starts: Numbers
    lengths: Numbers
    rows: Numbers
    contents: Bytes

    def __len__(self) -> int:
        return len(self.times)

    def only(self, which: Flags) -> Sound:
        """Some of them."""
        if which.all():
            return self
        return Sound(self.times[which], (self.source[0][which], self.source[1][which]),
                     (self.target[0][which], self.target[1][which]), self.marked[which],
                     self.types[which], self.stamps[which], self.senders[which],
                     self.starts[which], self.lengths[which], self.rows[which], self.contents)

    def decoded(self) -> Iterator[tuple[Numbers, Samples]]:
        """The sound itself: which of these packets, and their samples; of those that are alike
        some together, as many as the processor has at hand."""
        kinds = self.starts << 32 | self.lengths << 8 | self.types
        for kind in np.unique(kinds):
            alike = np.flatnonzero(kinds == kind)
            start, length = int(kind) >> 32, int(kind) >> 8 & 0xFFFFFF
            table = ALAW if int(kind) & 0xFF == PCMA else ULAW
            for some in range(0, len(alike), _AT_HAND):
                which = alike[some:some + _AT_HAND]
                yield which, table.take(self.contents[self.rows[which], start:start + length])


def read(times: Numbers, packets: Bytes, sizes: Numbers) -> Sound:
    """Those of some IPv4 packets with UDP that hold G.711; what does not fit is left out, packets
    with options of IP too, which telephony does not know.

    A row's bytes behind its size may be anything: all lengths are held against it.
    """
    if packets.shape[1] < _HEADS:
        packets = np.zeros((len(packets), _HEADS), np.uint8)
    heads = np.ascontiguousarray(packets).view(_layout(packets.shape[1]))[:, 0]
    first, types = heads["first"], heads["second"] & 0x7F
    rows = np.flatnonzero((heads["version"] == _PLAIN) & (sizes >= _HEADS) & (first >> 6 == 2)
                          & ((types == PCMA) | (types == PCMU)))
    heads, first = heads[rows], first[rows]
    starts = np.full(len(rows), _HEADS)
    ends = np.minimum(_UDP + _whole(heads["udp_bytes"]), sizes[rows])
    for row in np.flatnonzero(first & (_PADDED | _EXTENDED | _COUNT)):      # few, if any
        starts[row], ends[row] = _inside(packets[rows[row]], int(first[row]), int(ends[row]))
    sound = Sound(
        times[rows], (_whole(heads["source"]), _whole(heads["source_port"])),
        (_whole(heads["target"]), _whole(heads["target_port"])), heads["second"] >= 0x80,
        _whole(types[rows]), _whole(heads["stamp"]), _whole(heads["sender"]), starts,
        ends - starts, rows, packets)
    return sound.only(ends > starts)


def _inside(packet: Bytes, first: int, end: int) -> tuple[int, int]:
    """Where the sound of a packet with more in it begins and ends; nothing between: no sound."""
    start = _HEADS + 4 * (first & _COUNT)
    if first & _EXTENDED:
        if start + 4 > end:
            return end, end
        start += 4 + 4 * (int(packet[start + 2]) << 8 | int(packet[start + 3]))
    if first & _PADDED and end > start:
        end -= int(packet[end - 1])
    return start, end


def _layout(width: int) -> np.dtype[np.void]:
    """The fields of a row of bytes."""
    return np.dtype({"names": [*_FIELDS], "formats": [kind for kind, _ in _FIELDS.values()],
                     "offsets": [at for _, at in _FIELDS.values()], "itemsize": width})


def _whole(column: npt.NDArray[Any]) -> Numbers:
    return column.astype(np.int64)
