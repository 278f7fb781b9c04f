"""The console's words, Chinese and English, keys by place of use.

``zh.toml`` holds what everybody sees, ``<room>.zh.toml`` what one room of pages has; ``en`` alike.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

LOCALES = ("zh", "en")                    # the first is the default
NAMES = {"zh": "中文", "en": "English"}   # each language is named in itself
_FOLDER = Path(__file__).parent


class Catalogue:
    """One language's messages, by dotted key such as ``alerts.title``."""

    def __init__(self, locale: str, messages: Mapping[str, str]) -> None:
        self.locale = locale
        self.messages = messages

    def __call__(self, key: str, **values: Any) -> str:
        """The message of ``key`` with ``{name}`` filled in. KeyError: there is no such message."""
        return self.messages[key].format(**values) if values else self.messages[key]


@cache
def load_catalogues(folder: Path = _FOLDER) -> Mapping[str, Catalogue]:
    """Every language's catalogue."""
    return {locale: Catalogue(locale, dict(
        message for path in (folder / f"{locale}.toml", *sorted(folder.glob(f"*.{locale}.toml")))
        for message in _flatten(tomllib.loads(path.read_text(encoding="utf-8")))))
        for locale in LOCALES}


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def choose_locale(*wishes: str | None, accept: str = "") -> str:
    """The first wish that we speak, else the browser's favourite among ours, else Chinese."""
    for wish in wishes:
        if wish in LOCALES:
            return wish
    for part in accept.split(","):
        language = part.split(";")[0].strip().lower().split("-")[0]
        if language in LOCALES:
            return language
    return LOCALES[0]
