"""The recorder's process: scripts tell it over a Unix socket what to record; it does so from the
packets that the kernel has collected.

An order is a JSON object a line: ``{"do": "begin", "name": FILE, "at": NS, "local": "IP:PORT"}``
(``at`` of the monotonic clock), answered with ``{"name": FILE, "state": "recording"}`` or
``"refused"`` and ``why``; ``finish`` when the call is over; ``drop``, answered with ``dropped``
once nothing is written any more. Unasked it says ``deaf``: the packets do not come by here, so
somebody else has to record. A call that was left goes on while there is sound, as do those
of who hangs up. ``{"do": "look"}``, of nobody's call, is answered with ``{"state": "ready"}`` or
``"blind"`` and ``why``, and ``calls``, how many are being recorded (:mod:`standing` asks).
"""

from __future__ import annotations

import errno
import fcntl
import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from followup.log import get_logger
from recordings.recorder import rtp
from recordings.recorder.packets import Packets
from recordings.recorder.reel import RATE
from recordings.recorder.takes import Take, Takes

log = get_logger(__name__)

TICK_S, IDLE_S = 0.1, 1.0
BEHIND_S = 0.12              # the kernel hands out what came before this long ago
DEAF_S = 60.0                # so long nobody tries again what could not be heard
LONGEST_ORDER = 4096
_NS = 1_000_000_000


class Ring(Protocol):
    """Where packets come from (packets.PacketRing)."""

    def read(self) -> Packets | None:
        """The next packets, None when there are none now."""

    def lost(self) -> int:
        """How many were lost since this was asked last."""

    def close(self) -> None:
        """Let it go."""


def samples(ns: int) -> int:
    """A moment of the monotonic clock, in samples."""
    return ns * RATE // _NS


class Scripts:
    """One connection: a process that runs scripts."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._begun = b""

    def orders(self) -> list[dict[str, Any]]:
        """What has come; ConnectionError once they are gone, ValueError where it is no order."""
        try:
            some = self.connection.recv(65536)
        except BlockingIOError:
            return []
        if not some:
            raise ConnectionResetError
        *lines, self._begun = (self._begun + some).split(b"\n")
        if len(self._begun) > LONGEST_ORDER:
            raise ValueError("an order without an end")
        found = [json.loads(line) for line in lines]
        if not all(isinstance(order, dict) for order in found):
            raise ValueError("an order is an object")
        return found

    def tell(self, **told: str | int) -> None:
        """Answer; who does not read it any more is found out elsewhere."""
        with suppress(OSError):
            self.connection.send(json.dumps(told).encode() + b"\n")


class Server:
    """``open_ring`` raises OSError where packets may not be seen: then all is refused, and Asterisk
    records."""

    def __init__(self, path: Path, folder: Path, open_ring: Callable[[], Ring]) -> None:
        self._path, self._folder, self._open_ring = path, folder, open_ring
        self._selector = selectors.DefaultSelector()
        self._takes = Takes(folder, samples(time.monotonic_ns()), self._deaf)
        self._ring: Ring | None = None
        self._why = ""                               # nothing can be recorded
        self._deaf_until: dict[str, float] = {}      # by our address
        self._over = False

    def stop(self) -> None:
        """Come to an end; may be called by a signal."""
        self._over = True

    def run(self) -> None:
        """Until ``stop``. One alone serves a socket: others wait until it is gone."""
        with self._path.with_suffix(".lock").open("w") as lock:
            while not self._over:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(TICK_S)
                    continue
                self._serve()

    def _serve(self) -> None:
        try:
            self._ring = self._open_ring()
        except OSError as error:
            self._why = f"packets cannot be seen: {error.strerror or error}"
            log.warning("the recorder may not see packets: Asterisk records the calls",
                        reason=str(error.strerror or error))
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(fresh))
            fresh.chmod(0o600)
            listener.listen()
            listener.setblocking(False)
            fresh.replace(self._path)                # whom it is seen by, it answers
            self._selector.register(listener, selectors.EVENT_READ, None)
            log.info("the recorder is ready", sees_packets=self._ring is not None)
            try:
                self._loop()
            finally:
                self._close()

    def _loop(self) -> None:
        due = 0.0
        while not self._over:
            wait = TICK_S if len(self._takes) else IDLE_S
            for key, _ in self._selector.select(max(0.0, min(wait, due - time.monotonic()))):
                if key.data is None:
                    self._welcome(key.fileobj)
                else:
                    self._hear(key.data)
            if time.monotonic() >= due:
                self._tick()
                due = time.monotonic() + (TICK_S if len(self._takes) else IDLE_S)
            elif len(self._takes):
                due = min(due, time.monotonic() + TICK_S)

    def _close(self) -> None:
        until = samples(time.monotonic_ns())
        time.sleep(BEHIND_S)                         # what came until now is handed out by then
        for key, _ in self._selector.select(0):
            if key.data is not None:                 # refusals, above all
                self._hear(key.data)
        self._tick()
        self._takes.close(until)
        for key in [*self._selector.get_map().values()]:
            if key.data is not None:
                key.data.connection.close()
        self._selector.close()
        self._selector = selectors.DefaultSelector()
        self._path.unlink(missing_ok=True)
        if self._ring is not None:
            self._ring.close()

    # --- packets -------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Put down all that has come."""
        if self._ring is None:
            return
        while True:
            began = time.monotonic_ns()
            offset = time.time_ns() - began              # the kernel tells the wall clock's time
            packets = self._ring.read()
            if packets is None:
                break
            if len(self._takes) and len(packets):
                moments = (packets.times - offset) * (RATE // 1000) // (_NS // 1000)
                # none is from the future, unless the wall clock was put back since it came
                moments = np.minimum(moments, samples(time.monotonic_ns()))
                self._takes.feed(rtp.read(moments, packets.heads, packets.sizes))
                self._takes.turn(min(int(moments[-1]), samples(began - int(BEHIND_S * _NS))))
        self._takes.turn(samples(began - int(BEHIND_S * _NS)))
        if lost := self._ring.lost():
            log.error("packets were lost, recordings have holes", packets=lost)
            self._takes.missed(lost)

    def _deaf(self, take: Take) -> None:
        log.error("the packets of a call do not come by here: Asterisk records it",
                  capture=take.name)
        self._deaf_until[str(IPv4Address(take.address))] = time.monotonic() + DEAF_S
        if isinstance(take.owner, Scripts):
            take.owner.tell(name=take.name, state="deaf")

    # --- orders --------------------------------------------------------------------------------

    def _welcome(self, listener: Any) -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, Scripts(connection))

    def _hear(self, scripts: Scripts) -> None:
        try:
            for order in scripts.orders():
                self._do(scripts, order)
        except (OSError, ValueError, RecursionError) as error:
            if not isinstance(error, OSError):
                log.exception("an order that is none: its connection is closed")
            self._selector.unregister(scripts.connection)
            scripts.connection.close()
            for take in self._takes:
                if take.owner is scripts:
                    self._takes.leave(take)

    def _do(self, scripts: Scripts, order: dict[str, Any]) -> None:
        if order.get("do") == "look":
            seen = {"state": "ready"} if self._ring else {"state": "blind", "why": self._why}
            scripts.tell(**seen, calls=len(self._takes))
            return
        name = order.get("name")
        if not isinstance(name, str):
            raise ValueError("name: expected a file's name")     # noqa: TRY004  bad input
        moment = samples(time.monotonic_ns())
        take = next((take for take in self._takes if take.name == name), None)
        match order.get("do"):
            case "begin":
                try:
                    self._begin(scripts, name, order, moment)
                except (OSError, ValueError) as error:
                    scripts.tell(name=name, state="refused", why=str(error))
                else:
                    scripts.tell(name=name, state="recording")
            case "finish":
                if take is not None:
                    self._takes.finish(take, moment)
            case "leave":
                if take is not None:
                    self._takes.leave(take)
            case "drop":
                if take is not None:
                    self._takes.drop(take)
                scripts.tell(name=name, state="dropped")
            case other:
                raise ValueError(f"do = {other!r}: expected begin, finish, leave, drop or look")

    def _begin(self, scripts: Scripts, name: str, order: dict[str, Any], moment: int) -> None:
        """Refused is what does not pass here: OSError, ValueError."""
        if self._ring is None:
            raise PermissionError(self._why)
        address, port = local_address(order.get("local"))
        at = order.get("at")
        if not isinstance(at, int) or not 0 <= samples(at) <= moment:
            raise ValueError("at: expected a moment of the monotonic clock that has been")
        if self._deaf_until.get(str(address), 0.0) > time.monotonic():
            raise ValueError(f"the packets of {address} do not come by here")
        if not is_ours(address):
            raise ValueError(f"{address} is no address of this machine")
        self._takes.begin(name, samples(at), address, port, moment, scripts)


def local_address(text: object) -> tuple[IPv4Address, int]:
    """``IP:PORT`` as Asterisk tells it; ValueError."""
    host, _, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    try:
        address = IPv4Address(host)
        if port.isascii() and port.isdigit() and 0 < int(port) < 65536 \
                and not address.is_unspecified:
            return address, int(port)
    except AddressValueError:
        pass
    raise ValueError(f"local = {text!r}: expected an IPv4 address and a port")


def is_ours(address: IPv4Address) -> bool:
    """Whether this machine (or network namespace) has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((str(address), 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ports in as few ranges as possible."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
