"""What was typed is carried through signing in again, so that an expired session loses no word.

It travels in a hidden field of the pages themselves and is stored nowhere. Files and secrets do
not travel; and nothing is sent on before who has signed in presses the button. Who must change the
password or set up the second step first, does so with the field on the pages for that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, web

from webconsole.keys import SETTINGS, VISITOR
from webconsole.rights import upload_limit
from webconsole.templating import render

FIELD = "kept"
MOST = 20_000                          # characters: more than any form of ours takes
_SECRETS = ("csrf_token", "password", "code")      # parts of names
_PASSWORDS = ("current", "new", "again")           # names
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent too late: where to, and its fields. ``files``: it had some."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: bool = False

    def told(self) -> str:
        """As the hidden field holds it."""
        return json.dumps([self.path, self.fields, self.files], ensure_ascii=False)

    @property
    def words(self) -> list[str]:
        """What somebody typed, as far as it can be told from what our pages put in themselves."""
        return [value for _, value in self.fields
                if any(ord(c) > 127 for c in value) or " " in value]


def from_form(path: str, form: Iterable[tuple[str, Any]]) -> Kept | None:
    """What is worth keeping of a form; None when that is nothing, or too much."""
    sent = list(form)
    fields = tuple((name, value) for name, value in sent if isinstance(value, str)
                   and name not in _PASSWORDS and not any(secret in name for secret in _SECRETS))
    files = any(isinstance(value, web.FileField) and value.filename for _, value in sent)
    length = sum(len(name) + len(value) for name, value in fields)
    return Kept(path, fields, files) if any(v for _, v in fields) and length <= MOST else None


def read(form: Mapping[str, Any], is_local: Callable[[str], bool]) -> Kept | None:
    """What a page carries along in its hidden field; None when there is nothing sound."""
    told = form.get(FIELD)
    try:
        path, fields, files = json.loads(told if isinstance(told, str) else "")
        sound = [(name, value) for name, value in fields
                 if isinstance(name, str) and isinstance(value, str)]
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(path, str) or not is_local(path):
        return None
    found = from_form(path, sound)
    return Kept(found.path, found.fields, bool(files)) if found else None


def is_ours(request: web.Request) -> bool:
    """A whole page's form, which the browser itself says that one of our pages has sent."""
    origin = request.headers.get("Origin")
    own = request.headers.get("Sec-Fetch-Site") == "same-origin" or (
        origin is not None and urlsplit(origin).netloc == request.host)
    return request.method == "POST" and own and not request.headers.get("HX-Request")


def page(request: web.Request, typed: Kept, *, status: int = 200) -> web.Response:
    """What was typed, with the button that sends it on, or that leads to what is owed first."""
    owed = request[VISITOR].owes(request.app[SETTINGS].sign_in.second_step_roles)
    return render(request, "kept.html", status=status, kept=typed, owed=owed)


async def from_stranger(request: web.Request) -> Kept | None:
    """The form of who is not signed in any more; its files are passed over, never stored. None: it
    is nothing that can be kept."""
    try:
        return await _read(request)
    except (ValueError, LookupError, web.HTTPException):     # too large, broken, no such charset
        return None


async def _read(request: web.Request) -> Kept | None:
    if request.content_type != "multipart/form-data":
        return from_form(request.path, (await request.post()).items())
    fields: list[tuple[str, str]] = []
    files, left = False, upload_limit(request.match_info.handler) or MOST
    reader = await request.multipart()
    while isinstance(part := await reader.next(), BodyPartReader):
        text = bytearray()
        while chunk := await part.read_chunk(_CHUNK):
            left -= len(chunk)
            if left < 0 or len(text) > 4 * MOST:
                return None
            if part.filename is None:
                text += chunk
        files = files or bool(part.filename)
        if part.filename is None:
            fields.append((part.name or "", text.decode("utf-8", "replace")))
    found = from_form(request.path, fields)
    return Kept(found.path, found.fields, files) if found else None
