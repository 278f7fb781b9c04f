"""The chain of seals, the rows and the files are held against each other."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from followup.alarms.models import AlarmKind
from followup.calls.models import CopyFormat, Recording, RecordingState
from followup.database.base import now
from followup.recordings.models import RecordingSeal
from recordings.chain import link_seals
from recordings.copies import Copier
from recordings.naming import copy_name, peaks_name
from recordings.preparing import prepare_next
from recordings.verifying import Verified, verify
from tests.recordings.archive import Archive


async def seal(archive: Archive, count: int = 1) -> list[uuid.UUID]:
    """So many calls, sealed and linked; their recordings' ids, in the order of the chain."""
    found = []
    for _ in range(count):
        attempt = await archive.call()
        assert await archive.next()
        async with archive.database.session() as session:
            assert await link_seals(session) == 1
        found.append((await archive.recording(attempt)).id)
    return found


async def file_of(archive: Archive, recording: uuid.UUID) -> Path:
    async with archive.database.session() as session:
        row = await session.get_one(Recording, recording)
    path = archive.folder / (row.file or "")
    path.chmod(0o600)
    return path


async def look(archive: Archive, **more: object) -> Verified:
    return await verify(archive.database, archive.vault, archive.folder, **more)  # type: ignore[arg-type]


async def rewrite(archive: Archive, statement: str) -> None:
    """As somebody would who has taken over the database."""
    async with archive.database.session() as session:
        await session.execute(text("alter table recording_seal disable trigger user"))
        await session.execute(text(statement))
        await session.execute(text("alter table recording_seal enable trigger user"))


async def test_what_is_sealed_verifies_and_the_chain_goes_on(archive: Archive) -> None:
    await seal(archive, 3)
    found = await look(archive)
    assert found.ok
    assert (found.links, found.sound, found.head_number) == (3, 3, 3)
    async with archive.database.session() as session:
        assert await link_seals(session) == 0, "each is linked once"
    later = await look(archive, since=now() + timedelta(days=1))
    assert (later.ok, later.links, later.head) == (True, 0, found.head)


async def test_a_flipped_byte_and_a_file_that_is_gone_are_told_apart(archive: Archive) -> None:
    first, second, third = await seal(archive, 3)
    path = await file_of(archive, first)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (await file_of(archive, second)).unlink()
    found = await look(archive)
    assert (found.ok, found.broken_at) == (False, None)
    assert (found.changed, found.missing, found.sound) == ([first], [second], 1)
    assert await archive.alarms() == [AlarmKind.RECORDING_CHANGED] * 2
    path.write_bytes(whole)
    assert (await look(archive)).changed == []
    assert await archive.alarms() == [AlarmKind.RECORDING_CHANGED], "one is well again"
    assert third not in found.changed + found.missing


async def test_the_database_lets_nobody_change_a_seal(archive: Archive) -> None:
    await seal(archive)
    for statement in ("update recording_seal set size = 1", "delete from recording_seal"):
        with pytest.raises(DBAPIError, match="only ever added"):
            async with archive.database.session() as session:
                await session.execute(text(statement))


@pytest.mark.parametrize(("statement", "broken"), [
    ("update recording_seal set duration_ms = 1 where number = 2", 2),
    ("update recording_seal set seal = repeat('0', 64) where number = 2", 2),
    ("delete from recording_seal where number = 2", 3),
    ("update recording_seal set sealed_at = sealed_at - interval '1 day' where number = 3", 3)])
async def test_a_chain_that_was_tampered_with_is_told_at_its_first_broken_link(
        archive: Archive, statement: str, broken: int) -> None:
    await seal(archive, 4)
    await rewrite(archive, statement)
    found = await look(archive)
    assert (found.ok, found.broken_at) == (False, broken)


async def test_a_row_that_no_longer_says_what_was_sealed_is_changed(archive: Archive) -> None:
    [recording] = await seal(archive)
    async with archive.database.session() as session:
        await session.execute(update(Recording).values(sha256="0" * 64))
    assert (await look(archive)).changed == [recording]


async def test_what_was_sealed_before_there_was_a_chain_is_linked_by_age(archive: Archive) -> None:
    attempts = [await archive.call() for _ in range(2)]
    for _ in attempts:
        assert await archive.next()
    async with archive.database.session() as session:
        assert await link_seals(session) == 2
        seals = (await session.scalars(
            select(RecordingSeal).order_by(RecordingSeal.number))).all()
    assert [row.sealed_at for row in seals] == sorted(row.sealed_at for row in seals)


async def test_a_sealed_recording_gets_its_waveform_and_its_copy(archive: Archive,
                                                                 tmp_path: Path) -> None:
    [recording] = await seal(archive)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nprintf OggS; head -c 4\n")      # a copy that begins with RIFF
    program.chmod(0o755)
    async with archive.database.session() as session:
        assert await prepare_next(session, archive.vault, [Copier(CopyFormat.OPUS, str(program))])
    async with archive.database.session() as session:
        assert not await prepare_next(session, archive.vault, [])
        row = await session.get_one(Recording, recording)
    assert row.copies == ["opus"] and row.file and row.stored
    copy = await archive.vault.open(copy_name(row.file, "opus"), row.stored)
    assert await copy.read() == b"OggSRIFF"
    assert await (await archive.vault.open(peaks_name(row.file), row.stored)).read()


async def test_without_a_copy_the_original_is_played(archive: Archive, tmp_path: Path) -> None:
    [recording] = await seal(archive)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    async with archive.database.session() as session:
        assert await prepare_next(session, archive.vault, [Copier(CopyFormat.M4A, str(program))])
        row = await session.get_one(Recording, recording)
    assert (row.copies, row.state) == ([], RecordingState.SEALED)
    assert row.prepared_at is not None
