"""A part that was begun ends with its supervisor, at whatever moment that is stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest

from aftercall.supervisor import Part

# says that it is there, then hears no SIGTERM
DEAF = ("import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "open(sys.argv[1], 'w').close(); time.sleep(500)")
REAL = asyncio.create_subprocess_exec


class Spawner:
    """In the place of the parts, processes that sleep; it knows of each."""

    def __init__(self, *argv: str) -> None:
        self.argv = argv
        self.begun: list[asyncio.subprocess.Process] = []
        self.failures = 0
        self.after: Callable[[], Any] = lambda: None       # called once a process is there

    async def __call__(self, *_argv: str, **how: Any) -> asyncio.subprocess.Process:
        if self.failures:
            self.failures -= 1
            raise OSError("no memory")
        process = await REAL(*self.argv, **how)
        self.begun.append(process)
        self.after()
        await asyncio.sleep(0)                             # the loop has other things to do
        await asyncio.sleep(0)
        return process

    def living(self) -> list[int]:
        return [each.pid for each in self.begun if psutil.pid_exists(each.pid)]


@pytest.fixture
async def spawner(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Spawner]:
    spawner = Spawner("sleep", "500")
    monkeypatch.setattr(asyncio, "create_subprocess_exec", spawner)
    yield spawner
    for each in spawner.begun:
        if each.returncode is None:
            each.kill()
            await each.wait()


def part() -> Part:
    return Part("keeper", os.environ)


async def test_who_is_cancelled_while_a_part_begins_leaves_none(spawner: Spawner) -> None:
    starting = asyncio.create_task(part().start())
    spawner.after = starting.cancel
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert len(spawner.begun) == 1
    assert spawner.living() == []


async def test_a_part_that_begins_anew_while_it_is_stopped_ends_too(
        spawner: Spawner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aftercall.supervisor.FIRST_WAIT_S", 0.0)
    kept, again = part(), asyncio.Event()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        stopping.append(asyncio.create_task(kept.stop()))
        again.set()

    await kept.start()
    spawner.after = stop
    spawner.begun[0].kill()
    await asyncio.wait_for(again.wait(), 60)
    await asyncio.wait_for(stopping[0], 60)
    assert len(spawner.begun) == 2
    assert spawner.living() == []


async def test_who_is_cancelled_while_a_part_ends_does_not_leave_it(
        spawner: Spawner, tmp_path: Any) -> None:
    there = tmp_path / "there"
    spawner.argv = (sys.executable, "-c", DEAF, str(there))
    kept = part()
    await kept.start()
    async with asyncio.timeout(60):
        while not there.exists():  # noqa: ASYNC110  another process makes it
            await asyncio.sleep(0.02)
    stopping = asyncio.create_task(kept.stop(grace_s=500))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(stopping, 60)
    assert spawner.living() == []


async def test_a_part_that_cannot_begin_just_now_is_tried_again(
        spawner: Spawner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aftercall.supervisor.FIRST_WAIT_S", 0.0)
    kept, again = part(), asyncio.Event()
    await kept.start()
    spawner.after, spawner.failures = again.set, 2
    spawner.begun[0].kill()
    await asyncio.wait_for(again.wait(), 60)
    await kept.stop()
    assert spawner.living() == []
