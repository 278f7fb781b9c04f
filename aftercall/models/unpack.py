"""Unpacking what strangers have packed: no path out of the folder, no links, no bombs."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from followup.errors import InvalidInput, Unavailable

MOST_FILES = 2_000
MOST_BYTES = 12_000_000_000
MOST_TIMES = 30              # how much larger than the archive what is in it may be
LEAST_CAP = 10_000_000       # a small archive of text may well be packed tighter than that
CHUNK = 1 << 20


class _Target:
    """A folder that files are written into, up to a limit."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._left = limit
        self._files = 0

    def write(self, name: str, source: IO[bytes]) -> None:
        """Copy one file; its true length counts, whatever a header says."""
        path = self._folder / inner_path(name)
        self._files += 1
        if self._files > MOST_FILES:
            raise _unfit(f"more than {MOST_FILES} files")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                while chunk := source.read(CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise _unfit("much more in it than a model of its size has")
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise _unfit(f"{name[:80]!r} is in it twice") from error


def inner_path(name: str) -> Path:
    """A name in an archive as a path below the folder; InvalidInput when it leads elsewhere."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise _unfit(f"{name[:80]!r} leads out of the folder")
    return Path(*path.parts)


def unpack(archive: Path, folder: Path) -> None:
    """Lay a zip or tar archive into a new ``folder``; InvalidInput when anything is amiss in it."""
    limit = min(MOST_BYTES, max(LEAST_CAP, archive.stat().st_size * MOST_TIMES))
    folder.mkdir(parents=True)
    target = _Target(folder, limit)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, target, limit, folder)
        elif tarfile.is_tarfile(archive):
            _untar(archive, target)
        else:
            raise InvalidInput(f"{archive.name}: expected a zip or a tar.gz archive",
                               field="archive", expected="zip or tar.gz")
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError,
            RuntimeError) as error:
        raise InvalidInput(f"{archive.name}: damaged, or not an archive that can be read "
                           f"({type(error).__name__})", field="archive",
                           expected="zip or tar.gz") from error


def copy_folder(source: Path, folder: Path) -> None:
    """Copy a model's folder; links and devices are refused."""
    folder.mkdir(parents=True)
    target = _Target(folder, MOST_BYTES)
    for path in sorted(_files(source)):
        with path.open("rb") as file:
            target.write(path.relative_to(source).as_posix(), file)


def check_space(folder: Path, needed: int) -> None:
    """Unavailable when the disk has less than ``needed`` bytes left, and a little."""
    where = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(where).free
    spare = 100_000_000
    if free < needed + spare:
        raise Unavailable(f"{where}: {free / 1e6:,.0f} MB are free on the disk, expected "
                          f"{(needed + spare) / 1e6:,.0f} MB for this model and its unpacking")


def _unzip(archive: Path, target: _Target, limit: int, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        told = sum(item.file_size for item in packed.infolist())
        if told <= limit:
            check_space(folder, told)
        for item in packed.infolist():
            mode = item.external_attr >> 16
            if item.is_dir():
                inner_path(item.filename)
                continue
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise _unfit(f"{item.filename[:80]!r} is a link or a device")
            with packed.open(item) as source:
                target.write(item.filename, source)


def _untar(archive: Path, target: _Target) -> None:
    with tarfile.open(archive, "r|*") as packed:
        for item in packed:
            if item.isdir():
                if item.name != ".":
                    inner_path(item.name)
                continue
            source = packed.extractfile(item) if item.isreg() else None
            if source is None:
                raise _unfit(f"{item.name[:80]!r} is a link or a device")
            target.write(item.name, source)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _unfit(f"{path.name[:80]!r} is a link or a device")
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _unfit(what: str) -> InvalidInput:
    return InvalidInput(f"not taken: {what}", field="archive",
                        expected="files of one speech model, and nothing else")
