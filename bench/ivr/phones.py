"""The patients' phones: a process that takes and sends the sound of every call of a run.

A patient listens; when the line has been quiet for a moment after a prompt, they press the keys
of their next answer. Arrival is the kernel's time, so a busy machine cannot blur the measurement.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.ivr import rtp
from bench.ivr.datagrams import Port, dropped
from bench.ivr.hearing import Answers, Gaps, Heard

PORTS = 8                    # each has a buffer of its own in the kernel
PHASES = 4                   # a quarter of the ports sends every 5 ms
MOST_CALLS = 8000            # in one run, one after the other
GONE_NS = 3_000_000_000      # without a packet: the call is over
NOISE_RMS = 60.0


@dataclass(frozen=True)
class Habits:
    """What every patient does: the keys of each answer in turn, after how much quiet (longer than
    any pause within a prompt), the sound of their line."""

    answers: Sequence[str]
    quiet_s: Sequence[float]
    noise_rms: float = NOISE_RMS
    schedule: Sequence[float] = ()       # when each answer is due, in a call that nothing delays


PACE_NS, GRACE_NS = 20 * 10**9, 4 * 10**9


@dataclass(frozen=True)
class Tally:
    """Of a span of time: calls that had any sound, calls with late sound, late packets; calls that
    had sound on average; answers given in the ``PACE_NS`` that ended with it, and those of them
    that were due ``GRACE_NS`` before its end: calls that began together answer in bunches, which
    come a little later with each answer."""

    calls: int
    late_calls: int
    late_packets: int
    talking: float
    answers: int
    due: int


class Phones:
    """The process, as whoever drives the run sees it. Use as a context manager."""

    def __init__(self, host: str, node_host: str, habits: Habits) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, host, node_host, habits),
                                        daemon=True, name="bench phones")
        self._process.start()
        theirs.close()
        self.ports: list[int] = self._receive()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def tally(self, start: int, end: int) -> Tally:
        """What happened between two moments (ns of the wall clock)."""
        self._pipe.send((start, end))
        told: Tally = self._receive()
        return told

    def heard(self) -> Heard:
        """Everything; the process ends."""
        self._pipe.send(None)
        told: Heard = self._receive()
        self._process.join(5)
        return told

    def __enter__(self) -> Phones:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(5)
        self._pipe.close()

    def _receive(self) -> Any:
        if not self._pipe.poll(30):
            raise RuntimeError("the process of the patients' phones does not answer")
        return self._pipe.recv()


class Ward:
    """All phones of a run; ``step`` every 5 ms."""

    def __init__(self, host: str, node_host: str, habits: Habits) -> None:
        self._node_host = node_host
        self._answers = [_typed(keys) for keys in habits.answers]
        self._quiet_ns = np.array([*habits.quiet_s, 0.0]) * 1e9
        self._noise = rtp.line_noise(habits.noise_rms)
        self.ports = [Port(host) for _ in range(PORTS)]
        self.gaps, self.presses = Gaps(MOST_CALLS), Answers(MOST_CALLS)
        self._late: list[tuple[NDArray[np.int64], ...]] = []
        self._count = 0
        self._at_port = np.full((PORTS, 65536), -1, np.int32)   # sender's port to its latest call
        self._ssrc = np.zeros(MOST_CALLS, np.int64)
        self._their_port = np.zeros(MOST_CALLS, np.int64)
        self._our_port = np.zeros(MOST_CALLS, np.int64)
        self._sent = np.zeros(MOST_CALLS, np.int64)             # packets: the RTP sequence
        self._stamp = np.zeros(MOST_CALLS, np.int64)            # frames: the RTP time
        self._turn = np.zeros(MOST_CALLS, np.int64)
        self._last_loud = np.zeros(MOST_CALLS, np.int64)        # 0: nothing since the last answer
        self._typing: dict[int, list[tuple[str, int] | None]] = {}
        self._step = 0

    def step(self) -> None:
        """Take what has come, send what is due."""
        if self._step % 2 == 0:
            self._listen()
        for number in range(self._step % PHASES, PORTS, PHASES):
            self._speak(number)
        self._step += 1

    # --- what they hear ------------------------------------------------------------------------

    def _listen(self) -> None:
        found = [self._arrived(number, port) for number, port in enumerate(self.ports)]
        calls = np.concatenate([each[0] for each in found])
        times = np.concatenate([each[1] for each in found])
        loud = np.concatenate([each[2] for each in found])
        if not len(calls):
            return
        late = self.gaps.take(calls, times)
        if len(late[0]):
            self._late.append(late)
        self.presses.take(calls[loud], times[loud])
        np.maximum.at(self._last_loud, calls[loud], times[loud])

    def _arrived(self, number: int, port: Port) -> tuple[
            NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Of one port: calls, times, whether there was more than a quiet line."""
        times, senders, packets, sizes = port.receive()
        sound = (sizes == rtp.HEAD + rtp.FRAME) & ((packets[:, 1] & 0x7F) == rtp.PCMA)
        times, senders, packets = times[sound], senders[sound], packets[sound]
        ssrc = rtp.sync_sources(packets).astype(np.int64)
        calls = self._at_port[number, senders].astype(np.int64)
        for row in np.flatnonzero((calls < 0) | (self._ssrc[calls] != ssrc)):
            calls[row] = self._call_of(number, int(senders[row]), int(ssrc[row]))
        return calls, times, rtp.are_loud(packets)

    def _call_of(self, number: int, sender: int, ssrc: int) -> int:
        call = int(self._at_port[number, sender])
        if call >= 0 and self._ssrc[call] == ssrc:
            return call
        if self._count == MOST_CALLS:
            raise RuntimeError(f"more than {MOST_CALLS} calls in one run")
        call = self._count
        self._count += 1
        self._at_port[number, sender] = call
        self._ssrc[call], self._their_port[call], self._our_port[call] = ssrc, sender, number
        return call

    # --- what they do --------------------------------------------------------------------------

    def _speak(self, number: int) -> None:
        now = time.time_ns()
        here = np.flatnonzero((self._our_port[:self._count] == number)
                              & (now - self.gaps.last[:self._count] < GONE_NS))
        if not len(here):
            return
        loud = self._last_loud[here]
        turn = self._turn[here]
        ready = (loud > 0) & (now - loud > self._quiet_ns[turn]) & (turn < len(self._answers))
        for call in here[ready].tolist():
            if call not in self._typing:
                self._typing[call] = list(self._answers[self._turn[call]])
        quiet = np.array([call for call in here.tolist() if not self._types(call)], np.int64)
        if len(quiet):
            head = rtp.headers(rtp.PCMA, self._sent[quiet], self._stamp[quiet] * rtp.FRAME, quiet)
            frames = self._noise[(self._stamp[quiet] + quiet * 7) % len(self._noise)]
            self.ports[number].send(self._node_host, self._their_port[quiet],
                                    np.concatenate([head, frames], axis=1))
            self._sent[quiet] += 1
        self._stamp[here] += 1

    def _types(self, call: int) -> bool:
        """Send this call's packet of the key that it is pressing; False when it presses none."""
        typing = self._typing.get(call)
        if typing is None:
            return False
        now = typing.pop(0)
        if not typing:
            del self._typing[call]
            self._turn[call] += 1
        if now is None:
            return False
        key, frame = now
        one = np.array([call])
        began = self._stamp[one] - frame       # an event's time is that of its beginning
        head = rtp.headers(rtp.EVENT | (0x80 if frame == 0 else 0), self._sent[one],
                           began * rtp.FRAME, one)
        body = np.frombuffer(rtp.event(key, frame), np.uint8)[None]
        if frame == rtp.TONE_FRAMES and len(typing) < rtp.END_PACKETS:
            self._last_loud[call] = 0
            self.presses.press(call, time.time_ns())
        self.ports[int(self._our_port[call])].send(
            self._node_host, self._their_port[one], np.concatenate([head, body], axis=1))
        self._sent[call] += 1
        return True

    # --- what they tell ------------------------------------------------------------------------

    def heard(self) -> Heard:
        """All of it so far; what was lost at our own door is left to the end."""
        late = [np.concatenate(column) for column in zip(*self._late, strict=True)] \
            if self._late else [np.zeros(0, np.int64)] * 3
        columns = (self.presses.call, self.presses.pressed, self.presses.prompt)
        press = [np.array(column, np.int64) for column in columns]
        return Heard(self.gaps.first[:self._count], self.gaps.last[:self._count],
                     late[0], late[1], late[2], press[0], press[1], press[2])


def _typed(keys: str) -> list[tuple[str, int] | None]:
    """An answer, packet by packet: (key, how far), None for 20 ms without a key."""
    frames: list[tuple[str, int] | None] = []
    for key in keys:
        if frames:
            frames += [None] * rtp.PAUSE_FRAMES
        frames += [(key, frame) for frame in range(rtp.TONE_FRAMES + rtp.END_PACKETS)]
    return frames


def _serve(pipe: Connection, host: str, node_host: str, habits: Habits) -> None:
    """In the process: step after step until the end is asked for, or the asker is gone."""
    ward = Ward(host, node_host, habits)
    pipe.send([port.number for port in ward.ports])
    period = rtp.FRAME_MS / 1000 / PHASES
    due = time.monotonic()
    while True:
        ward.step()
        try:
            while pipe.poll():
                asked = pipe.recv()
                heard = ward.heard()
                if asked is None:
                    pipe.send(replace(heard, dropped=dropped(ward.ports)))
                    return
                start, end = asked
                pipe.send(Tally(heard.calls_between(start, end), *heard.late_between(start, end),
                                heard.talking_between(start, end),
                                heard.answers_between(end - PACE_NS, end),
                                heard.due_between(end - PACE_NS, end - GRACE_NS,
                                                  habits.schedule)))
        except (EOFError, OSError):
            return
        due = max(due + period, time.monotonic() - 5 * period)
        time.sleep(max(0.0, due - time.monotonic()))
