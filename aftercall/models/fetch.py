"""Getting a model: from the network by the catalogue, or from a file that somebody brought."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from aftercall.models.catalogue import Download, Entry, catalogue
from aftercall.models.download import download, open_session, shown
from aftercall.models.store import Installed, ModelStore, Origin, check_model
from aftercall.models.unpack import check_space, copy_folder, unpack
from aftercall.provision.paths import Say
from followup.errors import InvalidInput
from followup.settings import Language

UNPACKED = 2                 # a model's size on disk, as a multiple of its archive's, at least

Progress = Callable[[str, int, int], None]      # file, bytes of all files so far, and in all


def fetch(store: ModelStore, entry: Entry, *, say: Say, progress: Progress,
          sha256: str | None = None, mirror: str | None = None,
          replace: bool = False) -> Installed:
    """Fetch a model of the catalogue and install it; one that is there and well is left alone."""
    wanted = entry.downloads(checked_hash(sha256), mirror)
    with store.locked(say):
        there = store.of(entry.language)
        if there is not None and there.name == entry.name and not check_model(there):
            say(f"{entry.name} is there already, and as it was installed")
            return there
        store.check_free(entry.language,
                         replace or (there is not None and there.name == entry.name))
        place = store.downloads(entry.name)
        there_already = sum(path.stat().st_size for path in place.iterdir())
        check_space(store.folder, max(0, entry.bytes - there_already)
                    + entry.bytes * (1 if entry.files else UNPACKED))

        asyncio.run(_transfer(wanted, place, lambda name, done: progress(name, done, entry.bytes)))
        say("unpacking")
        origin = Origin(entry.name, entry.language, shown(mirror or entry.url), compared=True,
                        licence=entry.licence, engine=entry.engine)

        def fill(folder: Path) -> None:
            if not entry.files:
                unpack(place / wanted[0].name, folder)
                return
            folder.mkdir()
            for want in wanted:
                shutil.copyfile(place / want.name, folder / want.name)

        installed = store.install(fill, origin)
        store.forget(entry.name)
        return installed


def add(store: ModelStore, source: Path, language: Language, *, name: str | None, say: Say,
        sha256: str | None = None, replace: bool = False) -> Installed:
    """Install a model from a folder or an archive of this machine, e.g. from a stick."""
    expected = checked_hash(sha256)
    if source.is_dir() and expected:
        raise InvalidInput("sha256: a folder has none; give it with an archive", field="sha256")
    known = next((entry for entry in catalogue()
                  if entry.sha256 and entry.url.rpartition("/")[2] == source.name), None)
    expected = expected or (known.sha256 if known and not source.is_dir() else None)
    with store.locked(say):
        store.check_free(language, replace)
        if source.is_file():
            _compare(source, expected, say)
        origin = Origin(name or _plain(source), language, source.name, compared=bool(expected),
                        licence=known.licence if known and expected == known.sha256 else "")
        return store.install(lambda folder: copy_folder(source, folder) if source.is_dir()
                             else unpack(source, folder), origin)


async def _transfer(wanted: list[Download], place: Path, tell: Callable[[str, int], None]) -> None:
    """Fetch all files of a model into ``place``, one after the other."""
    before = 0

    async with open_session() as session:
        for want in wanted:
            def show(done: int, name: str = want.name, start: int = before) -> None:
                tell(name, start + done)

            await download(session, want, place / want.name, show)
            before += (place / want.name).stat().st_size


def checked_hash(sha256: str | None) -> str | None:
    """A SHA-256 as somebody typed it, in small letters."""
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise InvalidInput(f"sha256 = {sha256[:80]!r}: expected 64 hexadecimal digits",
                           field="sha256", expected="64 hexadecimal digits")
    return sha256.lower() if sha256 else None


def _compare(archive: Path, expected: str | None, say: Say) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is None:
        say(f"SHA-256 {digest}; there was none to compare it with")
    elif digest != expected:
        raise InvalidInput(f"{archive.name}: its SHA-256 is {digest}, expected {expected}: not the "
                           "model, or damaged. Nothing was installed", field="sha256",
                           expected=expected)


def _plain(source: Path) -> str:
    """A name for what was brought: the file's, without what only tells how it is packed."""
    name = re.sub(r"\.(zip|tar|tgz|tar\.\w+)$", "", source.name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "model"
