"""Where things that are fetched or made live: a cache per user, outside any clone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aftercall.provision.errors import ProvisionError
from followup.settings import default_data_dir

Say = Callable[[str], None]


def cache_dir() -> Path:
    """``$XDG_CACHE_HOME/aftercall``, else ``~/.cache/aftercall``; made when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _writable(Path(base).expanduser() / "aftercall", "XDG_CACHE_HOME")


def data_dir() -> Path:
    """``AFTERCALL_DATA_DIR``, else the user's data folder; made when missing."""
    return _writable(default_data_dir(), "AFTERCALL_DATA_DIR")


def _writable(folder: Path, variable: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProvisionError(f"{folder}: {error.strerror}: expected a folder that can be written; "
                             f"name another one with {variable}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ProvisionError(f"{folder}: expected a folder that can be written; "
                             f"name another one with {variable}")
    return folder


@contextmanager
def exclusive(path: Path, say: Say) -> Iterator[None]:
    """Hold the lock file ``path``; a second process waits, saying so, until the first is done.

    The kernel drops the lock with its process, so a crash leaves nothing to clean up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that is preparing {path.stem}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
