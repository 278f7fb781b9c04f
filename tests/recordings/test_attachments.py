"""Attachments lie encrypted; those from before are still read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from followup.cases.files import Checked, check_file
from recordings.attachments import Attachments
from recordings.errors import Changed, Missing
from recordings.vault import Sound
from tests.recordings.doomed_keeper import KEYS

FILE = check_file("letter.txt", "当时的情况说明".encode() * 9000)


@pytest.fixture
def attachments(tmp_path: Path) -> Attachments:
    return Attachments(tmp_path, KEYS)


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def read(attachments: Attachments, file: Checked = FILE) -> bytes:
    found = await attachments.open(file.sha256)
    return await found.read() if isinstance(found, Sound) else found.read_bytes()


async def test_what_is_kept_is_encrypted_and_stands_once(attachments: Attachments,
                                                        tmp_path: Path) -> None:
    await asyncio.gather(*(attachments.keep(FILE) for _ in range(8)))
    [file] = kept(tmp_path)
    assert "情况".encode() not in file.read_bytes()
    assert await read(attachments) == FILE.content


async def test_a_plain_file_of_old_is_read_and_encrypted_when_it_is_attached_again(
        attachments: Attachments, tmp_path: Path) -> None:
    plain = tmp_path / FILE.sha256[:2] / FILE.sha256
    plain.parent.mkdir()
    plain.write_bytes(FILE.content)
    plain.chmod(0o400)
    assert await read(attachments) == FILE.content
    await attachments.keep(FILE)
    assert not plain.exists()
    assert await read(attachments) == FILE.content


async def test_one_that_was_changed_or_is_gone_is_not_shown(attachments: Attachments,
                                                           tmp_path: Path) -> None:
    with pytest.raises(Missing):
        await attachments.open(FILE.sha256)
    with pytest.raises(Missing):
        await attachments.open("../../secrets.toml")
    await attachments.keep(FILE)
    [file] = kept(tmp_path)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(Changed):
        await attachments.open(FILE.sha256)
