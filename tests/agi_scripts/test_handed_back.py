"""Asterisk records the rest of a call that the recorder has let down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from agi_scripts.recording import CallRecording
from followup.database.base import now
from ivr.agi import AgiChannel
from recordings.recorder.client import Recorder, State, Take

SECOND = 8000 * 4                    # bytes


class Channel:
    """Notes down what Asterisk is told."""

    def __init__(self) -> None:
        self.args, self.told = ["127.0.0.1:20000"], list[tuple[str, ...]]()

    async def exec(self, *told: str) -> None:
        self.told.append(told)


class Tape:
    """A recorder that takes every call."""

    def __init__(self) -> None:
        self.said, self.take = list[str](), Take("", 0, "")

    async def begin(self, name: str, at: int, local: str) -> Take | None:
        self.take = Take(name, at, local, State.RECORDING)
        return self.take

    def finish(self, _: Take) -> None:
        self.said.append("finish")


def recording(channel: Channel, tape: Tape, capture: Path, age_s: float = 0) -> CallRecording:
    return CallRecording(cast(AgiChannel, channel), cast(Recorder, tape), capture,
                         now() - timedelta(seconds=age_s))


@pytest.mark.parametrize(("noted", "before_ms"), [(None, 0), ("250", 250), ("", 0)])
async def test_the_rest_is_where_it_was_spoken_and_the_gap_is_noted(
        tmp_path: Path, noted: str | None, before_ms: int) -> None:
    capture, channel, tape = tmp_path / "a.raw", Channel(), Tape()
    call = recording(channel, tape, capture, age_s=10)
    await call.start()
    capture.write_bytes(b"\1\0\1\0" * 8000 * 4)
    if noted is not None:
        (tmp_path / "a.raw.missing").write_text(noted)
    tape.take.state = State.GONE
    assert call.lost
    await call.go_on()
    assert channel.told == [("MixMonitor", str(capture), "Da")] and tape.said == ["finish"]
    missing_ms = int((tmp_path / "a.raw.missing").read_text()) - before_ms
    assert missing_ms >= 6000
    assert abs(capture.stat().st_size - 4 * SECOND - missing_ms * 32) < 32


async def test_a_note_without_room_costs_no_sound(tmp_path: Path) -> None:
    (tmp_path / "a.raw.missing").mkdir()             # cannot be written
    capture, channel, tape = tmp_path / "a.raw", Channel(), Tape()
    call = recording(channel, tape, capture, age_s=2)
    await call.start()
    capture.write_bytes(bytes(SECOND))
    tape.take.state = State.GONE
    await call.go_on()
    assert channel.told == [("MixMonitor", str(capture), "Da")]
    assert capture.stat().st_size >= 2 * SECOND
