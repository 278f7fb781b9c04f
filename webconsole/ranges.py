"""Sound by ranges, out of whatever can be read in pieces. The first piece is read before the answer
begins, so that what is wrong with it is told properly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from aiohttp import hdrs, web

from followup.errors import AftercallError
from followup.log import get_logger

log = get_logger(__name__)

HEADERS = {"Content-Disposition": "inline", "Cache-Control": "private, no-store",
           "Accept-Ranges": "bytes"}


class Readable(Protocol):
    """Something with a size, read piece by piece."""

    @property
    def size(self) -> int: ...

    def pieces(self, start: int, length: int) -> AsyncIterator[bytes]: ...


def to_keep(name: str) -> dict[str, str]:
    """The header by which a browser saves what is sent under this name."""
    return {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}


async def send(request: web.Request, sound: Readable, content_type: str,
               more: Mapping[str, str] | None = None) -> web.StreamResponse:
    """Answer with all of it, or with the range that is asked for; 416 when that lies outside.
    ``more``: headers beside or instead of ``HEADERS``."""
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(sound.size, None, 1)
    start, stop, _ = slice(wanted.start, wanted.stop).indices(sound.size)
    headers = {**HEADERS, **(more or {}), hdrs.CONTENT_TYPE: content_type}
    if wanted.start is None and wanted.stop is None:
        answer = web.StreamResponse(headers=headers)
    elif start >= stop:
        raise web.HTTPRequestRangeNotSatisfiable(
            headers={hdrs.CONTENT_RANGE: f"bytes */{sound.size}"})
    else:
        headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{sound.size}"
        answer = web.StreamResponse(status=206, headers=headers)
    answer.content_length = stop - start
    pieces = sound.pieces(start, stop - start)
    first = await anext(pieces, b"")
    try:
        await answer.prepare(request)
        await answer.write(first)
        async for piece in pieces:
            await answer.write(piece)
        await answer.write_eof()
    except ConnectionError:
        pass                                  # the browser has heard enough
    except (AftercallError, OSError) as error:
        # too late for another answer: a broken connection is one that nobody takes for the end
        log.warning("sound broke off", reason=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return answer
