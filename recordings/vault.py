"""Keeps sound in boxes and opens them again, wherever they lie."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from followup.calls.models import Stored
from followup.errors import AftercallError
from followup.secrets import Secrets
from followup.settings import Settings
from recordings.box import HEAD, Box, Keys, lock, unlock
from recordings.errors import Away, Changed, Missing
from recordings.storage import FolderStore, S3Store, Store

# read at a time: a few chunks
PIECE = 256 * 1024
_REMEMBERED = 4096
WAITING = "waiting"                  # the folder of what S3 has not taken yet
# what came of looking at every byte of a box: None, or what is wrong with it
Verdict = asyncio.Task[AftercallError | OSError | None]


@dataclass(frozen=True, slots=True)
class Sound:
    """An opened box. Whatever is read from it is authentic, or Changed is raised."""

    name: str
    box: Box
    store: Store
    stamp: str
    verdict: Verdict | None = None       # once it is that the box was changed, no more is read

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
            if self.verdict is not None and self.verdict.done() and (
                    wrong := self.verdict.result()):
                raise wrong
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
    """Puts new boxes where the settings say, and reads from every place that they name.

    ``first`` is where a box is put at once: what S3 is to keep waits in a folder until it has it.
    """

    def __init__(self, stores: Mapping[Stored, Store], into: Stored, keys: Keys) -> None:
        self._stores = stores
        self.into = into
        self.first = Stored.WAITING if into is Stored.S3 and Stored.WAITING in stores else into
        self._keys = keys
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets) -> Vault:
        """The vault of the settings."""
        stores: dict[Stored, Store] = {
            Stored.FOLDER: FolderStore(settings.recordings_dir),
            Stored.WAITING: FolderStore(settings.recordings_dir / WAITING)}
        if settings.recordings.s3 is not None:
            stores[Stored.S3] = S3Store(settings.recordings.s3)
        return cls(stores, Stored(settings.recordings.storage), keys_of(secrets))

    async def put(self, name: str, size: int, sha256: str, blocks: Iterable[bytes],
                  into: Stored | None = None) -> None:
        """Encrypt and keep; whole or not at all. Away, OSError."""
        await self._store(into or self.into).put(
            name, lock(self._keys, name, size, sha256, blocks))

    async def open(self, name: str, stored: Stored, sha256: str | None = None) -> Sound:
        """Missing, Changed when head or size are not ours or the content has another hash,
        OtherKey, Away. What is read of it is authentic, piece by piece."""
        store = self._store(stored)
        seen = await store.look(name)
        if seen is None:
            raise Missing
        box = unlock(self._keys, name, await store.read(name, 0, min(HEAD, seen.size)))
        if box.whole_size != seen.size:
            raise Changed("the recording is longer or shorter than what was sealed")
        if sha256 is not None and box.sha256 != sha256:
            raise Changed
        return Sound(name, box, store, seen.stamp)

    async def open_checked(self, name: str, stored: Stored, sha256: str) -> Sound:
        """The same with every byte looked at, once for each state of the file."""
        sound = await self.open(name, stored, sha256)
        wrong = await asyncio.shield(self.verdict(sound) or self.look(sound))
        if wrong is not None:
            raise wrong
        return sound

    def verdict(self, sound: Sound) -> Verdict | None:
        """What somebody finds, or has found, of this state of the file; None: nobody looks yet."""
        return self._verdicts.get((sound.name, sound.stamp))

    def look(self, sound: Sound,
             tell: Callable[[Changed | Missing | None], Awaitable[None]] | None = None) -> Verdict:
        """Look at every byte from now on; ``tell`` is told, once, what came of it."""
        known = sound.name, sound.stamp
        if len(self._verdicts) >= _REMEMBERED:
            oldest = next((each for each, verdict in self._verdicts.items() if verdict.done()),
                          known)
            self._verdicts.pop(oldest, None)
        verdict = self._verdicts[known] = asyncio.create_task(self._look(sound, known, tell))
        return verdict

    async def _look(self, sound: Sound, known: tuple[str, str],
                    tell: Callable[[Changed | Missing | None], Awaitable[None]] | None,
                    ) -> AftercallError | OSError | None:
        wrong: Changed | Missing | None = None
        decided = False
        try:
            try:
                await sound.check()
            except (Changed, Missing) as error:
                wrong = error
            if tell is not None:
                await tell(wrong)
            decided = True
        except (AftercallError, OSError) as away:
            return away
        finally:
            if not decided:                  # whoever asks next looks again
                self._verdicts.pop(known, None)
        return wrong

    async def carry(self, name: str, stored: Stored, into: Stored,
                    sha256: str | None = None) -> None:
        """Copy a box as it is, every byte looked at, into another place. Missing, Changed, Away."""
        sound = await self.open(name, stored, sha256)
        await sound.check()
        sealed = await sound.store.read(name, 0, sound.box.whole_size)
        await self._store(into).put(name, (sealed,))

    async def remove(self, name: str, stored: Stored) -> None:
        """Nothing when it is not there."""
        await self._store(stored).remove(name)

    async def close(self) -> None:
        """Look at nothing any more."""
        for each in self._verdicts.values():
            each.cancel()
        await asyncio.gather(*self._verdicts.values(), return_exceptions=True)

    def _store(self, stored: Stored) -> Store:
        if stored not in self._stores:
            raise Away(f"recordings are kept in {stored.value}, which the settings do not name")
        return self._stores[stored]


def keys_of(secrets: Secrets) -> Keys:
    """The keys of this installation: the present one seals, the former ones still open."""
    return Keys(secrets.recordings.get_secret_value(),
                [each.get_secret_value() for each in secrets.recordings_former])
