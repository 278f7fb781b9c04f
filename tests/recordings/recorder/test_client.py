"""What scripts learn of a recorder that dies, comes back, refuses, or is slow."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from recordings.recorder import client
from recordings.recorder.client import Recorder, State
from tests.fakes.recorder import (
    FakeRecorder,
    died,
    fake_recorder,
    refusing,
    silent,
    willing,
)

LOCAL = "127.0.0.1:20000"


async def test_calls_are_recorded_side_by_side_over_one_connection(
        fake: FakeRecorder, recorder: Recorder) -> None:
    takes = await asyncio.gather(*(recorder.begin(f"{number}.raw", number, LOCAL)
                                   for number in range(20)))
    assert all(take is not None and take.state is State.RECORDING for take in takes)
    assert [order["at"] for order in fake.orders] == list(range(20))
    first, second = takes[:2]
    assert first is not None and second is not None
    recorder.finish(first)
    recorder.finish(first)
    recorder.leave(second)
    await recorder.drop(second)                    # over already
    for _ in takes:
        await fake.next()
    assert await fake.next() == ("finish", first.name)
    assert await fake.next() == ("leave", second.name)
    await recorder.begin("last.raw", 0, LOCAL)
    assert await fake.next() == ("begin", "last.raw")


async def test_who_refuses_says_why_and_is_asked_again_next_time(
        fake: FakeRecorder, recorder: Recorder) -> None:
    fake.say = refusing
    assert await recorder.begin("a.raw", 0, LOCAL) is None
    fake.say = willing
    assert await recorder.begin("b.raw", 0, LOCAL) is not None


async def test_without_a_recorder_there_is_no_wait(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recorder.sock")
    assert await recorder.begin("a.raw", 0, LOCAL) is None
    too_long = Recorder(tmp_path / ("x" * 200) / "recorder.sock")
    assert await too_long.begin("a.raw", 0, LOCAL) is None


async def test_a_slow_one_keeps_no_call_waiting(
        fake: FakeRecorder, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer counts when it comes."""
    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    fake.say = silent
    take = await recorder.begin("a.raw", 0, LOCAL)
    assert take is not None
    assert (take.state, take.lost) == (None, False)
    fake.tell("a.raw", "refused", why="no room")
    async with asyncio.timeout(40):
        await take.changed.wait()
    assert take.lost


async def test_one_that_comes_back_is_told_of_the_calls_that_are_not_over(
        fake: FakeRecorder, recorder: Recorder) -> None:
    at = time.monotonic_ns()
    over = await recorder.begin("over.raw", at, LOCAL)
    lives = await recorder.begin("lives.raw", at, LOCAL)
    assert over is not None and lives is not None
    recorder.finish(over)
    await fake.die()
    async with fake_recorder(fake.path) as again:
        assert await again.next() == ("begin", "lives.raw")
        assert again.orders == [{"do": "begin", "name": "lives.raw", "at": at, "local": LOCAL}]
        assert not lives.lost
        recorder.finish(lives)
        assert await again.next() == ("finish", "lives.raw")


async def test_one_that_does_not_come_back_is_given_up(
        fake: FakeRecorder, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BACK_S", 0.5)
    take = await recorder.begin("a.raw", 0, LOCAL)
    assert take is not None
    take.changed.clear()
    await fake.die()
    async with asyncio.timeout(40):
        await take.changed.wait()
    assert (take.state, take.lost) == (State.GONE, True)
    recorder.finish(take)
    async with fake_recorder(fake.path) as again:                # later calls find the next one
        assert await recorder.begin("b.raw", 0, LOCAL) is not None
        assert again.done() == ["begin"]


async def test_what_is_dropped_is_not_begun_again_by_a_new_one(
        fake: FakeRecorder, recorder: Recorder) -> None:
    kept = await recorder.begin("kept.raw", 0, LOCAL)
    refused = await recorder.begin("refused.raw", 0, LOCAL)
    assert kept is not None and refused is not None
    await died(fake, recorder)
    await recorder.drop(refused)
    async with fake_recorder(fake.path) as again:
        assert sorted([await again.next(), await again.next()]) == [
            ("begin", "kept.raw"), ("drop", "refused.raw")]
        recorder.finish(kept)
        assert await again.next() == ("finish", "kept.raw")


async def test_nonsense_from_it_ends_the_connection_and_nothing_else(
        fake: FakeRecorder, recorder: Recorder) -> None:
    take = await recorder.begin("a.raw", 0, LOCAL)
    assert take is not None
    fake.tell("a.raw", "dancing")
    assert await fake.next() == ("begin", "a.raw")
    assert await fake.next() == ("begin", "a.raw")
    assert not take.lost
