"""Processor time of groups of processes, children that have ended included."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Group:
    """A process; with ``children`` all below it count, without ``itself`` they alone."""

    pid: int
    children: bool = True
    itself: bool = True

    def seconds(self) -> float:
        """Processor time so far; 0 when it is gone."""
        try:
            process = psutil.Process(self.pid)
            spent = process.cpu_times()
            total = spent.user + spent.system if self.itself else 0.0
            if self.children:
                total += spent.children_user + spent.children_system
                for child in process.children(recursive=True):
                    total += _own(child)
        except psutil.Error:
            return 0.0
        return float(total)


REST_BUSY = 0.1              # of all processors, at most, when a run begins


async def rest(within_s: float) -> float:
    """Wait until the machine has little to do, so long at most; how many cores are busy then."""
    deadline = time.monotonic() + within_s
    psutil.cpu_percent()
    while True:
        await asyncio.sleep(min(1.0, within_s) or 0.2)
        busy = psutil.cpu_percent() / 100
        if busy <= REST_BUSY or time.monotonic() > deadline:
            return round(busy * (os.cpu_count() or 1), 2)


class Meter:
    """Processor time of several groups from now on."""

    def __init__(self, groups: Mapping[str, Group]) -> None:
        self._groups = dict(groups)
        self._began = time.monotonic()
        self._before = self._read()

    def cores(self) -> dict[str, float]:
        """Seconds of processor a second, of each group, since the beginning."""
        took = time.monotonic() - self._began
        return {name: (spent - self._before[name]) / took for name, spent in self._read().items()}

    def _read(self) -> dict[str, float]:
        return {name: group.seconds() for name, group in self._groups.items()}


def _own(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(spent.user + spent.system + spent.children_user + spent.children_system)
