"""The recorder's process on a machine whose clock is put right, and when it is stopped."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recordings.g711 import ALAW
from recordings.recorder.packets import PacketRing, Packets
from recordings.recorder.server import Ring, Server
from tests.recordings.recorder.wire import LOUD, packets, rtp_packet, spoken

OURS, PHONE = ("127.0.0.1", 20000), ("127.0.0.9", 4000)
HOUR_NS, PACKET_NS = 3600 * 10**9, 20_000_000
PATIENCE_S = 20.0


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
            some.append((came, spoken(PHONE, OURS, stamp=self.stamp)))
            self.stamp += 160
        self.ready.append(packets(some))

    def read(self) -> Packets | None:
        return self.ready.popleft() if self.ready else None

    def lost(self) -> int:
        return 0

    def close(self) -> None:
        pass


class Recorder:
    """One that runs in a thread, and a script's connection to it."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self.folder = folder
        self.server = Server(folder / "s", folder, lambda: ring)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        wait_for((folder / "s").is_socket)
        self._socket = socket.socket(socket.AF_UNIX)
        wait_for(lambda: self._socket.connect_ex(str(folder / "s")) == 0)
        self._answers = self._socket.makefile("r")

    def order(self, do: str, **more: object) -> None:
        self._socket.sendall(json.dumps({"do": do, "name": "a.raw", **more}).encode() + b"\n")

    def begin(self, port: int = OURS[1]) -> None:
        self.order("begin", at=time.monotonic_ns(), local=f"127.0.0.1:{port}")
        assert json.loads(self._answers.readline())["state"] == "recording"

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def close(self) -> None:
        self.stop()
        self._answers.close()
        self._socket.close()

    def heard(self) -> int:
        """Samples of the phone in the file."""
        sound = np.fromfile(self.folder / "a.raw", np.int16)
        return int((sound == ALAW[LOUD]).sum())


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS])
def test_a_clock_that_is_put_right_ends_no_recording(tmp_path: Path, step_ns: int) -> None:
    ring = Fed()
    recorder = Recorder(tmp_path, ring)
    recorder.begin()
    ring.hear(step_ns)
    wait_for(lambda: not ring.ready)

    def goes_on() -> bool:
        ring.hear()
        return recorder.heard() > 1600
    wait_for(goes_on)
    recorder.close()


def test_what_was_said_before_the_recorder_is_stopped_is_kept(tmp_path: Path) -> None:
    """The kernel has it, and hands it out a moment later."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        ours.bind(("127.0.0.1", 0))
        port = ours.getsockname()[1]
        try:
            ring = PacketRing([(port, port)])
        except OSError as error:
            pytest.skip(f"packets may not be seen here: {error}")
        recorder = Recorder(tmp_path, ring)
        recorder.begin(port)
        for number in range(10):
            phone.sendto(rtp_packet(bytes([LOUD]) * 160, stamp=160 * number),
                         ours.getsockname())
            time.sleep(0.02)
        recorder.close()
    assert recorder.heard() > 1440       # the last one was still being spoken
