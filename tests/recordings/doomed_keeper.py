"""Keepers that kill themselves (SIGKILL, nothing is cleaned up) right after a step.

Run as ``python -m tests.recordings.doomed_keeper DATABASE FOLDER ENDPOINT``: each line that it
reads names a step, for which it forks a keeper and tells how that ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from followup.calls.models import Stored
from followup.database.engine import Database
from recordings import handover, keeper
from recordings.box import Keys
from recordings.storage import FolderStore, S3Store
from recordings.vault import Vault
from tests.fakes.s3 import FakeS3

KEYS = Keys("k" * 43)
STEPS = ("boxed", "sealed", "carried", "handed over")


def die(*_: Any) -> None:
    """At once."""
    os.kill(os.getpid(), signal.SIGKILL)


class Folder(FolderStore):
    """Dies when a box is in it."""

    async def put(self, name: str, blocks: Iterable[bytes]) -> None:
        await super().put(name, blocks)
        die()


class Bucket(S3Store):
    """The same."""

    async def put(self, name: str, blocks: Iterable[bytes]) -> None:
        await super().put(name, blocks)
        die()


class Twice:
    """Hands over once; when it is to do so again, that has been committed, and it dies."""

    def __init__(self, real: Callable[..., Awaitable[bool]]) -> None:
        self._real, self._done = real, False

    async def __call__(self, *arguments: Any) -> bool:
        if self._done:
            die()
        self._done = await self._real(*arguments)
        return self._done


async def main(url: str, folder: Path, endpoint: str, step: str) -> None:
    """Seal and hand over, to the step."""
    waiting, settings = folder / "waiting", FakeS3(endpoint).settings
    vault = Vault({Stored.WAITING: (Folder if step == "boxed" else FolderStore)(waiting),
                   Stored.S3: (Bucket if step == "carried" else S3Store)(settings)},
                  Stored.S3, KEYS)
    if step == "sealed":
        keeper._clear_captures = die  # type: ignore[assignment]
    if step == "handed over":
        handover.hand_over_next = Twice(handover.hand_over_next)  # type: ignore[assignment]
    database = Database(url)
    await asyncio.gather(
        keeper.keep_sealing(database, folder / "spool", vault),
        *([handover.keep_handing_over(database, vault, waiting, 0.02, sweep_s=0.0)]
          if step in STEPS[2:] else []))


if __name__ == "__main__":
    for line in sys.stdin:
        keeper_id = os.fork()
        if keeper_id == 0:
            asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], line.strip()))
        print(os.waitstatus_to_exitcode(os.waitpid(keeper_id, 0)[1]), flush=True)
