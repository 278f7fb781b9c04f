"""What every command needs: a word to the person at the terminal, the settings, a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from rich.console import Console

from followup.log import configure
from followup.settings import Settings, load_settings

T = TypeVar("T")
err = Console(stderr=True)


def say(line: str) -> None:
    """A word to the person at the terminal; stdout is for results."""
    err.print(f"[dim]·[/dim] {line}", highlight=False)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work."""
    return asyncio.run(work)


def settings_for() -> Settings:
    """The settings, and the logs configured by them."""
    settings = load_settings()
    configure(settings.log.level, settings.log.format)
    return settings
