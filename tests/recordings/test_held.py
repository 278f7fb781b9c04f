"""A recorder that is behind: its captures are sealed once it has written their end."""

from __future__ import annotations

import asyncio
import sys
import uuid
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from followup.calls.models import RecordingState
from followup.database.base import now
from recordings.keeper import BEHIND, SETTLE
from recordings.naming import capture_name
from recordings.recorder.takes import Take, Takes
from tests.recordings.archive import Archive
from tests.recordings.recorder.wire import OURS, PHONE, heard, spoken

START, SECOND = 1_000_000, 8000      # samples of the clock
JUST = timedelta(seconds=1)


class Behind:
    """A recorder that has heard a call of a second to its end, and written nothing yet."""

    def __init__(self, spool: Path) -> None:
        self._takes = Takes(spool, START)

    def record(self, attempt: uuid.UUID) -> Take:
        take = self._takes.begin(capture_name(attempt), START, IPv4Address(OURS[0]), OURS[1],
                                 START, "script")
        self._takes.feed(heard([(at, spoken(PHONE, OURS, stamp=at))
                                for at in range(START, START + SECOND, 160)]))
        self._takes.finish(take, START + SECOND)
        return take

    def catch_up(self) -> None:
        self._takes.turn(START + 2 * SECOND)

    def close(self) -> None:
        self._takes.close(START + SECOND)


@pytest.fixture
def recorder(archive: Archive) -> Iterator[Behind]:
    made = Behind(archive.spool)
    yield made
    made.close()


async def test_a_recording_is_sealed_with_its_end_however_late_that_is_written(
        archive: Archive, recorder: Behind) -> None:
    attempt = await archive.call(frames=None, ended_at=now() - SETTLE - JUST)
    recorder.record(attempt)
    assert not await archive.next()
    assert (await archive.recording(attempt)).state is RecordingState.CAPTURING
    recorder.catch_up()
    assert await archive.next()
    row = await archive.recording(attempt)
    assert (row.state, row.duration_ms) == (RecordingState.SEALED, 1000)


async def test_the_others_are_sealed_meanwhile(archive: Archive, recorder: Behind) -> None:
    behind = await archive.call(frames=None, ended_at=now() - SETTLE - JUST)
    written = await archive.call(ended_at=now() - SETTLE - JUST)
    recorder.record(behind)
    assert await archive.next()
    assert not await archive.next()
    assert (await archive.recording(written)).state is RecordingState.SEALED


async def test_nothing_is_held_up_for_ever(archive: Archive, recorder: Behind) -> None:
    """A call that goes on, as far as the recorder knows."""
    attempt = await archive.call(ended_at=now() - BEHIND - JUST)
    recorder.record(attempt)
    assert await archive.next()
    assert (await archive.recording(attempt)).state is RecordingState.SEALED


async def test_a_recorder_that_is_killed_holds_nothing(archive: Archive) -> None:
    attempt = await archive.call(ended_at=now() - SETTLE - JUST)
    capture = archive.spool / capture_name(attempt)
    recorder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import os, sys; from recordings.held import hold; "
        "hold(os.open(sys.argv[1], os.O_WRONLY)); print(flush=True); sys.stdin.read()",
        str(capture), stdin=PIPE, stdout=PIPE)
    assert recorder.stdout is not None
    await recorder.stdout.readline()
    assert not await archive.next()
    recorder.kill()
    await recorder.communicate()
    assert await archive.next()
