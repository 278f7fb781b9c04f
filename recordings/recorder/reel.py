"""The sound of some moments of many calls: where each packet belongs. Pure, on arrays.

A column is a sample of the common clock (8,000 a second), a call has a row with two sides, so what
ends a moment is cut off for all at once. Within a stream the sender's timestamps tell the place,
so that a late packet sounds where it was spoken; the moment of arrival tells it at the beginning,
after a silence, and where the two have come apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Samples = npt.NDArray[np.int16]

RATE = 8000
PATIENT, HOSPITAL = 0, 1             # sides of a row: left and right of the recording
SECONDS = 2.0                        # that a reel holds
# how much later, and earlier, than its stamp tells a packet may come: what was held up somewhere
# comes all at once, the last of it that much earlier than the first let expect
LATE, EARLY = int(0.2 * RATE), int(0.5 * RATE)
LONGEST = int(0.1 * RATE)            # samples of a packet
FEW_ROWS = 16
ROUNDS = 400                         # no telephone starts afresh so often in what a reel holds


def double(owner: object, *names: str) -> None:
    """Make arrays of ``owner`` twice as long, with zeros."""
    for name in names:
        known = getattr(owner, name)
        setattr(owner, name, np.concatenate([known, np.zeros_like(known)]))


class Reel:
    """``origin``: the clock's sample in the first column."""

    def __init__(self, origin: int = 0) -> None:
        self.origin = origin
        self._columns = int(SECONDS * RATE)
        self._sound: Samples = np.zeros((FEW_ROWS, self._columns, 2), np.int16)
        self._filled = 0                         # columns behind this one hold nothing
        # of each stream: is its place known, a stamp, the sample it belongs to, who sends
        self._placed: Flags = np.zeros(FEW_ROWS * 2, np.bool_)
        self._stamp: Numbers = np.zeros(FEW_ROWS * 2, np.int64)
        self._at: Numbers = np.zeros(FEW_ROWS * 2, np.int64)
        self._sender: Numbers = np.zeros(FEW_ROWS * 2, np.int64)

    @property
    def rows(self) -> int:
        """How many calls have room; ``clear`` makes more."""
        return len(self._sound)

    @property
    def room(self) -> int:
        """No packet that arrives from this sample on can be taken before a cut."""
        return self.origin + self._columns - EARLY - LONGEST

    def clear(self, row: int) -> None:
        """An empty row for a call that begins."""
        while row >= self.rows:
            double(self, "_sound", "_placed", "_stamp", "_at", "_sender")
        self._sound[row] = 0
        self._placed[row * 2:row * 2 + 2] = False

    def locate(self, streams: Numbers, arrived: Numbers, stamps: Numbers, senders: Numbers,
               marked: Flags) -> Numbers:
        """The sample at which each of some packets begins; in the order of their arrival.

        ``streams``: row * 2 + side. ``arrived``: the clock's sample when it came.
        """
        places = np.zeros(len(streams), np.int64)
        left = np.arange(len(streams))
        for _ in range(ROUNDS):
            mine, came = streams[left], arrived[left]
            ahead = (stamps[left] - self._stamp[mine] + 2**31 & 0xFFFFFFFF) - 2**31
            told = self._at[mine] + ahead
            late = came - told
            odd = (~self._placed[mine] | (senders[left] != self._sender[mine])
                   | (marked[left] & (ahead > 0) & (late > 0)) | (late > LATE) | (late < -EARLY))
            places[left] = told
            if not odd.any():
                return places
            # each of these streams starts afresh with the first that is odd; those after it
            # are then looked at again
            fresh, first = np.unique(mine[odd], return_index=True)
            first = np.flatnonzero(odd)[first]
            self._placed[fresh] = True
            self._stamp[fresh] = stamps[left[first]]
            self._at[fresh] = came[first]
            self._sender[fresh] = senders[left[first]]
            since = np.full(len(self._placed), len(left), np.int64)
            since[fresh] = first
            left = left[np.arange(len(left)) >= since[mine]]
        places[left] = arrived[left]
        return places

    def put(self, streams: Numbers, places: Numbers, samples: Samples) -> None:
        """Packets of one length; what lies before the first column is over, and left out."""
        length = samples.shape[1]
        columns = places - self.origin
        fits = (columns >= 0) & (columns + length <= self._columns)
        if not fits.any():
            return
        if not fits.all():
            streams, columns, samples = streams[fits], columns[fits], samples[fits]
        flat = self._sound.reshape(-1)
        anywhere = np.lib.stride_tricks.as_strided(       # every other sample is of this side
            flat, (len(flat) - 2 * length + 1, length), (flat.itemsize, 2 * flat.itemsize))
        row, side = np.divmod(streams, 2)
        anywhere[(row * self._columns + columns) * 2 + side] = samples
        self._filled = max(self._filled, int(columns.max()) + length)

    def look(self, until: int) -> Samples:
        """All before sample ``until``, as (row, sample, side); valid until ``cut``."""
        return self._sound[:, :max(0, min(until - self.origin, self._columns))]

    def cut(self, until: int) -> None:
        """Let go of all before sample ``until``."""
        count = max(0, until - self.origin)
        here = min(count, self._filled)
        rest = self._filled - here
        self._sound[:, :rest] = self._sound[:, here:here + rest]
        self._sound[:, rest:self._filled] = 0
        self._filled = rest
        self.origin += count
