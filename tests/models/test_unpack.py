"""Archives from strangers: nothing leaves the folder, nothing grows without end."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from aftercall.models import unpack as unpacking
from aftercall.models.unpack import copy_folder, unpack
from followup.errors import InvalidInput
from tests.models.shelf import tarred, vosk_files, write, zipped

OUT = ["../evil", "/tmp/evil", "a/../../evil", "a\\..\\..\\evil"]


def refuse(tmp_path: Path, packed: bytes, told: str) -> None:
    """The archive is refused, and nothing of it is outside the folder."""
    place = tmp_path / "inside"
    place.mkdir()
    (place / "archive").write_bytes(packed)
    before = sorted(path for path in tmp_path.iterdir())
    with pytest.raises(InvalidInput, match=told):
        unpack(place / "archive", place / "new" / "folder")
    assert sorted(path for path in tmp_path.iterdir()) == before
    assert sorted(path.name for path in place.iterdir()) == ["archive", "new"]
    assert [path.name for path in (place / "new").iterdir()] == ["folder"]


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, name: str, pack: object) -> None:
    assert callable(pack)
    refuse(tmp_path, pack({name: b"x"}, ""), "leads out of the folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE,
                                  tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        item = tarfile.TarInfo("am/final.mdl")
        item.type, item.linkname = kind, "/etc/passwd"
        archive.addfile(item)
    refuse(tmp_path, packed.getvalue(), "a link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        item = zipfile.ZipInfo("am")
        item.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(item, "/etc")
        archive.writestr("am/passwd", "x")
    refuse(tmp_path, packed.getvalue(), "a link or a device")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_swells_is_refused(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    refuse(tmp_path, pack({"am/final.mdl": bytes(unpacking.LEAST_CAP + 1)}, ""), "much more in it")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    refuse(tmp_path, zipped({str(number): b"" for number in range(4)}, ""), "more than 3 files")


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, tarred({"am": b"1", "./am": b"2"}), "twice")


@pytest.mark.parametrize("packed", [b"", b"PK\3\4 something", zipped(vosk_files())[:-400],
                                    tarred(vosk_files())[:-400]])
def test_what_is_damaged_or_no_archive_is_refused(tmp_path: Path, packed: bytes) -> None:
    refuse(tmp_path, packed, "damaged|expected a zip")


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "stick", vosk_files())
    (source / "am" / "more").symlink_to("/etc")
    with pytest.raises(InvalidInput, match="a link or a device"):
        copy_folder(source, tmp_path / "new")
