"""Folder and S3 keep alike: whole or not at all, by ranges, and what is wrong is told."""

from __future__ import annotations

import hashlib
import resource
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from followup.calls.models import Stored
from recordings.box import CHUNK, HEAD, TAG, Keys
from recordings.errors import Away, Changed, Missing
from recordings.storage import FolderStore, S3Store, Store
from recordings.vault import Vault
from tests.fakes.s3 import FakeS3, fake_s3

NAME = "2026/11/24/x.wav.sealed"
SOUND = bytes(range(256)) * 2048                  # eight chunks


@contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """No file can grow beyond ``size`` bytes: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
async def s3() -> AsyncIterator[FakeS3]:
    async with fake_s3() as fake:
        yield fake


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: FakeS3) -> Store:
    return FolderStore(tmp_path / "kept") if request.param == "folder" else S3Store(s3.settings)


def vault_of(store: Store) -> Vault:
    return Vault({Stored.FOLDER: store}, Stored.FOLDER, Keys("a" * 43))


async def put(vault: Vault, content: bytes = SOUND, name: str = NAME) -> str:
    digest = hashlib.sha256(content).hexdigest()
    await vault.put(name, len(content), digest, [content[:1000], content[1000:]])
    return digest


async def test_a_store_keeps_reads_replaces_and_removes(store: Store) -> None:
    assert await store.look("a/b") is None
    with pytest.raises(Missing):
        await store.read("a/b", 0, 1)
    await store.put("a/b", [b"first ", b"words"])
    assert await store.read("a/b", 6, 5) == b"words"
    seen = await store.look("a/b")
    assert seen is not None and seen.size == 11
    await store.put("a/b", [b"other words"])
    again = await store.look("a/b")
    assert again is not None and again.stamp != seen.stamp
    assert await store.read("a/b", 0, 11) == b"other words"
    await store.remove("a/b")
    await store.remove("a/b")
    assert await store.look("a/b") is None


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "a\0b"])
async def test_a_name_that_leads_out_is_nowhere(store: Store, name: str) -> None:
    with pytest.raises(Missing):
        await store.read(name, 0, 10)
    with pytest.raises(Missing):
        await store.put(name, [b"x"])


async def test_a_range_is_read_out_of_its_chunks_alone(s3: FakeS3) -> None:
    vault = vault_of(S3Store(s3.settings))
    digest = await put(vault)
    sound = await vault.open_checked(NAME, Stored.FOLDER, digest)
    s3.seen.clear()
    assert await sound.read(CHUNK + 5, 10) == SOUND[CHUNK + 5:CHUNK + 15]
    first = HEAD + CHUNK + TAG
    assert s3.seen == [("GET", f"bytes={first}-{first + CHUNK + TAG - 1}")]
    got = b"".join([piece async for piece in sound.pieces(100, len(SOUND))])
    assert got == SOUND[100:]


async def test_a_large_box_goes_up_in_parts_and_is_whole(s3: FakeS3) -> None:
    vault = vault_of(S3Store(s3.settings))
    content = SOUND * 12                          # above 5 MB
    digest = await put(vault, content)
    assert [method for method, _ in s3.seen].count("PUT") > 1 and not s3.uploads
    assert await (await vault.open_checked(NAME, Stored.FOLDER, digest)).read() == content


async def test_a_flipped_byte_is_found_when_it_is_opened_for_playing(store: Store) -> None:
    vault = vault_of(store)
    digest = await put(vault)
    assert await (await vault.open_checked(NAME, Stored.FOLDER, digest)).read() == SOUND
    seen = await store.look(NAME)
    assert seen is not None
    sealed = bytearray(await store.read(NAME, 0, seen.size))
    sealed[-20] ^= 1                              # in the last chunk: nobody has asked for it yet
    await store.put(NAME, [bytes(sealed)])
    with pytest.raises(Changed):
        await vault.open_checked(NAME, Stored.FOLDER, digest)
    await store.put(NAME, [bytes(sealed[:-1])])
    with pytest.raises(Changed):
        await vault.open(NAME, Stored.FOLDER)
    await put(vault, b"another sound, well sealed")
    with pytest.raises(Changed):
        await vault.open_checked(NAME, Stored.FOLDER, digest)
    await store.remove(NAME)
    with pytest.raises(Missing):
        await vault.open(NAME, Stored.FOLDER)


async def test_an_s3_that_is_away_is_told_as_such(s3: FakeS3) -> None:
    vault = vault_of(S3Store(s3.settings))
    s3.broken = True
    with pytest.raises(Away):
        await put(vault)
    assert s3.objects == {}
    wrong = s3.settings.model_copy(update={"access_key_id": "nobody"})
    s3.broken = False
    with pytest.raises(Away):
        await put(vault_of(S3Store(wrong)))


@pytest.mark.parametrize("room", [10, 100_000])
async def test_a_full_disk_leaves_nothing_half_and_putting_succeeds_later(tmp_path: Path,
                                                                          room: int) -> None:
    vault = vault_of(FolderStore(tmp_path / "kept"))
    with disk_that_takes(room), pytest.raises(OSError, match="File too large"):
        await put(vault)
    folder = (tmp_path / "kept" / NAME).parent
    assert list(folder.iterdir()) == []
    part = folder / "x.wav.sealed.part"           # killed before its last step
    part.write_bytes(b"half")
    part.chmod(0o440)
    digest = await put(vault)
    assert [file.name for file in folder.iterdir()] == ["x.wav.sealed"]
    assert stat.S_IMODE((tmp_path / "kept" / NAME).stat().st_mode) == 0o440
    await vault.open_checked(NAME, Stored.FOLDER, digest)
