"""Keeps sound in boxes and opens them again, wherever they lie."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from followup.calls.models import Stored
from followup.secrets import Secrets
from followup.settings import Settings
from recordings.box import HEAD, Box, Keys, lock, unlock
from recordings.errors import Away, Changed, Missing
from recordings.storage import FolderStore, S3Store, Store

# read at a time: a few chunks
PIECE = 256 * 1024
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Sound:
    """An opened box. Whatever is read from it is authentic, or Changed is raised."""

    name: str
    box: Box
    store: Store
    stamp: str

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.box.size

    async def read(self, start: int = 0, length: int | None = None) -> bytes:
        """A part of the content, in memory."""
        wanted = max(0, min(self.size - start, self.size if length is None else length))
        _, offset, count = self.box.place(start, wanted)
        sealed = await self.store.read(self.name, offset, count)
        return self.box.part(start, wanted, sealed)

    async def pieces(self, start: int, length: int) -> AsyncIterator[bytes]:
        """The same piece by piece, along the box's chunks."""
        place, end = start, min(self.size, start + length)
        while place < end:
            until = min(end, (place // PIECE + 1) * PIECE)
            yield await self.read(place, until - place)
            place = until

    async def check(self) -> None:
        """Read all of it against tags and hash; Changed when a single bit is another."""
        digest = hashlib.sha256()
        for start in range(0, self.size, 16 * PIECE):
            _, offset, count = self.box.place(start, 16 * PIECE)
            sealed = await self.store.read(self.name, offset, count)
            await asyncio.to_thread(
                lambda at, read: digest.update(self.box.part(at, 16 * PIECE, read)), start, sealed)
        if digest.hexdigest() != self.box.sha256:
            raise Changed


class Vault:
    """Puts new boxes where the settings say, and reads from every place that they name."""

    def __init__(self, stores: Mapping[Stored, Store], into: Stored, keys: Keys) -> None:
        self._stores = stores
        self.into = into
        self._keys = keys
        self._checked: dict[tuple[str, str], None] = {}

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets) -> Vault:
        """The vault of the settings."""
        stores: dict[Stored, Store] = {Stored.FOLDER: FolderStore(settings.recordings_dir)}
        if settings.recordings.s3 is not None:
            stores[Stored.S3] = S3Store(settings.recordings.s3)
        keys = Keys(secrets.recordings.get_secret_value(),
                    [each.get_secret_value() for each in secrets.recordings_former])
        return cls(stores, Stored(settings.recordings.storage), keys)

    async def put(self, name: str, size: int, sha256: str, blocks: Iterable[bytes],
                  into: Stored | None = None) -> None:
        """Encrypt and keep; whole or not at all. Away, OSError."""
        await self._store(into or self.into).put(
            name, lock(self._keys, name, size, sha256, blocks))

    async def open(self, name: str, stored: Stored) -> Sound:
        """Missing, Changed when head or size are not ours, OtherKey, Away."""
        store = self._store(stored)
        seen = await store.look(name)
        if seen is None:
            raise Missing
        box = unlock(self._keys, name, await store.read(name, 0, min(HEAD, seen.size)))
        if box.whole_size != seen.size:
            raise Changed("the recording is longer or shorter than what was sealed")
        return Sound(name, box, store, seen.stamp)

    async def open_checked(self, name: str, stored: Stored, sha256: str) -> Sound:
        """The same with every byte looked at, once for each state of the file, and the content
        being the one of this hash."""
        sound = await self.open(name, stored)
        if sound.box.sha256 != sha256:
            raise Changed
        known = (name, sound.stamp)
        if known not in self._checked:
            await sound.check()
            if len(self._checked) >= _REMEMBERED:
                del self._checked[next(iter(self._checked))]
            self._checked[known] = None
        return sound

    async def remove(self, name: str, stored: Stored) -> None:
        """Nothing when it is not there."""
        await self._store(stored).remove(name)

    def _store(self, stored: Stored) -> Store:
        if stored not in self._stores:
            raise Away(f"recordings are kept in {stored.value}, which the settings do not name")
        return self._stores[stored]
