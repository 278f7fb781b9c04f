"""A telephone on loopback and a recorder that listens: packets as they go over the wire."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recordings.recorder.packets import PacketRing
from recordings.recorder.server import Ring, Server

PCMA = 8
FIRST, LAST = 29_000, 29_199             # ports that the recorder looks at
# alaw of two samples, and what they sound like
LOUD, LOUD_SAMPLE = 0xA5, 16896
SOFT, SOFT_SAMPLE = 0x95, 2112


def rtp(number: int, code: int, *, kind: int = PCMA, stamp: int = 0, sender: int = 7,
        samples: int = 160) -> bytes:
    """A packet of a steady sound; ``stamp``: of the stream's first."""
    return (bytes([0x80, kind]) + (number & 0xFFFF).to_bytes(2, "big")
            + (stamp + number * samples & 0xFFFFFFFF).to_bytes(4, "big")
            + sender.to_bytes(4, "big") + bytes([code]) * samples)


class Telephone:
    """Both ends of a call: ``local`` is Asterisk's."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.patient, self.asterisk = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                                       for _ in range(2))
        self.patient.bind((host, 0))
        self.asterisk.bind((host, port))
        self.local = f"{host}:{port}"
        self._sent = 0

    def talk(self, count: int, *, patient: int | None = LOUD, hospital: int | None = SOFT) -> None:
        """So many packets of 20 ms, both ways, each in its time."""
        due = time.monotonic()
        for _ in range(count):
            for code, one, other in ((patient, self.patient, self.asterisk),
                                     (hospital, self.asterisk, self.patient)):
                if code is not None:
                    one.sendto(rtp(self._sent, code), other.getsockname())
            self._sent += 1
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))

    def close(self) -> None:
        self.patient.close()
        self.asterisk.close()


class Script:
    """A connection to the recorder, as scripts have it."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
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
        self._thread.join(10)
        assert not self._thread.is_alive()
        for script in self._scripts:
            script.close()


@contextmanager
def recorder(folder: Path, ring: Any = seeing) -> Iterator[Running]:
    """One that takes orders."""
    running = Running(folder, ring)
    try:
        deadline = time.monotonic() + 10
        while not running.path.exists():
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.02)
        yield running
    finally:
        running.stop()


def sound(path: Path) -> np.ndarray:
    """A capture: (sample, side)."""
    return np.frombuffer(path.read_bytes(), "<i2").reshape(-1, 2)


def seconds_of(samples: np.ndarray, level: int) -> float:
    """How long a side sounded so."""
    return float(np.count_nonzero(samples == level)) / 8000
