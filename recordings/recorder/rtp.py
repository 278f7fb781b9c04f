"""Packets read as RTP with G.711 in it (RFC 3550, RFC 3551). Pure, on arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recordings.g711 import ALAW, ULAW

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Samples = npt.NDArray[np.int16]

PCMU, PCMA = 0, 8            # payload types; whatever else there is, keys among it, is no sound
_UDP, _RTP = 8, 12           # bytes of their heads


@dataclass(frozen=True)
class Sound:
    """Packets with sound, a row each.

    ``times``: when they came, as they were given. ``source``, ``target``: (address, port) as
    numbers. ``marked``: the first after a silence. ``stamps``: of the first sample, 32 bits.
    ``starts``, ``lengths``: where in its row of ``contents`` a packet's sound is, a sample a byte.
    """

    times: Numbers
    source: tuple[Numbers, Numbers]
    target: tuple[Numbers, Numbers]
    marked: Flags
    types: Numbers
    stamps: Numbers
    senders: Numbers
    starts: Numbers
    lengths: Numbers
    contents: Bytes

    def __len__(self) -> int:
        return len(self.times)

    def only(self, which: Flags | Numbers) -> Sound:
        """Some of them."""
        some = {name: getattr(self, name)[which] for name in (
            "times", "marked", "types", "stamps", "senders", "starts", "lengths", "contents")}
        return replace(self, source=(self.source[0][which], self.source[1][which]),
                       target=(self.target[0][which], self.target[1][which]), **some)

    def decoded(self) -> Iterator[tuple[Numbers, Samples]]:
        """The sound itself, those of one length and codec together: which rows, their samples."""
        kinds = self.lengths * 256 + self.types
        for kind in np.unique(kinds):
            length, table = int(kind) >> 8, ALAW if kind & 255 == PCMA else ULAW
            rows = np.flatnonzero(kinds == kind)
            columns = self.starts[rows, None] + np.arange(length)
            yield rows, table[np.take_along_axis(self.contents[rows], columns, axis=1)]


def read(times: Numbers, packets: Bytes, sizes: Numbers) -> Sound:
    """Those of some IPv4 packets with UDP that hold G.711; what does not fit is left out.

    A row's bytes behind its size may be anything: lengths are held against it.
    """
    width = packets.shape[1]
    udp = (packets[:, 0].astype(np.int64) & 15) * 4 if width else np.zeros(len(times), np.int64)
    fits = (sizes >= udp + _UDP + _RTP) & (udp + _UDP + _RTP <= width)
    times, packets, sizes, udp = times[fits], packets[fits], sizes[fits], udp[fits]
    rtp = udp + _UDP
    first, second = _byte(packets, rtp), _byte(packets, rtp + 1)
    head = _RTP + 4 * (first & 15)
    more = np.minimum(rtp + head, max(0, width - 4))         # an extension tells its own length
    head = head + np.where(first & 16, 4 + 4 * _half(packets, more + 2), 0)
    end = np.minimum(udp + _half(packets, udp + 4), sizes)
    end = end - np.where(first & 32, _byte(packets, np.maximum(end - 1, 0)), 0)      # padding
    types, starts = second & 127, rtp + head
    sound = Sound(times, (_word(packets, 12), _half(packets, udp)),
                  (_word(packets, 16), _half(packets, udp + 2)), (second & 128).astype(np.bool_),
                  types, _word(packets, rtp + 4), _word(packets, rtp + 8), starts, end - starts,
                  packets)
    return sound.only((first >> 6 == 2) & np.isin(types, (PCMU, PCMA)) & (sound.lengths > 0))


def _byte(packets: Bytes, at: Numbers | int) -> Numbers:
    found: Bytes = packets[np.arange(len(packets)), at]
    return found.astype(np.int64)


def _half(packets: Bytes, at: Numbers | int) -> Numbers:
    return _byte(packets, at) << 8 | _byte(packets, at + 1)


def _word(packets: Bytes, at: Numbers | int) -> Numbers:
    return _half(packets, at) << 16 | _half(packets, at + 2)
