"""What a benchmark, a demo or a test run has started ends with it, however it ends itself.

Nobody can clean up after SIGKILL but another process: a reaper, in a session of its own, waits for
the end of the process that started it, then ends all that bears its mark. The mark is in the
environment, which whatever is started inherits, daemons and other accounts included; nothing has to
be registered, so nothing is forgotten.

``aftercall up`` has no reaper: calls in progress outlive their supervisor.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "ENDS_WITH"           # not AFTERCALL_...: those are settings, and are taken out for some
ROUNDS = 5                   # of looking for what the ending ones have started meanwhile
GRACE_S = 3.0                # from SIGTERM to SIGKILL
DATABASE_S = 20.0            # PostgreSQL: from SIGINT (fast shutdown) to SIGQUIT (at once)


def end_with_us() -> None:
    """From now on whatever this process starts, and what that starts, ends with it."""
    if not hasattr(os, "pidfd_open"):        # no Linux
        return
    mark = uuid.uuid4().hex
    subprocess.Popen([sys.executable, "-m", __name__, str(os.getpid()), mark],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True,
                     cwd=Path(__file__).parents[1]).returncode = 0   # nobody waits for it
    # what runs in another one's run bears the marks of both
    os.environ[MARK] = ":".join(filter(None, (os.environ.get(MARK), mark)))


def _watch(pid: int, mark: str) -> None:
    """Wait for the end of a process; then end what bears the mark."""
    with suppress(ProcessLookupError):
        ended = os.pidfd_open(pid)
        if os.getppid() == pid:              # it might have ended, and its id be another's
            select.select([ended], [], [])
    for _ in range(ROUNDS):
        if not (left := _marked(mark)):
            return
        _end((each for each, name in left if name != "postgres"),
             (signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S))
        _end((each for each, name in left if name == "postgres" and not _used_by_others(each)),
             (signal.SIGINT, DATABASE_S), (signal.SIGQUIT, GRACE_S))


def _marked(mark: str) -> list[tuple[psutil.Process, str]]:
    """The processes with the mark, and their names. Of a PostgreSQL its first alone has it: the
    others write their titles over it, and end with the first."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if mark in process.environ().get(MARK, "").split(":") and _lives(process):
                found.append((process, process.name()))
    return found


def _end(processes: Iterable[psutil.Process], *orders: tuple[signal.Signals, float]) -> None:
    """One signal after the other, to those that are still there."""
    left = list(processes)
    for order, patience_s in orders:
        for process in left:
            with suppress(psutil.Error):
                process.send_signal(order)
        deadline = time.monotonic() + patience_s
        while left and time.monotonic() < deadline:
            left = [each for each in left if _lives(each)]
            time.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _used_by_others(server: psutil.Process) -> bool:
    """Whether another process has joined this PostgreSQL (see aftercall.provision.postgres)."""
    with suppress(psutil.Error, FileNotFoundError, PermissionError):
        users = Path(f"{server.cwd()}.users")
        with users.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


if __name__ == "__main__":
    _watch(int(sys.argv[1]), sys.argv[2])
