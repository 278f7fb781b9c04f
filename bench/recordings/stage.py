"""What the benchmark of recordings stands on, put up by the floor above."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bench.ivr.ground import Stage as IvrStage
from followup.database.engine import Database
from followup.settings import Settings
from recordings.vault import Vault


@dataclass(frozen=True)
class Console:
    """A console in a process of its own."""

    url: str
    settings: Settings
    database: Database
    vault: Vault
    chromium: str


class Stage(Protocol):
    """Puts up what a part needs, and takes it down."""

    @property
    def calls(self) -> IvrStage:
        """For live calls."""

    def database(self, name: str) -> AbstractAsyncContextManager[Database]:
        """An empty, migrated one."""

    def console(self) -> AbstractAsyncContextManager[Console]:
        """On a database of its own; RuntimeError where there is no Chromium to look at it."""
