"""What every command needs: a word to the person at the terminal, the settings, a loop."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from asterisk_conf.errors import AsteriskError, ConfError
from followup.errors import AftercallError, InvalidInput
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


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Our own errors are told in a line, never as a traceback, and end the process with 2."""
    with suppress(KeyboardInterrupt):
        try:
            yield
        except (AftercallError, ConfError, AsteriskError) as error:
            told = error.told(language()) if isinstance(error, AftercallError) else str(error)
            err.print(f"[red]aftercall:[/red] {escape(told)}", highlight=False)
            sys.exit(2)


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
