"""What every command needs: a word to the person at the terminal, the settings, a loop."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Coroutine
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console

from followup.errors import InvalidInput
from followup.log import configure
from followup.settings import Settings, load_settings

T = TypeVar("T")
LANGUAGES = ("zh", "en")      # the first where nothing says which
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


def language(wish: str = "") -> str:
    """zh or en: the one wished for, else the terminal's (LC_ALL, LC_MESSAGES, LANG), else zh."""
    if wish and wish not in LANGUAGES:
        raise InvalidInput(f"lang = {wish!r}: expected zh or en", field="lang",
                           expected="zh or en")
    set_to = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return wish or ("en" if set_to.startswith("en") else LANGUAGES[0])


def today(settings: Settings) -> date:
    """The day in the hospital's time zone."""
    return datetime.now(ZoneInfo(settings.dialer.timezone)).date()


def actor() -> str:
    """Who is at the terminal, for the audit trail."""
    return f"terminal:{getpass.getuser()}"
