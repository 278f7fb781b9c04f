"""Asterisk records the rest of a call that the recorder has let down."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from agi_scripts.recording import CallRecording
from followup.database.base import now
from ivr.agi import AgiChannel
from recordings.naming import missing_name
from recordings.recorder.client import Recorder
from tests.fakes.recorder import FakeRecorder

SECOND = 8000 * 4                    # bytes


class Channel(AgiChannel):
    """Notes down what Asterisk is told."""

    def __init__(self) -> None:
        self.args, self.told = ["127.0.0.1:20000"], list[tuple[str, ...]]()

    async def exec(self, app: str, *args: str, timeout: float | None = None) -> str:  # noqa: ASYNC109
        self.told.append((app, *args))
        return "0"


async def handed_back(fake: FakeRecorder, recorder: Recorder, capture: Path, *, age_s: int,
                      sound: bytes) -> Channel:
    """What Asterisk is told after the recorder has let down a call that began so long ago, of
    which it has kept some ``sound``."""
    channel = Channel()
    call = CallRecording(channel, recorder, capture, now() - timedelta(seconds=age_s))
    await call.start()
    assert channel.told == []
    capture.write_bytes(sound)
    fake.tell(capture.name, "deaf")
    async with asyncio.timeout(40):
        while not call.lost:         # noqa: ASYNC110  its state, from outside
            await asyncio.sleep(0.01)
    await call.go_on()
    assert not call.lost
    return channel


@pytest.mark.parametrize(("noted", "before_ms"), [(None, 0), ("250", 250), ("", 0)])
async def test_the_rest_is_where_it_was_spoken_and_the_gap_is_noted(
        fake: FakeRecorder, recorder: Recorder, tmp_path: Path, noted: str | None,
        before_ms: int) -> None:
    capture, note = tmp_path / "a.raw", tmp_path / missing_name("a.raw")
    if noted is not None:
        note.write_text(noted)
    began = time.monotonic()
    channel = await handed_back(fake, recorder, capture, age_s=10,
                                sound=b"\1\0\1\0" * 8000 * 4)
    took_ms = (time.monotonic() - began) * 1000
    assert channel.told == [("MixMonitor", str(capture), "Da")]
    missing_ms = int(note.read_text()) - before_ms
    assert 6000 <= missing_ms <= 6000 + took_ms
    content = capture.read_bytes()
    assert abs(len(content) - 4 * SECOND - missing_ms * 32) < 32
    assert set(content[4 * SECOND:]) == {0}


async def test_a_note_without_room_costs_no_sound(fake: FakeRecorder, recorder: Recorder,
                                                  tmp_path: Path) -> None:
    capture = tmp_path / "a.raw"
    (tmp_path / missing_name("a.raw")).mkdir()       # cannot be written
    channel = await handed_back(fake, recorder, capture, age_s=2, sound=bytes(SECOND))
    assert channel.told == [("MixMonitor", str(capture), "Da")]
    assert capture.stat().st_size >= 2 * SECOND
