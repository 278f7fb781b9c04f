"""Plain files from before encryption, and boxes in another storage, are moved without loss."""

from __future__ import annotations

import uuid

from sqlalchemy import update

from followup.calls.models import Recording, Stored
from recordings.box import Keys
from recordings.plain import move_all
from recordings.storage import FolderStore, S3Store
from recordings.vault import Vault
from tests.fakes.s3 import fake_s3
from tests.recordings.archive import Archive


async def plain(archive: Archive) -> tuple[uuid.UUID, bytes]:
    """A recording as it was kept before: its attempt, and the WAV."""
    attempt = await archive.call()
    assert await archive.next()
    content = await archive.sound(attempt)
    row = await archive.recording(attempt)
    name = (row.file or "").removesuffix(".sealed")
    (archive.folder / name).write_bytes(content)
    (archive.folder / f"{name}.sealed").unlink()
    (archive.folder / f"{name}.{'0' * 16}.peaks.json").write_text("{}")
    async with archive.database.session() as session:
        await session.execute(update(Recording).where(Recording.id == row.id).values(
            file=name, stored=None))
    return attempt, content


async def test_plain_files_are_encrypted_and_a_stopped_run_is_made_good(archive: Archive) -> None:
    attempt, content = await plain(archive)
    damaged, _ = await plain(archive)
    bad = archive.folder / ((await archive.recording(damaged)).file or "")
    bad.write_bytes(b"RIFF")
    left = archive.folder / ((await archive.recording(attempt)).file or "")
    assert await move_all(archive.database, archive.vault, archive.folder) == (1, 1)
    assert await archive.sound(attempt) == content
    assert bad.exists(), "what is not what was sealed is left for people to look at"
    assert not left.exists() and not list(left.parent.glob(f"{left.name}.*.json"))
    left.write_bytes(content)                     # as if it had been stopped before removing
    await move_all(archive.database, archive.vault, archive.folder)
    assert not left.exists()
    assert await archive.sound(attempt) == content


async def test_boxes_are_moved_to_s3_and_read_from_wherever_they_are(archive: Archive) -> None:
    first, second = await archive.call(), await archive.call()
    assert await archive.next()
    async with fake_s3() as s3:
        both = {Stored.FOLDER: FolderStore(archive.folder), Stored.S3: S3Store(s3.settings)}
        content = await archive.sound(first)
        archive.vault = Vault(both, Stored.S3, Keys("k" * 43))
        assert await archive.next()
        assert len(s3.objects) == 1, "the second is put where the settings say now"
        assert await archive.sound(first) == content
        assert await move_all(archive.database, archive.vault, archive.folder) == (1, 0)
        assert archive.sealed_files() == [] and len(s3.objects) == 2
        assert await archive.sound(first) == content
        assert (await archive.recording(second)).stored is Stored.S3
