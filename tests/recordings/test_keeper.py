"""Recordings of calls that are over are sealed once each; what is lost is told."""

from __future__ import annotations

import hashlib
from array import array
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from followup.alarms.models import AlarmKind
from followup.calls.models import (
    AttemptState,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.database.base import now
from recordings import keeper
from recordings.keeper import SETTLE, NotSealed, seal_next
from recordings.naming import capture_name, missing_name
from recordings.vault import Vault
from tests.recordings.archive import Archive, until


async def test_the_recording_of_a_call_that_is_over_is_sealed(archive: Archive) -> None:
    attempt = await archive.call(frames=16_000)
    assert await archive.next()
    row = await archive.recording(attempt)
    assert row.state is RecordingState.SEALED
    assert row.file is not None and row.sha256 is not None and row.sealed_at is not None
    content = await archive.sound(attempt)
    assert (row.duration_ms, row.size, row.missing_ms) == (2000, len(content), 0)
    assert hashlib.sha256(content).hexdigest() == row.sha256
    assert content.endswith(array("h", [1000, -1000] * 16_000).tobytes())
    [file] = archive.sealed_files()
    assert array("h", [1000, -1000]).tobytes() not in file.read_bytes(), "it is encrypted"
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
    with pytest.raises(NotSealed):
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
    with pytest.raises(NotSealed) as caught:
        await archive.next()
    assert "outside" in str(caught.value.__cause__)
    assert archive.sealed_files() == []
    assert (tmp_path / "secret.raw").exists()


async def test_two_keepers_at_once_take_different_recordings(archive: Archive) -> None:
    first, second = await archive.call(), await archive.call()
    async with archive.database.session() as one, archive.database.session() as other:
        assert await seal_next(one, archive.spool, archive.vault)       # not committed yet
        assert await seal_next(other, archive.spool, archive.vault)
        assert not await archive.next(), "both are taken"
    for attempt in (first, second):
        assert (await archive.recording(attempt)).state is RecordingState.SEALED
    assert len(archive.sealed_files()) == 2


async def test_keepers_seal_each_of_many_once(archive: Archive,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = [await archive.call() for _ in range(8)]
    sealed: list[str] = []
    real = Vault.put

    async def counted(self: Vault, name: str, *arguments: Any) -> None:
        sealed.append(Path(name).name.partition(".")[0])
        await real(self, name, *arguments)

    monkeypatch.setattr(Vault, "put", counted)

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
            assert await archive.alarms() == [AlarmKind.RECORDINGS_WAIT]
            archive.folder.unlink()
            await until(sealed)

            async def over() -> bool:
                return not await archive.alarms()
            await until(over)


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
    assert row.file and await archive.sound(over)


async def test_sound_that_the_patient_refused_is_removed_and_not_told_as_lost(
        archive: Archive) -> None:
    attempt_id = await archive.call(ended_at=now() - SETTLE * 2)
    async with archive.database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.REFUSED))
    assert not await archive.next()
    await keeper._clear_captures(archive.database, archive.spool)
    assert list(archive.spool.iterdir()) == []
    assert (await archive.recording(attempt_id)).state is RecordingState.REFUSED


async def test_a_call_whose_end_found_no_room_is_marked_and_an_alarm_raised(
        archive: Archive) -> None:
    """The disk was full from the second second on; the call lasted a minute."""
    whole, cut = await archive.call(), await archive.call()
    async with archive.database.session() as session:
        row = await archive.recording(cut)
        session.add(RecordingMark(recording_id=row.id, at_ms=58_000, kind="answer"))
    assert await archive.next()
    assert await archive.next()
    assert (await archive.recording(whole)).missing_ms == 0
    row = await archive.recording(cut)
    assert (row.state, row.duration_ms, row.missing_ms) == (RecordingState.SEALED, 1000, 57_000)
    assert await archive.alarms() == [AlarmKind.RECORDINGS_LOST]


@pytest.mark.parametrize(("note", "missing_ms"), [
    (b"740", 740), (b"500\n", 500), (b"499", 0), (b"0", 0),
    (b"", 0), (b"-9000", 0), (b"9000 ms", 0), ("９０００".encode(), 0), (b"9" * 5000, 0)])
async def test_sound_that_the_recorder_could_not_have_is_told(archive: Archive, note: bytes,
                                                              missing_ms: int) -> None:
    attempt = await archive.call()
    (archive.spool / missing_name(capture_name(attempt))).write_bytes(note)
    assert await archive.next()
    row = await archive.recording(attempt)
    assert (row.state, row.missing_ms) == (RecordingState.SEALED, missing_ms)
    assert await archive.alarms() == ([AlarmKind.RECORDINGS_LOST] if missing_ms else [])


async def test_an_end_without_sound_counts_where_it_is_longer_than_what_is_noted(
        archive: Archive) -> None:
    attempt = await archive.call()
    async with archive.database.session() as session:
        row = await archive.recording(attempt)
        session.add(RecordingMark(recording_id=row.id, at_ms=58_000, kind="answer"))
    (archive.spool / missing_name(row.capture_file)).write_text("2000")
    assert await archive.next()
    assert (await archive.recording(attempt)).missing_ms == 57_000


async def test_a_note_goes_with_its_capture_and_none_stays_alone(archive: Archive) -> None:
    sealed, talking = await archive.call(), await archive.call(state=AttemptState.ANSWERED)
    about_to_write = await archive.call(state=AttemptState.ANSWERED, frames=None)
    lost = await archive.call(frames=None)
    notes = {attempt: archive.spool / missing_name(capture_name(attempt))
             for attempt in (sealed, talking, about_to_write, lost)}
    for note in notes.values():
        note.write_text("740")
    nobodys = archive.spool / missing_name("nobodys.raw")
    nobodys.write_text("740")
    assert await archive.next()
    assert await archive.next()
    await keeper._clear_captures(archive.database, archive.spool)
    assert sorted(archive.spool.iterdir()) == sorted(
        [archive.spool / capture_name(talking), notes[talking], notes[about_to_write]])


async def test_one_that_cannot_be_sealed_holds_up_no_other(archive: Archive) -> None:
    bad, good = await archive.call(), await archive.call()
    async with archive.database.session() as session:
        await session.execute(update(Recording).where(
            Recording.attempt_id == bad).values(capture_file="../elsewhere.raw"))

    async def sealed() -> bool:
        return (await archive.recording(good)).state is RecordingState.SEALED

    async with archive.keeper():
        await until(sealed)
    assert (await archive.recording(bad)).state is RecordingState.CAPTURING


async def test_a_crash_after_storing_has_the_same_done_again(archive: Archive) -> None:
    attempt = await archive.call()
    async with archive.database.session() as session:
        assert await seal_next(session, archive.spool, archive.vault)
        await session.rollback()                      # as if the process were killed here
    assert (await archive.recording(attempt)).state is RecordingState.CAPTURING
    assert await archive.next()
    assert await archive.sound(attempt)
    assert len(archive.sealed_files()) == 1
