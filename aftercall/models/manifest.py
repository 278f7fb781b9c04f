"""What a model was made of when it was installed, so that a changed byte is found later.

It guards against failing disks and mistakes, not against somebody who may write here: they could
change this file too.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from followup.errors import InvalidInput
from followup.settings import Language
from ivr.recognition.models import Engine

FILE = "aftercall-model.json"


class KeptFile(BaseModel):
    """One file of the model."""

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """An installed model: where it is from, and its files by path."""

    model_config = ConfigDict(extra="ignore")

    name: str
    language: Language
    engine: Engine
    licence: str = ""
    source: str                  # an address, or the name of what was brought
    compared: bool               # whether a hash from elsewhere was there to compare it with
    installed_at: datetime
    files: dict[str, KeptFile]


def contents(folder: Path) -> dict[str, KeptFile]:
    """Every file of a model's folder, hashed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != FILE:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[name] = KeptFile(size=path.stat().st_size, sha256=digest)
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the model's folder."""
    (folder / FILE).write_text(manifest.model_dump_json(indent=1), "utf-8")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a model; None when somebody put the model there by hand."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInput(f"{path}: not a manifest that can be read; install the model anew",
                           field="manifest") from error


def faults(folder: Path, manifest: Manifest) -> list[str]:
    """What has changed since the model was installed: a line for each file."""
    found = contents(folder)
    changed = [f"{name}: {'missing' if name not in found else 'changed'}"
               for name, kept in manifest.files.items() if found.get(name) != kept]
    return changed + [f"{name}: was not there" for name in found if name not in manifest.files]
