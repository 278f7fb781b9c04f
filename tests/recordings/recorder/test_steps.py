"""The recorder's process on a machine whose clock is put right, and when it is stopped."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import pytest

from recordings.recorder.packets import PacketRing, Packets
from tests.recordings.recorder.telephone import (
    LOUD,
    LOUD_SAMPLE,
    Telephone,
    recorder,
    sound,
    wait_for,
)
from tests.recordings.recorder.wire import packets, spoken

OURS, PHONE = ("127.0.0.1", 20000), ("127.0.0.9", 4000)
LOCAL = "127.0.0.1:20000"
HOUR_NS, PACKET_NS = 3600 * 10**9, 20_000_000


class Fed:
    """A ring that hands out what the test puts in."""

    def __init__(self) -> None:
        self.ready: deque[Packets] = deque()
        self.stamp = 0

    def hear(self, step_ns: int = 0, count: int = 1) -> None:
        """Packets that came by a wall clock that was so far ahead."""
        some = []
        for number in range(count):
            came = time.time_ns() + step_ns - (count - number) * PACKET_NS
            some.append((came, spoken(PHONE, OURS, code=LOUD, stamp=self.stamp)))
            self.stamp += 160
        self.ready.append(packets(some))

    def read(self) -> Packets | None:
        return self.ready.popleft() if self.ready else None

    def lost(self) -> int:
        return 0

    def close(self) -> None:
        pass


def heard(folder: Path) -> int:
    """Samples of the phone in the file."""
    return int((sound(folder / "a.raw") == LOUD_SAMPLE).sum())


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS])
def test_a_clock_that_is_put_right_ends_no_recording(tmp_path: Path, step_ns: int) -> None:
    ring = Fed()

    def goes_on() -> bool:
        ring.hear()
        return heard(tmp_path) > 1600

    with recorder(tmp_path, lambda: ring) as running:
        assert running.script().begin("a.raw", LOCAL)["state"] == "recording"
        ring.hear(step_ns)
        wait_for(lambda: not ring.ready)
        wait_for(goes_on)


def test_what_was_said_before_the_recorder_is_stopped_is_kept(tmp_path: Path) -> None:
    """The kernel has it, and hands it out a moment later."""
    telephone = Telephone()
    try:
        ring = PacketRing([(telephone.port, telephone.port)])
    except OSError as error:
        pytest.skip(f"packets may not be seen here: {error}")
    with recorder(tmp_path, lambda: ring) as running:
        assert running.script().begin("a.raw", telephone.local)["state"] == "recording"
        telephone.talk(10)
    telephone.close()
    assert heard(tmp_path) >= 10 * 160 - 10
