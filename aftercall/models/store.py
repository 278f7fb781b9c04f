"""The models folder: one model a language, put in place whole or not at all.

Below ``models_dir`` are ``<language>/`` (a model in use), ``.downloads/<model>/`` (what is being
fetched, kept for the next try) and ``.staging/`` (what is being unpacked or thrown away; emptied
whenever the lock is taken).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from aftercall.models.manifest import (
    FILE,
    Manifest,
    contents,
    faults,
    read_manifest,
    write_manifest,
)
from aftercall.provision.paths import Say, exclusive
from followup.errors import AftercallError, Conflict, InvalidInput, NotFound, Unavailable
from followup.settings import Language
from ivr.recognition.models import Engine, read_model

LANGUAGES: tuple[Language, ...] = get_args(Language)
DEEP = 2                     # how far down in an archive a model may begin


@dataclass(frozen=True)
class Origin:
    """What is told of a model when it is installed."""

    name: str
    language: Language
    source: str
    compared: bool
    licence: str = ""
    engine: Engine | None = None     # None: whichever it is for


@dataclass(frozen=True)
class Installed:
    """A model in the folder. Without a manifest, somebody put it there by hand."""

    language: Language
    folder: Path
    manifest: Manifest | None

    @property
    def name(self) -> str:
        """Its name; the language's when it has none."""
        return self.manifest.name if self.manifest else self.language


class ModelStore:
    """The models below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """One process at a time changes what is here; another one waits, saying so."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self.folder / ".speech models", say):
            self._sweep()
            try:
                yield
            except OSError as error:
                raise Unavailable(f"{self.folder}: {error.strerror or type(error).__name__}; "
                                  "nothing was installed") from error
            finally:
                self._sweep()

    def installed(self) -> list[Installed]:
        """What is here, in the order of the languages."""
        return [Installed(language, folder, read_manifest(folder)) for language in LANGUAGES
                if (folder := self.folder / language).is_dir()]

    def find(self, name: str) -> Installed:
        """The installed model of that name (or language)."""
        here = self.installed()
        for one in here:
            if name in (one.name, one.language):
                return one
        raise NotFound(f"name = {name!r}: not installed; expected "
                       f"{' or '.join(one.name for one in here) or 'a model, and there is none'}",
                       field="name")

    def of(self, language: str) -> Installed | None:
        """The model that is installed for a language."""
        return next((one for one in self.installed() if one.language == language), None)

    def check_free(self, language: str, replace: bool) -> None:
        """Conflict when the language has a model already that is not to be replaced."""
        there = self.of(language)
        if there is not None and not replace:
            raise Conflict(f"{language} has a model already, {there.name}; --replace puts another "
                           "one in its place")

    def downloads(self, name: str) -> Path:
        """Where what is fetched of a model is kept until it is complete."""
        folder = self.folder / ".downloads" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget(self, name: str) -> bool:
        """Throw away what has been fetched of a model; whether there was anything."""
        kept = self.folder / ".downloads"
        found = [folder for folder in kept.iterdir() if folder.name == name] \
            if kept.is_dir() else []
        for folder in found:
            shutil.rmtree(folder)
        return bool(found)

    def install(self, fill: Callable[[Path], None], origin: Origin) -> Installed:
        """Let ``fill`` make a folder with the model, look at it, and put it in place.

        Whatever fails, the language has the model that it had before.
        """
        staging = self.folder / ".staging"
        staging.mkdir(parents=True, exist_ok=True)
        fill(staging / "new")
        root, engine = _model_in(staging / "new", origin)
        manifest = Manifest(name=origin.name, language=origin.language, engine=engine,
                            licence=origin.licence, source=origin.source,
                            compared=origin.compared, installed_at=datetime.now(UTC),
                            files=contents(root))
        (root / FILE).unlink(missing_ok=True)
        write_manifest(root, manifest)
        place = self.folder / origin.language
        if place.exists():
            place.rename(staging / "old")
        root.rename(place)
        _sync(self.folder)
        return Installed(origin.language, place, manifest)

    def remove(self, model: Installed) -> None:
        """Take a model away, at once as others see it."""
        staging = self.folder / ".staging"
        staging.mkdir(parents=True, exist_ok=True)
        model.folder.rename(staging / "old")
        _sync(self.folder)

    def _sweep(self) -> None:
        """Throw away what was replaced, and what a crash has left half unpacked."""
        shutil.rmtree(self.folder / ".staging", ignore_errors=True)


def check_model(model: Installed) -> list[str]:
    """What is wrong with an installed model: a line each, none when all is well."""
    if model.manifest is None:
        return []
    return faults(model.folder, model.manifest)


def _model_in(folder: Path, origin: Origin) -> tuple[Path, Engine]:
    """The one folder in what was unpacked that holds a model, and whose it is."""
    level, found = [folder], []
    for _ in range(DEEP + 1):
        for place in level:
            try:
                found.append((place, read_model(place)))
            except AftercallError:
                continue
        if found:
            break
        level = [below for place in level for below in sorted(place.iterdir()) if below.is_dir()]
    if len(found) != 1:
        raise InvalidInput(f"{origin.name}: {'more than one' if found else 'no'} speech model in "
                           "it", field="archive",
                           expected="one Vosk model (am/final.mdl) or pocketsphinx one (mdef, "
                                    "feat.params)")
    root, model = found[0]
    if origin.engine not in (None, model.engine):
        raise InvalidInput(f"{origin.name}: a model for {model.engine}, expected one for "
                           f"{origin.engine}", field="engine", expected=str(origin.engine))
    if model.dictionary and model.dictionary.parent != root and origin.language != "en":
        raise InvalidInput(f"{origin.name}: a pocketsphinx model without its dictionary",
                           field="archive", expected="a .dic or .dict file beside mdef")
    return root, model.engine


def _sync(folder: Path) -> None:
    """Let the renames reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
