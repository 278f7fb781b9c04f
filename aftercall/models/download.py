"""Fetching one large file: taken up where it broke off, hashed as it comes, never too large."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from aftercall.models.catalogue import Download
from followup.errors import AftercallError, InvalidInput, NotFound, Unavailable

CHUNK = 1 << 18
TRIES = 4
PAUSE_S = 1.0                # before the second try; then twice as long each time
TIMEOUT = aiohttp.ClientTimeout(total=None, connect=30, sock_read=60)

Tell = Callable[[int], None]     # how many bytes of the file are there


class _BrokenOff(AftercallError):
    """The transfer broke off; a further try goes on from there."""


def open_session() -> aiohttp.ClientSession:
    """A session that goes through the proxies of the environment."""
    return aiohttp.ClientSession(timeout=TIMEOUT, trust_env=True,
                                 headers={"Accept-Encoding": "identity"})


async def download(session: aiohttp.ClientSession, want: Download, part: Path,
                   tell: Tell = lambda _: None) -> None:
    """Fetch ``want`` into ``part``; what is there of an earlier attempt is kept and gone on from.

    Raises with a part that the next call goes on from, or with none when it was the wrong file.
    """
    for attempt in range(TRIES):
        try:
            digest = await _continue(session, want, part, tell)
        except _BrokenOff as error:
            if attempt + 1 == TRIES:
                raise Unavailable(f"{error.message}; the same command goes on from there") from None
            await asyncio.sleep(PAUSE_S * 2 ** attempt)
            continue
        if digest != want.sha256:
            _forget(part)
            raise InvalidInput(f"{shown(want.url)}: its SHA-256 is {digest}, expected "
                               f"{want.sha256}: it is not the model, or was damaged on its way. "
                               "Nothing was installed", field="sha256", expected=want.sha256)
        return


async def _continue(session: aiohttp.ClientSession, want: Download, part: Path,
                    tell: Tell) -> str:
    """One request for what is missing; the file's SHA-256 once it is complete."""
    hasher, have = await asyncio.to_thread(_hashed, part)
    if have > want.size:
        _forget(part)
        hasher, have = hashlib.sha256(), 0
    tell(have)
    if have == want.size and want.exact:
        return str(hasher.hexdigest())
    try:
        async with session.get(want.url, headers=_range(part, have)) as response:
            if have and not _goes_on(response, have):
                if response.status != 200:
                    _forget(part)
                    raise _BrokenOff(f"{shown(want.url)}: cannot be gone on with")
                hasher, have = hashlib.sha256(), 0
            _check(response, want, have)
            if not have:
                _forget(part)
                _tag(part).write_text(_validator(response), "ascii")
            total = response.content_length
            end = have + total if total is not None else None
            with part.open("ab" if have else "wb") as file:
                async for chunk in response.content.iter_chunked(CHUNK):
                    have += len(chunk)
                    if have > want.size:
                        raise _too_large(want, have)
                    hasher.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
                    tell(have)
    except aiohttp.InvalidURL as error:
        raise InvalidInput(f"{shown(want.url)}: expected an address such as "
                           "https://mirror.example/models", field="url") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _BrokenOff(f"{shown(want.url)}: broke off at {have:,} of {want.size:,} bytes "
                         f"({_reason(error)})") from error
    except InvalidInput:
        _forget(part)
        raise
    if have < (want.size if want.exact else end or have):
        raise _BrokenOff(f"{shown(want.url)}: broke off at {have:,} of {want.size:,} bytes")
    return str(hasher.hexdigest())


def _check(response: aiohttp.ClientResponse, want: Download, have: int) -> None:
    """The answer is the file, or what is missing of it."""
    where = shown(want.url)
    if response.status in (404, 410):
        raise NotFound(f"{where}: there is no such file on the server", url=where)
    if response.status >= 500 or response.status == 429:
        raise _BrokenOff(f"{where}: the server answered {response.status}")
    if response.status not in (200, 206):
        raise Unavailable(f"{where}: the server answered {response.status} {response.reason}")
    total = response.content_length
    if total is not None and have + total > want.size:
        raise _too_large(want, have + total)
    if total is not None and want.exact and have + total < want.size:
        raise InvalidInput(f"{where}: {have + total:,} bytes long, expected {want.size:,}: "
                           "it is not the model", field="url", expected=f"{want.size} bytes")


def _too_large(want: Download, size: int) -> InvalidInput:
    limit = "expected" if want.exact else "expected at most"
    return InvalidInput(f"{shown(want.url)}: {size:,} bytes or more, {limit} {want.size:,}: "
                        "it is not the model", field="url", expected=f"{want.size} bytes")


def _range(part: Path, have: int) -> dict[str, str]:
    """Ask for the rest, if it is still the rest of the same file; the hash has the last word."""
    if not have:
        return {}
    headers = {"Range": f"bytes={have}-"}
    if validator := _tag(part).read_text("ascii") if _tag(part).exists() else "":
        headers["If-Range"] = validator
    return headers


def _goes_on(response: aiohttp.ClientResponse, have: int) -> bool:
    """Whether this is the rest from byte ``have`` on; a server may send the whole instead."""
    told = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == 206 and told is not None and int(told[1]) == have


def _validator(response: aiohttp.ClientResponse) -> str:
    """What If-Range may name: a strong ETag, else the date."""
    tag = response.headers.get("ETag", "")
    chosen = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    return chosen if chosen.isascii() else ""


def _hashed(part: Path) -> tuple[Any, int]:
    """The hash of what is there, to go on with, and its length."""
    hasher, have = hashlib.sha256(), 0
    if part.exists():
        with part.open("rb") as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                have += len(chunk)
    return hasher, have


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or type(error.os_error).__name__
    return type(error).__name__


def shown(url: str) -> str:
    """An address without a user's name or password."""
    try:
        return str(URL(url).with_user(None))
    except ValueError:
        return "the address"
