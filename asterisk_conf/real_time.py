"""Telephone sound first: what sends it every 20 ms must not wait behind others for a core.

Linux lets root, or who has CAP_SYS_NICE or an rtprio limit, ask for that. Where it does not, and on
other systems, all goes on as before; a busy machine is then heard as gaps.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")

PRIORITY = 10                # the one that Asterisk's own option -p takes: they take turns


def take() -> bool:
    """Put the calling thread before all usual ones, but nothing that it starts; False: refused."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK,
                              os.sched_param(PRIORITY))
    except (AttributeError, OSError):
        return False
    return True


def allowed() -> bool:
    """Whether ``take`` would be granted; tried in a thread of its own."""
    granted: list[bool] = []
    trial = threading.Thread(target=lambda: granted.append(take()), name="may it be real time?")
    trial.start()
    trial.join()
    return granted == [True]


def give_way(nice: int) -> None:
    """Put this process, and what it starts from now on, behind all others.

    Linux shares the cores out among sessions first (sched_autogroup), and niceness counts within a
    session only: one that is ours alone is made as nice as we are.
    """
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(nice))
