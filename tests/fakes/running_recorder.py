"""A recorder that hears no packets, or may not, at its socket."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from followup.settings import Settings
from recordings.recorder.server import Ring, Server


class NoPackets:
    """A ring to which nothing comes."""

    def read(self) -> None:
        return None

    def lost(self) -> int:
        return 0

    def close(self) -> None:
        pass


def forbidden() -> Ring:
    """Who has not got the right."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


@contextmanager
def recorder(settings: Settings, open_ring: Callable[[], Ring] = NoPackets) -> Iterator[None]:
    """At its work in a thread."""
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    server = Server(settings.recorder_socket, settings.spool_dir, open_ring)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not settings.recorder_socket.exists():
            time.sleep(0.01)
        yield
    finally:
        server.stop()
        thread.join()
