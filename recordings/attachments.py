"""Attachments of complaints and praise: boxes as for recordings, by hash, in their own folder."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from followup.calls.models import Stored
from followup.cases.files import Checked
from recordings.box import Keys
from recordings.errors import Missing
from recordings.storage import FolderStore
from recordings.vault import Sound, Vault

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Attachments:
    """Each file stands once. Plain ones from before encryption are still read."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder = folder
        self._vault = Vault({Stored.FOLDER: FolderStore(folder)}, Stored.FOLDER, keys)

    async def keep(self, file: Checked) -> None:
        """Encrypt and store it; it appears whole or not at all. OSError when the disk is full."""
        name = _name(file.sha256)
        if not await asyncio.to_thread((self._folder / name).exists):
            await self._vault.put(name, len(file.content), file.sha256, (file.content,))
        await asyncio.to_thread(self._plain(file.sha256).unlink, missing_ok=True)

    async def open(self, sha256: str) -> Sound | Path:
        """A file of which every byte is what was stored, or a plain one. Missing, Changed."""
        try:
            return await self._vault.open_checked(_name(sha256), Stored.FOLDER, sha256)
        except Missing:
            path = self._plain(sha256)
            if not await asyncio.to_thread(path.is_file):
                raise
            return path

    def _plain(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _name(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise Missing
    return f"{sha256[:2]}/{sha256}.sealed"
