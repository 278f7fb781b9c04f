"""A keeper that is told to end does not wait for what it has in hand."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta

from followup.calls.models import RecordingState
from followup.database.base import now
from recordings.naming import capture_name
from tests.recordings.archive import Archive

# a keeper whose disk takes the first block and no further one, as a role runs it
STUCK = """\
import asyncio, sys, threading
from pathlib import Path
from aftercall.roles.stopping import until_stopped
from followup.database.engine import Database
from recordings.keeper import keep_sealing
from recordings.storage import FolderStore
from tests.recordings.archive import Archive

class Stuck(FolderStore):
    def _put(self, name, blocks):
        def slowly():
            yield next(iter(blocks))
            print("in hand", flush=True)
            threading.Event().wait()
        super()._put(name, slowly())

url, spool, folder = sys.argv[1:]
asyncio.run(until_stopped(lambda: keep_sealing(
    Database(url), Path(spool), Archive.vault_of(Stuck(Path(folder)))), leave_after_s=0.1))
"""


async def test_what_a_stopped_keeper_has_in_hand_is_left_and_done_by_the_next(
        archive: Archive, database_url: str) -> None:
    attempt = await archive.call(ended_at=now() - timedelta(minutes=1))
    capture = archive.spool / capture_name(attempt)
    sound = capture.read_bytes()
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, database_url, str(archive.spool), str(archive.folder),
        stdout=PIPE)
    try:
        assert keeper.stdout
        async with asyncio.timeout(60):
            async for line in keeper.stdout:         # its log is there too
                if line.strip() == b"in hand":
                    break
            keeper.send_signal(signal.SIGTERM)
            assert await keeper.wait() == 0          # for ever, if it waited for its disk
    finally:
        if keeper.returncode is None:
            keeper.kill()
            await keeper.wait()
    assert (await archive.recording(attempt)).state is RecordingState.CAPTURING
    assert capture.read_bytes() == sound
    assert await archive.next()
    assert (await archive.sound(attempt)).endswith(sound)
