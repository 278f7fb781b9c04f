"""Recordings of calls that are over are sealed once each; what is lost is told."""

from __future__ import annotations

import asyncio
import uuid
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from followup.calls.models import AttemptState, Disposition, Recording, RecordingState
from followup.campaigns.models import Campaign, CampaignState, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from recordings import keeper
from recordings.keeper import SETTLE, keep_sealing, seal_next
from recordings.naming import capture_name
from recordings.sealing import verify
from tests.webconsole.hospital import add_attempt, add_patient, add_task


class Archive:
    """A spool, a folder of sealed files, and the database that knows of them."""

    def __init__(self, database: Database, base: Path) -> None:
        self.database = database
        self.spool, self.folder = base / "spool", base / "recordings"
        self.spool.mkdir()
        self._numbers = iter(range(1, 100))

    async def call(self, *, frames: int | None = 8000, state: AttemptState = AttemptState.ENDED,
                   ended_at: datetime | None = None) -> uuid.UUID:
        """An answered call with its recording; ``frames`` of sound, None for no file at all."""
        async with self.database.session() as session:
            questionnaire = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
            await session.flush()
            number = next(self._numbers)
            campaign = Campaign(id=uuid.uuid4(), name=f"campaign {number}",
                                state=CampaignState.RUNNING, questionnaire_id=questionnaire.id)
            session.add(campaign)
            patient, stay = await add_patient(session, "王秀英", number=number)
            task = await add_task(session, campaign.id, patient, stay, TaskState.CALLING)
            attempt = await add_attempt(session, task, patient, state, Disposition.COMPLETED,
                                        started=now() - timedelta(minutes=5), talked_s=60)
            if ended_at:
                attempt.ended_at = ended_at
            name = capture_name(attempt.id)
            session.add(Recording(attempt_id=attempt.id, capture_file=name))
        if frames is not None:
            (self.spool / name).write_bytes(array("h", [1000, -1000] * frames).tobytes())
        return attempt.id

    async def recording(self, attempt_id: uuid.UUID) -> Recording:
        async with self.database.session() as session:
            return (await session.scalars(
                select(Recording).where(Recording.attempt_id == attempt_id))).one()

    async def next(self) -> bool:
        async with self.database.session() as session:
            return await seal_next(session, self.spool, self.folder)

    def sealed_files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    @asynccontextmanager
    async def keeper(self) -> AsyncIterator[None]:
        """The keeper at its work."""
        task = asyncio.create_task(keep_sealing(self.database, self.spool, self.folder,
                                                every_s=0.02, retry_s=0.02))
        try:
            yield
            assert not task.done(), "the keeper gave up"
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Archive:
    return Archive(database, tmp_path)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110  what it waits for is in a database
            await asyncio.sleep(0.02)


async def test_the_recording_of_a_call_that_is_over_is_sealed(archive: Archive) -> None:
    attempt = await archive.call(frames=16_000)
    assert await archive.next()
    row = await archive.recording(attempt)
    assert row.state is RecordingState.SEALED
    assert row.file is not None and row.sha256 is not None and row.sealed_at is not None
    path = archive.folder / row.file
    assert (row.duration_ms, row.size) == (2000, path.stat().st_size)
    assert verify(path, row.sha256)
    assert not await archive.next()


async def test_a_call_that_lives_or_has_just_ended_is_left_alone(archive: Archive) -> None:
    await archive.call(state=AttemptState.ANSWERED)
    just = await archive.call(frames=None, ended_at=now() + timedelta(minutes=1) - SETTLE)
    assert not await archive.next()
    assert (await archive.recording(just)).state is RecordingState.CAPTURING, \
        "MixMonitor may still be writing: not lost yet"


@pytest.mark.parametrize("frames", [None, 0])
async def test_a_call_without_sound_is_lost_and_an_error_tells(archive: Archive,
                                                               frames: int | None) -> None:
    lost = await archive.call(frames=frames)
    with capture_logs() as logs:
        assert await archive.next()
    assert (await archive.recording(lost)).state is RecordingState.LOST
    [error] = [entry for entry in logs if entry["log_level"] == "error"]
    assert error["attempt_id"] == str(lost) and "lost" in error["event"]
    assert archive.sealed_files() == []
    assert not await archive.next(), "it is told once"


async def test_a_spool_that_is_away_loses_nothing(archive: Archive) -> None:
    attempt = await archive.call()
    away = archive.spool.rename(archive.spool.with_name("unmounted"))
    with pytest.raises(Exception, match=str(attempt)):
        await archive.next()
    assert (await archive.recording(attempt)).state is RecordingState.CAPTURING
    away.rename(archive.spool)
    assert await archive.next()
    assert (await archive.recording(attempt)).state is RecordingState.SEALED


async def test_a_capture_named_outside_the_spool_is_never_read(archive: Archive,
                                                              tmp_path: Path) -> None:
    attempt = await archive.call(frames=None)
    (tmp_path / "secret.raw").write_bytes(b"\1\2\3\4" * 8000)
    async with archive.database.session() as session:
        await session.execute(update(Recording).where(
            Recording.attempt_id == attempt).values(capture_file="../secret.raw"))
    with pytest.raises(ValueError, match="outside"):
        await archive.next()
    assert archive.sealed_files() == []
    assert (tmp_path / "secret.raw").exists()


async def test_two_keepers_at_once_take_different_recordings(archive: Archive) -> None:
    first, second = await archive.call(), await archive.call()
    async with archive.database.session() as one, archive.database.session() as other:
        assert await seal_next(one, archive.spool, archive.folder)       # not committed yet
        assert await seal_next(other, archive.spool, archive.folder)
        assert not await archive.next(), "both are taken"
    for attempt in (first, second):
        assert (await archive.recording(attempt)).state is RecordingState.SEALED
    assert len(archive.sealed_files()) == 2


async def test_keepers_seal_each_of_many_once(archive: Archive,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = [await archive.call() for _ in range(8)]
    sealed: list[str] = []
    real = keeper.seal

    def counted(capture: Path, target: Path) -> object:
        sealed.append(capture.stem)
        return real(capture, target)

    monkeypatch.setattr(keeper, "seal", counted)

    async def done() -> bool:
        return not list(archive.spool.glob("*.raw"))

    async with archive.keeper(), archive.keeper(), archive.keeper():
        await until(done)
    assert sorted(sealed) == sorted(map(str, attempts))


async def test_a_disk_that_is_full_is_tried_again(archive: Archive) -> None:
    attempt = await archive.call()
    archive.folder.write_bytes(b"")          # no folder can be made here: an OSError each time

    async def told() -> bool:
        return any("will try again" in entry["event"] for entry in logs)

    async def sealed() -> bool:
        return (await archive.recording(attempt)).state is RecordingState.SEALED

    with capture_logs() as logs:
        async with archive.keeper():
            await until(told)
            row = await archive.recording(attempt)
            assert (row.state, row.file) == (RecordingState.CAPTURING, None)
            assert (archive.spool / capture_name(attempt)).exists(), "the only copy"
            archive.folder.unlink()
            await until(sealed)


async def test_captures_go_only_when_they_are_sealed(archive: Archive) -> None:
    over = await archive.call()
    talking = await archive.call(state=AttemptState.ANSWERED)
    stranger = archive.spool / "somebody-elses.raw"
    stranger.write_bytes(b"1234")

    async def gone() -> bool:
        return not (archive.spool / capture_name(over)).exists()

    async with archive.keeper():
        await until(gone)
    assert (archive.spool / capture_name(talking)).exists()
    assert stranger.exists()
    row = await archive.recording(over)
    assert row.file and row.sha256 and verify(archive.folder / row.file, row.sha256)


async def test_sound_that_the_patient_refused_is_removed_and_not_told_as_lost(
        archive: Archive) -> None:
    attempt_id = await archive.call(ended_at=now() - SETTLE * 2)
    async with archive.database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.REFUSED))
    assert not await archive.next()
    await keeper._clear_captures(archive.database, archive.spool)
    assert list(archive.spool.iterdir()) == []
    assert (await archive.recording(attempt_id)).state is RecordingState.REFUSED
