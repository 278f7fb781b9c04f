"""What S3 is to keep is encrypted on this machine first, and lost at no moment on its way."""

from __future__ import annotations

import asyncio
import signal
import sys
import uuid
from array import array
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from followup.alarms.models import AlarmKind
from followup.calls.models import AttemptState, Recording, RecordingState, Stored
from followup.database.base import now
from recordings.chain import link_seals
from recordings.handover import hand_over_next, keep_handing_over, sweep
from recordings.naming import capture_name
from recordings.preparing import prepare_next
from recordings.storage import FolderStore, S3Store
from recordings.vault import Vault
from tests.fakes.s3 import FakeS3, fake_s3
from tests.recordings.archive import Archive, stopping, until
from tests.recordings.doomed_keeper import KEYS, STEPS

SOUND = array("h", [1000, -1000] * 8000).tobytes()


@pytest.fixture
async def s3() -> AsyncIterator[FakeS3]:
    async with fake_s3() as fake:
        yield fake


@pytest.fixture
def waiting(archive: Archive, s3: FakeS3) -> Path:
    """Where boxes wait; the archive's are to be kept in S3."""
    folder = archive.spool.parent / "waiting"
    archive.vault = Vault({Stored.WAITING: FolderStore(folder), Stored.S3: S3Store(s3.settings)},
                          Stored.S3, KEYS)
    return folder


def boxes(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@asynccontextmanager
async def handing_over(archive: Archive, waiting: Path) -> AsyncIterator[None]:
    async with archive.keeper(), stopping(keep_handing_over(
            archive.database, archive.vault, waiting, 0.02, 0.02, sweep_s=0.0)):
        yield


async def test_while_s3_is_away_nothing_lies_plain_and_all_is_handed_over_once_it_is_back(
        archive: Archive, waiting: Path, s3: FakeS3) -> None:
    s3.broken = True
    attempt = await archive.call()

    async def told() -> bool:
        return await archive.alarms() == [AlarmKind.RECORDINGS_WAIT] and \
            not (archive.spool / capture_name(attempt)).exists()

    async def over() -> bool:
        return not await archive.alarms() and not boxes(waiting)

    async with handing_over(archive, waiting):
        await until(told)
        [box] = boxes(waiting)
        assert SOUND[:4] not in box.read_bytes()
        assert (await archive.recording(attempt)).stored is Stored.WAITING
        assert (await archive.sound(attempt)).endswith(SOUND), "it is played from where it waits"
        s3.broken = False
        await until(over)
    assert (await archive.recording(attempt)).stored is Stored.S3
    assert (await archive.sound(attempt)).endswith(SOUND)


async def test_a_keeper_that_is_killed_between_two_steps_loses_nothing(
        archive: Archive, waiting: Path, s3: FakeS3, database_url: str) -> None:
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.recordings.doomed_keeper", database_url,
        str(archive.spool.parent), s3.endpoint, stdin=PIPE, stdout=PIPE)
    assert doomed.stdin and doomed.stdout
    for step in STEPS:
        attempt = await archive.call(ended_at=now() - timedelta(minutes=1))
        capture = archive.spool / capture_name(attempt)
        doomed.stdin.write(f"{step}\n".encode())
        ended = await asyncio.wait_for(doomed.stdout.readline(), 60)
        assert int(ended) == -signal.SIGKILL, step
        row = await archive.recording(attempt)
        if step == "boxed":
            assert (row.state, capture.read_bytes()) == (RecordingState.CAPTURING, SOUND)
        else:
            assert (await archive.sound(attempt)).endswith(SOUND), step

        async def over(capture: Path = capture) -> bool:
            return not boxes(waiting) and not capture.exists()

        async with handing_over(archive, waiting):
            await until(over)
        assert (await archive.recording(attempt)).stored is Stored.S3
        assert (await archive.sound(attempt)).endswith(SOUND), step
    assert len(s3.objects) == len(STEPS)
    doomed.stdin.close()
    assert await doomed.wait() == 0


async def test_the_waveform_goes_along_and_a_changed_box_stays_and_is_told(
        archive: Archive, waiting: Path, s3: FakeS3) -> None:
    whole, changed = await archive.call(), await archive.call()
    while await archive.next():
        pass
    async with archive.database.session() as session:
        await link_seals(session)
    async with archive.database.session() as session:
        assert await prepare_next(session, archive.vault, [])
    [box] = [path for path in boxes(waiting) if path.name.startswith(str(changed))]
    box.chmod(0o600)
    box.write_bytes(box.read_bytes()[:-1] + b"\0")
    left: set[uuid.UUID] = set()
    for busy in (True, True, False):
        async with archive.database.session() as session:
            assert await hand_over_next(session, archive.vault, left) is busy
    assert left == {(await archive.recording(changed)).id}
    assert (await archive.recording(changed)).stored is Stored.WAITING
    assert await archive.alarms() == [AlarmKind.RECORDING_CHANGED]
    assert sorted(name.rpartition(".")[2] for name in s3.objects) == ["peaks", "sealed"]
    # whoever listens just then hears on: it goes when it is seen for the second time
    over = await sweep(archive.database, waiting, ())
    assert len(boxes(waiting)) == 3
    await sweep(archive.database, waiting, over)
    assert boxes(waiting) == [box]
    assert (await archive.sound(whole)).endswith(SOUND)


async def test_a_box_of_which_no_row_tells_yet_is_left_alone(
        archive: Archive, waiting: Path) -> None:
    """Put there a moment ago, and not committed; or somebody else's."""
    attempt = await archive.call(state=AttemptState.ENDED)
    async with archive.database.session() as session:
        row = await session.get_one(Recording, (await archive.recording(attempt)).id)
        assert row.state is RecordingState.CAPTURING
    (waiting / "2026").mkdir(parents=True)
    (waiting / "2026" / f"{attempt}.wav.sealed").write_bytes(b"box")
    (waiting / "notes.txt").write_bytes(b"mine")
    assert await sweep(archive.database, waiting, ["notes.txt"]) == set()
    assert len(boxes(waiting)) == 2
