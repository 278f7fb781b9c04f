"""Keeps child processes running: a part that dies is started again, ever more patiently."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aftercall import packet_right
from followup.log import get_logger

log = get_logger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
HEALTHY_AFTER_S = 30.0


class Part:
    """One child process: ``python -m aftercall role NAME``."""

    def __init__(self, name: str, env: Mapping[str, str], log_file: Path | None = None) -> None:
        self.name = name
        self._argv: Sequence[str] = (sys.executable, "-m", "aftercall", "role", name)
        self._env = dict(env)
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Start it, and keep it running until ``stop``; who is cancelled meanwhile leaves none."""
        try:
            await self._spawn()
        except asyncio.CancelledError:
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self, grace_s: float = 15) -> None:
        """Ask it to end, and make it after ``grace_s`` seconds, or when we are cancelled."""
        try:
            if self._keeper is not None:
                self._keeper.cancel()
                await asyncio.wait({self._keeper})
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            log.warning("a part did not end in time", part=self.name)
        finally:
            await self._kill()

    async def _kill(self) -> None:
        """Whatever is left of it ends now."""
        if self._keeper is not None:
            await asyncio.wait({self._keeper})       # it may just be starting the part again
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _spawn(self) -> None:
        self._process = None
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(self._log_file.open("ab")) if self._log_file else None
            spawning = asyncio.ensure_future(asyncio.create_subprocess_exec(
                *self._argv, env=self._env, stdin=asyncio.subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True,     # Ctrl-C is ours to pass on, in our order
                preexec_fn=packet_right.hand_on if self.name == "recorder" else None))
            try:
                self._process = await asyncio.shield(spawning)
            except asyncio.CancelledError:
                self._process = await spawning          # for ``stop``: nobody else knows of it
                raise
        log.info("part started", part=self.name, pid=self._process.pid)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        wait = FIRST_WAIT_S
        while True:
            began = loop.time()
            if self._process is not None:
                code = await self._process.wait()
                log.error("a part ended by itself, starting it again", part=self.name, code=code)
            if loop.time() - began > HEALTHY_AFTER_S:
                wait = FIRST_WAIT_S
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
            try:
                await self._spawn()
            except OSError:                  # no memory for it just now
                log.exception("a part could not be started, will try again", part=self.name)
