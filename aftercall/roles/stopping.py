"""A process that works until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable

from followup.log import get_logger

log = get_logger(__name__)


async def until_stopped(work: Callable[[], Awaitable[None]],
                        leave_after_s: float | None = None) -> None:
    """Run ``work`` until it ends or SIGTERM or SIGINT asks for an orderly stop.

    ``leave_after_s``: what is then in hand is left after so long, as a crash would leave it;
    otherwise threads are waited for, however long they take.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())

    def stop() -> None:
        task.cancel()
        if leave_after_s is not None:
            timer = threading.Timer(leave_after_s, _leave)
            timer.daemon = True
            timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")


def _leave() -> None:
    log.warning("stopped, what was in hand is left")
    os._exit(0)
