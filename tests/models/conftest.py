"""A shelf of models on loopback, and a models folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftercall.models import download
from aftercall.models.store import ModelStore
from tests.models.shelf import Shelf, open_shelf


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """A server, reached without this machine's proxies; tries follow one another at once."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(download, "PAUSE_S", 0)
    with open_shelf() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """The models folder of the settings that the command line reads in a test."""
    return ModelStore(tmp_path / "data" / "models")
