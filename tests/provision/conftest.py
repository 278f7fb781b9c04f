"""Stub programs on a PATH of the test's own, and folders of its own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

Stub = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here touches the user's own cache or data."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def said() -> list[str]:
    """What the code under test told the user; pass its ``append`` as ``say``."""
    return []


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Put a program on the front of PATH that runs the given lines of sh."""
    folder = tmp_path / "host/bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def printing(text: str) -> str:
    """A line of sh that prints ``text``."""
    return f"printf '%s\\n' {shlex.quote(text)}"
