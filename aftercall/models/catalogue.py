"""The catalogue of speech models (catalogue.toml): where each is, how large, and its hash."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from followup.errors import InvalidInput, NotFound
from followup.settings import Language
from ivr.recognition.models import Engine

CATALOGUE = Path(__file__).with_name("catalogue.toml")
ROOM = 1.1                   # how much larger than told a model without a hash may be

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Address = Annotated[str, Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")]
Size = Annotated[int, Field(gt=0, le=20_000_000_000)]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]


@dataclass(frozen=True)
class Download:
    """One file to fetch. ``exact``: it is ``size`` bytes long, else at most that."""

    url: str
    name: str
    size: int
    sha256: str
    exact: bool = True


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartOfModel(_Frozen):
    """A file of a model that comes as single files."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w./-]*[A-Za-z0-9]$")]
    size: Size
    sha256: Hash

    @property
    def name(self) -> str:
        """Its name in the model's folder."""
        return self.path.rpartition("/")[2]


class Entry(_Frozen):
    """A model that can be fetched: one archive, or files."""

    name: ModelName
    language: Language
    engine: Engine
    licence: str
    about: str
    url: Address
    size: Size | None = None
    sha256: Hash | None = None
    files: tuple[PartOfModel, ...] = ()

    @model_validator(mode="after")
    def _either(self) -> Entry:
        if bool(self.files) == bool(self.size):
            raise ValueError("expected either size or files")
        return self

    @property
    def bytes(self) -> int:
        """How much is to be fetched."""
        return self.size or sum(part.size for part in self.files)

    @property
    def pinned(self) -> bool:
        """Whether the catalogue says what is to come."""
        return bool(self.files or self.sha256)

    def downloads(self, sha256: str | None = None, mirror: str | None = None) -> list[Download]:
        """What to fetch, from ``mirror`` when there is one; ``sha256`` stands in for a missing one.

        A mirror has an archive under its own name, and single files in a folder named as the model.
        """
        if self.files:
            base = f"{mirror.rstrip('/')}/{self.name}" if mirror else ""
            return [Download(f"{base}/{part.name}" if mirror else f"{self.url}/{part.path}",
                             part.name, part.size, part.sha256) for part in self.files]
        expected = self.sha256 or sha256
        if expected is None or self.size is None:
            raise InvalidInput(
                f"{self.name}: no SHA-256 of it has been published, so nothing could be compared. "
                "Give the one that it must have with --sha256; or fetch it by other means, look at "
                "it, and take it in with `aftercall models add`",
                field="sha256", expected="64 hexadecimal digits")
        name = self.url.rpartition("/")[2]
        url = f"{mirror.rstrip('/')}/{name}" if mirror else self.url
        return [Download(url, name, self.size if self.sha256 else int(self.size * ROOM), expected,
                         exact=self.sha256 is not None)]


class _Catalogue(_Frozen):
    model: tuple[Entry, ...]


@cache
def catalogue() -> tuple[Entry, ...]:
    """All models that are known, in the file's order."""
    return _Catalogue.model_validate(tomllib.loads(CATALOGUE.read_text("utf-8"))).model


def find(name: str, entries: Sequence[Entry]) -> Entry:
    """The model of that name."""
    for entry in entries:
        if entry.name == name:
            return entry
    raise NotFound(f"name = {name!r}: expected one of {', '.join(one.name for one in entries)}",
                   field="name")


def usual(language: str, entries: Sequence[Entry]) -> Entry | None:
    """The model to take for a language when nobody names one."""
    return next((entry for entry in entries if entry.language == language), None)
