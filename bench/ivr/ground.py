"""What a run stands on: a running node and what belongs to it, put up by the floor above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from asterisk_conf.process import AsteriskProcess
from dialer.ami import AmiClient, AmiEvent
from followup.database.engine import Database
from followup.settings import NodeSettings, Settings
from ivr.prompts.book import PromptBook


@dataclass(frozen=True)
class Ground:
    """One Asterisk with our FastAGI server (or without) on a database of its own."""

    settings: Settings
    node: NodeSettings
    process: AsteriskProcess
    database: Database
    book: PromptBook
    sipp: Sequence[str]                  # starts SIPp
    postgres_pid: int
    agi_pid: int | None
    keeper_pid: int | None
    recorder_pid: int | None
    agi_log: Path
    folder: Path                         # for files of this run
    ami: Callable[[Callable[[AmiEvent], None]], AmiClient]


class Stage(Protocol):
    """Puts up a ground for each run, and takes it down."""

    def set(self, name: str, *, agi: bool, speech: bool = False,
            ) -> AbstractAsyncContextManager[Ground]:
        """``agi``: with our FastAGI server; ``speech``: which hears words."""
