"""An Asterisk as a child process: started in the foreground, waited for, stopped orderly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path

from asterisk_conf import real_time
from asterisk_conf.errors import AsteriskError
from asterisk_conf.model import Folders

_POLL_S = 0.05
# Said by any Asterisk when a SIP request comes in while it is still loading modules.
_HARMLESS = "registered during operation"


class AsteriskProcess:
    """One instance. ``command`` starts the ``asterisk`` program; its files are in ``folders``."""

    def __init__(self, command: Sequence[str], folders: Folders) -> None:
        self._command = [*command, "-C", str(folders.conf)]
        self._folders = folders
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process that ``start`` made still lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def console_log(self) -> Path:
        """What Asterisk wrote to its standard output and error."""
        return self._folders.log_dir / "console.log"

    @property
    def messages_log(self) -> Path:
        """Asterisk's own warnings and errors."""
        return self._folders.log_dir / "messages.log"

    async def start(self, timeout_s: float = 30) -> None:
        """Start and return once fully booted.

        An instance with the same configuration that an earlier run left behind is ended first.
        Raises AsteriskError when it ends, does not get its ports, or is not ready in time.
        """
        if self.running:
            raise AsteriskError("this asterisk runs already")
        await self._end_leftover()
        seen = len(self.problems())
        (self._folders.run_dir / "asterisk.ctl").unlink(missing_ok=True)
        self.console_log.touch(mode=0o600)
        with self.console_log.open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, "-f", "-n", *(["-p"] if real_time.allowed() else []),
                stdin=asyncio.subprocess.DEVNULL, stdout=console,
                stderr=console, cwd=self._folders.run_dir, umask=0o077,
                start_new_session=True)          # a Ctrl-C is ours to pass on, in our order
        _raise_open_files(self._process.pid)
        try:
            async with asyncio.timeout(timeout_s):
                await self._booted()
        except TimeoutError as error:
            await self.stop()
            raise AsteriskError(f"asterisk was not ready within {timeout_s:g} s; "
                                f"see {self.console_log}") from error
        except BaseException:
            await self.stop()
            raise
        if taken := [line for line in self.problems()[seen:] if "in use" in line]:
            await self.stop()
            raise AsteriskError(f"asterisk did not get its port: {taken[0]}")

    async def stop(self, grace_s: float = 10) -> None:
        """SIGTERM, then SIGKILL when that is not enough within ``grace_s``; fine if it is gone."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def wait(self) -> int:
        """Exit code, once it has ended."""
        if self._process is None:
            raise AsteriskError("this asterisk was not started")
        return await self._process.wait()

    async def cli(self, command: str, timeout_s: float = 10) -> str:
        """Output of a console command, over the control socket; AsteriskError when it fails."""
        runner = await asyncio.create_subprocess_exec(
            *self._command, "-rx", command, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        try:
            out, _ = await asyncio.wait_for(runner.communicate(), timeout_s)
        finally:
            if runner.returncode is None:
                runner.kill()
                await runner.wait()
        if runner.returncode:
            raise AsteriskError(f"asterisk -rx {command!r}: {out.decode(errors='replace').strip()}")
        return out.decode(errors="replace")

    def problems(self) -> list[str]:
        """Lines of warnings and errors that Asterisk has logged so far."""
        lines = []
        with contextlib.suppress(FileNotFoundError):
            lines = self.messages_log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines
                if ("WARNING[" in line or "ERROR[" in line) and _HARMLESS not in line]

    async def _booted(self) -> None:
        socket = self._folders.run_dir / "asterisk.ctl"
        while True:
            if not self.running:
                raise AsteriskError(f"asterisk ended while starting: {self._last_words()}")
            if socket.exists():
                with contextlib.suppress(AsteriskError):
                    if "fully booted" in await self.cli("core waitfullybooted", timeout_s=30):
                        return
            await asyncio.sleep(_POLL_S)

    def _last_words(self) -> str:
        text = self.console_log.read_text("utf-8", "replace").strip()
        return text.splitlines()[-1] if text else f"see {self.messages_log}"

    async def _end_leftover(self) -> None:
        pid = leftover(self._folders)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        for _ in range(int(10 / _POLL_S)):
            if leftover(self._folders) is None:
                return
            await asyncio.sleep(_POLL_S)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def leftover(folders: Folders) -> int | None:
    """Process id of a live Asterisk that runs on these folders' very configuration, else None."""
    try:
        pid = int((folders.run_dir / "asterisk.pid").read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if bytes(folders.conf) in arguments else None


def _raise_open_files(pid: int) -> None:
    """A call takes some ten file descriptors: allow as many as the system lets us."""
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
