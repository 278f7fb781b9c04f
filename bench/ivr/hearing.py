"""What the patients heard, from the moments at which packets came. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LATE_NS = 60_000_000         # between two packets: longer than a telephone's buffer makes up for
PRESS_LATEST_NS = 5_000_000_000      # after a key: a prompt that comes later does not follow it

Ints = NDArray[np.int64]


class Gaps:
    """Finds late packets as they come: batch by batch, whatever batch a packet falls into."""

    def __init__(self, calls: int) -> None:
        self.first: Ints = np.zeros(calls, np.int64)     # 0: nothing yet
        self.last: Ints = np.zeros(calls, np.int64)

    def take(self, calls: Ints, times: Ints) -> tuple[Ints, Ints, Ints]:
        """Packets in order of arrival; of those that came late: call, time, gap."""
        order = np.argsort(calls, kind="stable")
        by_call, at = calls[order], times[order]
        starts = np.ones(len(by_call), bool)
        starts[1:] = by_call[1:] != by_call[:-1]
        before = np.empty_like(at)
        before[1:] = at[:-1]
        before[starts] = self.last[by_call[starts]]
        known = before > 0
        gap = np.where(known, at - before, 0)
        new = starts & ~known
        self.first[by_call[new]] = at[new]
        ends = np.ones(len(by_call), bool)
        ends[:-1] = starts[1:]
        self.last[by_call[ends]] = at[ends]
        late = gap > LATE_NS
        return by_call[late], at[late], gap[late]


@dataclass
class Heard:
    """Everything that the patients of one run noticed. Rows of each group belong together."""

    first: Ints                              # by call: its first packet
    last: Ints
    late_call: Ints                          # late packets
    late_at: Ints
    late_gap: Ints
    press_call: Ints                         # keys after which a prompt has to come
    press_at: Ints                           # their end
    prompt_at: Ints                          # the first packet of that prompt; 0: none came
    dropped: int = 0                         # packets lost at our own door

    def calls_between(self, start: int, end: int) -> int:
        """Calls that had sound at any moment of it."""
        return int(np.sum((self.first > 0) & (self.first < end) & (self.last >= start)))

    def talking_between(self, start: int, end: int) -> float:
        """Calls that had sound, on average over it."""
        spans = np.minimum(self.last, end) - np.maximum(self.first, start)
        return float(spans[(self.first > 0) & (spans > 0)].sum()) / (end - start)

    def answers_between(self, start: int, end: int) -> int:
        """Answers that were given then."""
        return int(np.sum((self.press_at >= start) & (self.press_at < end)))

    def due_between(self, start: int, end: int, schedule: Sequence[float]) -> int:
        """Answers that were due then: ``schedule`` tells when, in seconds from a call's first
        sound."""
        found = 0
        for seconds in schedule:
            at = self.first + round(seconds * 1e9)
            found += int(np.sum((self.first > 0) & (at >= start) & (at < end) & (at <= self.last)))
        return found

    def late_between(self, start: int, end: int) -> tuple[int, int]:
        """Calls with late sound then, and late packets."""
        within = (self.late_at >= start) & (self.late_at - self.late_gap < end)
        return len(np.unique(self.late_call[within])), int(within.sum())

    def digit_to_prompt_ms(self, start: int, end: int) -> list[float]:
        """Of keys that ended then: how long until the next prompt's first sound."""
        within = (self.press_at >= start) & (self.press_at < end) & (self.prompt_at > 0)
        waited = (self.prompt_at - self.press_at)[within]
        return [float(each) / 1e6 for each in waited if each < PRESS_LATEST_NS]


class Answers:
    """Keys that wait for the next prompt, and the first sound after each."""

    def __init__(self, calls: int) -> None:
        self._waiting: Ints = np.full(calls, -1, np.int64)       # by call: its open row
        self.call: list[int] = []
        self.pressed: list[int] = []
        self.prompt: list[int] = []

    def press(self, call: int, at: int) -> None:
        """The last key of an answer has ended."""
        self._waiting[call] = len(self.call)
        self.call.append(call)
        self.pressed.append(at)
        self.prompt.append(0)

    def take(self, calls: Ints, times: Ints) -> None:
        """Loud packets, in order of arrival for each call."""
        rows = self._waiting[calls]
        for row, call, at in zip(rows[rows >= 0], calls[rows >= 0], times[rows >= 0], strict=True):
            if self._waiting[call] == row and at > self.pressed[row]:
                self.prompt[row] = int(at)
                self._waiting[call] = -1
