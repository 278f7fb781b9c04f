"""Who writes a capture holds it: by a lock on the open file, which goes when the file is closed,
also by the end of a process that is killed."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path


def hold(file: int) -> None:
    """Hold the capture behind a descriptor until that is closed."""
    with suppress(OSError):          # a file system without locks: it is written all the same
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def held(capture: Path) -> bool:
    """Whether somebody writes it still. Blocking, a moment."""
    try:
        with capture.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:                  # not there, or no locks: nobody who could be waited for
        return False
    return False
