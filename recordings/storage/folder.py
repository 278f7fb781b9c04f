"""A folder of boxes: read-only files, written beside, flushed, and renamed."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recordings.errors import Missing
from recordings.naming import inside
from recordings.storage.port import Seen


class FolderStore:
    """See ``Store``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, blocks: Iterable[bytes]) -> None:
        """OSError when the disk is full: then nothing is left of it."""
        await asyncio.to_thread(self._put, name, blocks)

    async def read(self, name: str, start: int, length: int) -> bytes:
        """By a thread: a network folder may be slow."""
        return await asyncio.to_thread(self._read, name, start, length)

    async def look(self, name: str) -> Seen | None:
        """The stamp is of the file's number, size and times."""
        try:
            seen = await asyncio.to_thread(self._path(name).stat)
        except FileNotFoundError:
            return None
        return Seen(seen.st_size, f"{seen.st_ino}-{seen.st_mtime_ns}-{seen.st_ctime_ns}")

    async def remove(self, name: str) -> None:
        """The folders stay."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        try:
            return inside(self._folder, name)
        except ValueError as error:
            raise Missing from error

    def _put(self, name: str, blocks: Iterable[bytes]) -> None:
        target = self._path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        with _alone(part) as out:
            try:
                for block in blocks:
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
                part.replace(target)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            os.fchmod(out.fileno(), 0o440)
        handle = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)               # the name is on the disk too
        finally:
            os.close(handle)

    def _read(self, name: str, start: int, length: int) -> bytes:
        try:
            with self._path(name).open("rb") as file:
                return os.pread(file.fileno(), length, start)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise Missing from error


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """An empty file that nobody else writes: others wait, and what a crash has left is ours."""
    while True:
        try:
            out = part.open("ab")
        except PermissionError:
            part.unlink()                  # left read-only by somebody who died
            continue
        with out:
            fcntl.flock(out, fcntl.LOCK_EX)
            try:
                ours = os.path.samestat(os.fstat(out.fileno()), part.stat())
            except FileNotFoundError:
                ours = False
            if ours:                       # else another has finished it while we waited
                out.truncate(0)
                yield out
                return
