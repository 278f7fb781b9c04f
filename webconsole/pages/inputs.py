"""What comes from outside in addresses and forms, checked."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from followup.errors import InvalidInput, NotFound
from followup.views.addresses import one_of

E = TypeVar("E", bound=StrEnum)


def path_id(request: web.Request) -> uuid.UUID:
    """The ``{id}`` of the path; NotFound when it is none of ours."""
    return known_id(request.match_info["id"], "there is no such thing")


def known_id(told: str, missing: str) -> uuid.UUID:
    """An id that one of our pages has given out; NotFound, saying ``missing``, when it is none."""
    try:
        return uuid.UUID(told)
    except ValueError as error:
        raise NotFound(missing) from error


def form_id(value: object, field: str) -> uuid.UUID:
    """The id in a field of a form; InvalidInput naming the field."""
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidInput(f"{field}: expected an id of this page", field=field,
                           expected="an id of this page") from error


def id_or_none(told: str | None) -> uuid.UUID | None:
    """An id of an address; what is none is not asked for."""
    try:
        return uuid.UUID(told or "")
    except ValueError:
        return None


def filtered_by(query: Mapping[str, str], name: str, choices: type[E]) -> E | None:
    """What a list's address asks for of one of several words; InvalidInput naming the field."""
    told = query.get(name, "")
    one_of(name, told, choices)
    return choices(told) if told else None


def choice_or_none(choices: type[E], told: str | None) -> E | None:
    """The same of one of several words."""
    members: Iterable[E] = choices
    return next((each for each in members if each.value == told), None)


def text(value: object, limit: int) -> str:
    """One line or more as typed, without control characters but line ends, at most ``limit``."""
    typed = value if isinstance(value, str) else ""
    kept = "".join(c for c in typed.replace("\r\n", "\n")
                   if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip()[:limit]


def local_path(value: object) -> str:
    """A path of this console to go on to; anything else becomes the overview."""
    path = value if isinstance(value, str) else "/"
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"


def is_local(path: str) -> bool:
    """Is it a path of this console?"""
    return local_path(path) == path


def wants_part(request: web.Request) -> bool:
    """Does htmx ask for a part of the page (going back in history asks for the whole)?"""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers
