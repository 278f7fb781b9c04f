"""A folder in memory for what tests write most of all: databases, copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024 ** 3         # bytes to be free, of the folder and of the machine, for four servers
NAME = "aftercall-tests-"


@contextmanager
def folder(otherwise: Path) -> Iterator[Path]:
    """One of this process's own, gone in the end; ``otherwise`` where memory is short.

    A copy of a database is a thousand files: in memory it costs a fifth.
    """
    if not _is_room():
        yield otherwise
        return
    _clear_up()
    mine = MEMORY / f"{NAME}{os.getpid()}"
    mine.mkdir(mode=0o755)
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def _is_room() -> bool:
    return (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
            and shutil.disk_usage(MEMORY).free > ROOM
            and psutil.virtual_memory().available > ROOM)


def _clear_up() -> None:
    """What a run that was killed has left."""
    for left in MEMORY.glob(f"{NAME}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(NAME))):
            shutil.rmtree(left, ignore_errors=True)
