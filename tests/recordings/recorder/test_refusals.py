"""Nobody is recorded who has refused it, or whose call is over, whatever the recorder does."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from recordings.recorder import client
from recordings.recorder.client import Recorder, Take
from tests.fakes.recorder import FakeRecorder, died, silent

LOCAL = "127.0.0.1:20000"


@pytest.fixture
def desk(fake: FakeRecorder) -> FakeRecorder:
    """The recorder's other end, in the hands of the test."""
    fake.say = silent
    return fake


async def begun(recorder: Recorder, desk: FakeRecorder, name: str = "a.raw") -> Take:
    beginning = asyncio.create_task(recorder.begin(name, 1, LOCAL))
    assert await desk.next() == ("begin", name)
    desk.tell(name, "recording")
    take = await beginning
    assert take is not None
    return take


async def test_a_recorder_that_dies_before_it_has_dropped_a_call_does_not_begin_it_again(
        desk: FakeRecorder, recorder: Recorder) -> None:
    take = await begun(recorder, desk)
    other = await begun(recorder, desk, "b.raw")
    dropping = asyncio.create_task(recorder.drop(take))
    assert await desk.next() == ("drop", "a.raw")
    await desk.die()
    await desk.start()
    assert sorted([await desk.next(), await desk.next()]) == [("begin", "b.raw"), ("drop", "a.raw")]
    desk.tell("a.raw", "dropped")
    await dropping
    recorder.finish(other)
    assert await desk.next() == ("finish", "b.raw")


async def test_who_refuses_while_the_recorder_is_away_is_not_begun_again(
        desk: FakeRecorder, recorder: Recorder) -> None:
    take = await begun(recorder, desk)
    await died(desk, recorder)
    await recorder.drop(take)
    await desk.start()
    assert await desk.next() == ("drop", "a.raw")


async def test_a_recorder_that_dies_having_been_too_slow_to_drop_a_call_is_told_again(
        desk: FakeRecorder, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DROPPED_S", 0.05)
    take = await begun(recorder, desk)
    await recorder.drop(take)
    recorder.finish(take)
    assert await desk.next() == ("drop", "a.raw")
    await died(desk, recorder)
    await desk.start()
    assert await desk.next() == ("drop", "a.raw")


async def test_a_call_that_ends_while_it_is_begun_is_over_for_the_recorder_too(
        desk: FakeRecorder, recorder: Recorder) -> None:
    beginning = asyncio.create_task(recorder.begin("a.raw", 1, LOCAL))
    assert await desk.next() == ("begin", "a.raw")
    beginning.cancel()
    with suppress(asyncio.CancelledError):
        await beginning
    assert await desk.next() == ("leave", "a.raw")


async def test_who_has_been_let_go_is_not_begun_again(
        desk: FakeRecorder, recorder: Recorder) -> None:
    """Its call ended while the recorder was away."""
    take = await begun(recorder, desk)
    other = await begun(recorder, desk, "b.raw")
    await died(desk, recorder)
    recorder.finish(take)
    await desk.start()
    assert await desk.next() == ("begin", "b.raw")
    recorder.finish(other)
    assert await desk.next() == ("finish", "b.raw")


async def test_calls_that_nobody_else_has_taken_over_are_begun_again_however_late(
        desk: FakeRecorder, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script whose patient speaks with an agent can do nothing meanwhile."""
    monkeypatch.setattr(client, "BACK_S", 0.0)
    take = await begun(recorder, desk)
    taken_over = await begun(recorder, desk, "b.raw")
    await died(desk, recorder)
    for lost in (take, taken_over):
        lost.changed.clear()
        await asyncio.wait_for(lost.changed.wait(), 20)
    assert take.lost and taken_over.lost
    recorder.finish(taken_over)
    await desk.start()
    assert await desk.next() == ("begin", "a.raw")
    assert not take.lost
    recorder.finish(take)
    assert await desk.next() == ("finish", "a.raw")
