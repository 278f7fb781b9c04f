"""The calls that are being recorded: whose packets are whose, and their files.

A file is raw interleaved stereo, 8 kHz, 16 bit, left the patient, as MixMonitor would write it. A
sample's place in it is its moment, so what could not be had is silence and moves nothing; how much
that is stands in a small file beside it, for the keeper.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np

from followup.log import get_logger
from recordings.held import hold
from recordings.lacking import note, noted
from recordings.naming import inside
from recordings.recorder.reel import HOSPITAL, LATE, PATIENT, RATE, Reel, double
from recordings.recorder.rtp import Numbers, Samples, Sound
from recordings.sealing import FRAME

log = get_logger(__name__)

PERIOD = RATE // 2                   # samples: files grow by half a second
DEAF = 2 * RATE                      # nothing came for so long from the beginning
SILENT = 5 * RATE                    # nothing came for so long, and no script is there any more


@dataclass
class Take:
    """One call that is being recorded; moments are samples of the clock."""

    name: str
    path: Path
    row: int
    address: int
    port: int
    begins: int
    file: int                        # descriptor
    owner: object | None             # who asked for it; None: gone, the call may go on
    ends: int | None = None
    since: int = 0                   # listening since
    lost: int = 0                    # samples that could not be had
    told: int = 0                    # of those, how many are written down


class Takes:
    """All of them. ``on_deaf`` is told of one whose packets do not come by here: it is over."""

    def __init__(self, folder: Path, moment: int,
                 on_deaf: Callable[[Take], None] = lambda _: None) -> None:
        self._folder, self._on_deaf = folder, on_deaf
        self._reel = Reel(moment - LATE)
        self._by_name: dict[str, Take] = {}
        self._row_of = np.full(65536, -1, np.int64)              # by our port
        self._address = np.zeros(self._reel.rows, np.int64)      # ours, by row
        self._heard = set[int]()                                 # addresses: packets come by here
        self._begins = np.zeros(self._reel.rows, np.int64)
        self._alone = np.zeros(self._reel.rows, np.bool_)        # no script is there any more
        self._phone = np.zeros(self._reel.rows, np.int64)        # was both heard and spoken to
        self._peer = np.zeros(self._reel.rows * 2, np.int64)     # who was heard last, by stream
        self._last = np.zeros(self._reel.rows * 2, np.int64)     # and when

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Take]:
        return iter([*self._by_name.values()])

    def begin(self, name: str, begins: int, address: IPv4Address, port: int, moment: int,
              owner: object) -> Take:
        """Record what comes and goes at an address of ours, from now on, into a file of the folder.

        ``begins``: what its first sample is the sound of; what lies between there and now of a file
        that is begun already could not be had. OSError, ValueError.
        """
        if (known := self._by_name.get(name)) is not None:
            known.owner, known.ends, self._alone[known.row] = owner, None, False
            return known
        before = next((take for take in self
                       if take.row == self._row_of[port] and take.ends is None), None)
        if before is not None and before.address != int(address):
            raise ValueError("a call is recorded at the same port of another address")
        path = inside(self._folder, name)
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
        hold(file)                       # it is not sealed before all is written
        row = next(row for row in range(len(self._by_name) + 1)
                   if all(take.row != row for take in self._by_name.values()))
        take = Take(name, path, row, int(address), port, begins, file, owner, since=moment)
        if size := os.fstat(file).st_size:
            take.told = noted(path) * RATE // 1000
            take.lost = take.told + max(0, moment - begins - size // FRAME)
        self._reel.clear(row)
        while row >= len(self._address):
            double(self, "_address", "_begins", "_alone", "_phone", "_peer", "_last")
        self._address[row], self._begins[row] = take.address, begins
        self._alone[row], self._phone[row] = False, 0
        self._peer[row * 2:row * 2 + 2] = self._last[row * 2:row * 2 + 2] = 0
        if before is not None:
            before.ends = moment
        self._row_of[port] = row
        self._by_name[name] = take
        return take

    def finish(self, take: Take, moment: int) -> None:
        """Its call is over."""
        take.ends = moment if take.ends is None else take.ends

    def drop(self, take: Take) -> None:
        """No sound of it is written from here on."""
        with suppress(OSError):          # it is closed all the same
            os.close(take.file)
        del self._by_name[take.name]
        if self._row_of[take.port] == take.row:
            self._row_of[take.port] = -1

    def leave(self, take: Take) -> None:
        """Who asked for it is gone; it goes on while there is sound."""
        take.owner, self._alone[take.row] = None, True

    def feed(self, sound: Sound) -> None:
        """Packets in the order of their coming; their times are samples of the clock."""
        while len(sound):
            if sound.times[-1] >= self._reel.room:
                self.turn(int(sound.times[0]), at_once=True)
            now = sound.times < max(self._reel.room, int(sound.times[0]) + 1)
            some, sound = sound.only(now), sound.only(~now)
            self._put(some, HOSPITAL, some.source, some.target)
            self._put(some, PATIENT, some.target, some.source)

    def _put(self, sound: Sound, side: int, ours: tuple[Numbers, Numbers],
             theirs: tuple[Numbers, Numbers]) -> None:
        row = self._row_of[ours[1]]
        streams, peer = row * 2 + side, theirs[0] << 16 | theirs[1]
        mine = (row >= 0) & (self._address[row] == ours[0]) & (sound.times >= self._begins[row])
        mine &= ~(self._alone[row] & (self._peer[streams] != peer))
        if side == PATIENT:      # as Asterisk does: who is spoken to is heard, and nobody else
            phone, meant = self._phone[row], self._peer[row * 2 + HOSPITAL]
            mine &= (phone == 0) | (peer == phone) | (peer == meant)
            found = mine & (peer == meant)
            self._phone[row[found]] = peer[found]
        if not mine.any():
            return
        sound, streams, peer = sound.only(mine), streams[mine], peer[mine]
        self._peer[streams], self._last[streams] = peer, sound.times
        places = self._reel.locate(streams, sound.times, sound.stamps, sound.senders, sound.marked)
        for rows, samples in sound.decoded():
            self._reel.put(streams[rows], places[rows], samples)

    def missed(self, packets: int) -> None:
        """So many packets were lost before they came here; nobody knows whose."""
        for take in self:
            take.lost += packets * RATE // 50 // 2 // len(self)

    def turn(self, complete: int, *, at_once: bool = False) -> None:
        """All that came before ``complete`` was fed: write what no late packet can change."""
        until = complete - LATE
        if until - self._reel.origin < (1 if at_once else PERIOD):
            return
        sound = self._reel.look(until)
        for take in self:
            self._write(take, sound[take.row], until)
        self._reel.cut(until)
        for take in self:
            self._look_after(take, until)

    def _write(self, take: Take, sound: Samples, until: int) -> None:
        """``sound`` begins where the reel does, and belongs to the call as far as that goes."""
        first = self._reel.origin
        start, end = max(first, take.begins), min(until, first + len(sound))
        if take.ends is not None:
            end = min(end, take.ends)
        if end <= start:
            return
        some = sound[start - first:end - first].data
        done = 0
        try:
            done = os.pwrite(take.file, some, (start - take.begins) * FRAME)
        except OSError as error:
            if not take.lost:
                log.error("a recording cannot be written, its call goes on",    # noqa: TRY400
                          capture=take.name, reason=error.strerror)
        take.lost += (some.nbytes - done) // FRAME

    def _look_after(self, take: Take, until: int) -> None:
        last = int(self._last[take.row * 2:take.row * 2 + 2].max())
        if last:
            self._heard.add(take.address)
        if take.ends is None and take.owner is None and until - max(last, take.since) > SILENT:
            take.ends = max(last, take.since)        # what was there before stays
            with suppress(OSError):                  # a disk in trouble: more silence at the end
                os.ftruncate(take.file, (take.ends - take.begins) * FRAME)
        elif take.ends is None and take.owner is not None \
                and take.address not in self._heard and until - take.since > DEAF:
            take.lost += until - max(take.since, take.begins)
            self._tell(take)
            self.drop(take)
            self._on_deaf(take)
            return
        over = take.ends is not None and until >= take.ends
        if take.lost != take.told:
            self._tell(take)
        if over:
            self.drop(take)

    def _tell(self, take: Take) -> None:
        with suppress(OSError):          # no room: again with the next
            note(take.path, take.lost * 1000 // RATE)
            take.told = take.lost

    def close(self, moment: int) -> None:
        """Write all that there is: the recorder ends."""
        self.turn(moment + LATE, at_once=True)
        for take in self:
            self.drop(take)
