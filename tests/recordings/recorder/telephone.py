"""A telephone on loopback and a recorder that listens: packets as they go over the wire."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recordings.recorder.packets import PacketRing
from recordings.recorder.server import Ring, Server

PCMA = 8
FIRST, LAST = 29_000, 29_199             # ports that the recorder looks at
PATIENCE_S = 60.0
# alaw of two samples, and what they sound like
LOUD, LOUD_SAMPLE = 0xA5, 16896
SOFT, SOFT_SAMPLE = 0x95, 2112


def rtp(code: int, *, stamp: int = 0, sender: int = 7, samples: int = 160) -> bytes:
    """A packet of a steady sound."""
    return (bytes([0x80, PCMA, 0, 0]) + (stamp & 0xFFFFFFFF).to_bytes(4, "big")
            + sender.to_bytes(4, "big") + bytes([code]) * samples)


class Telephone:
    """Both ends of a call: ``local`` is Asterisk's. ``said``: seconds of sound, each way."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.patient, self.asterisk = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                                       for _ in range(2))
        self.patient.bind((host, 0))
        self.asterisk.bind((host, port))
        self.port = self.asterisk.getsockname()[1]
        self.local = f"{host}:{self.port}"
        self.said = 0.0

    def talk(self, count: int, *, patient: int | None = LOUD, hospital: int | None = SOFT) -> None:
        """So many packets of 20 ms, both ways. One that a busy machine holds up is spoken then:
        its stamp tells when that was."""
        for _ in range(count):
            for code, one, other in ((patient, self.patient, self.asterisk),
                                     (hospital, self.asterisk, self.patient)):
                if code is not None:
                    stamp = time.monotonic_ns() * 8000 // 1_000_000_000
                    one.sendto(rtp(code, stamp=stamp), other.getsockname())
            time.sleep(0.02)
            self.said += 0.02

    def close(self) -> None:
        self.patient.close()
        self.asterisk.close()


class Script:
    """A connection to the recorder, as scripts have it."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("r", encoding="utf-8")

    def order(self, **order: Any) -> None:
        self.socket.sendall(json.dumps(order).encode() + b"\n")

    def answer(self) -> dict[str, str]:
        told: dict[str, str] = json.loads(self._file.readline())
        return told

    def begin(self, name: str, local: str, at: int | None = None) -> dict[str, str]:
        self.order(do="begin", name=name, local=local,
                   at=time.monotonic_ns() if at is None else at)
        return self.answer()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def seeing() -> Ring:
    """All packets of the telephones here."""
    return PacketRing([(FIRST, LAST)])


class Running:
    """A recorder at work in a thread; its scripts hang up when it ends."""

    def __init__(self, folder: Path, ring: Any) -> None:
        self.path = folder / "recorder.sock"
        self.server = Server(self.path, folder, ring)
        self._thread = threading.Thread(target=self.server.run, name="recorder")
        self._scripts: list[Script] = []
        self._thread.start()

    def script(self) -> Script:
        self._scripts.append(Script(self.path))
        return self._scripts[-1]

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        for script in self._scripts:
            script.close()


@contextmanager
def recorder(folder: Path, ring: Any = seeing) -> Iterator[Running]:
    """One that takes orders."""
    running = Running(folder, ring)
    try:
        wait_for(running.path.exists)
        yield running
    finally:
        running.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def sound(path: Path) -> np.ndarray:
    """A capture: (sample, side)."""
    return np.frombuffer(path.read_bytes(), "<i2").reshape(-1, 2)


def seconds_of(samples: np.ndarray, level: int) -> float:
    """How long a side sounded so."""
    return float(np.count_nonzero(samples == level)) / 8000
