"""A dialer that kills itself (SIGKILL, nothing is cleaned up) at the n-th time of a step.

Run as ``python -m tests.journeys.doomed_dialer STEP N``.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid

from aftercall.roles.dialer import run_dialer
from aftercall.roles.stopping import until_stopped
from followup.log import configure
from followup.settings import load_settings


def main() -> None:
    """Run until the step has been reached ``n`` times."""
    import asyncio

    doomed_step, left = sys.argv[1], int(sys.argv[2])

    def observer(step: str, attempt: uuid.UUID) -> None:
        nonlocal left
        if step == doomed_step:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    configure("info", "json")
    asyncio.run(until_stopped(lambda: run_dialer(load_settings(), observer)))


if __name__ == "__main__":
    main()
