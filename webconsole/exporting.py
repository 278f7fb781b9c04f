"""A list as it is filtered and sorted, as a file: read page after page by the very query that makes
the page, and sent as it is read. Who is asked for what leaves a trace before the first line does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from followup.log import get_logger
from followup.people import audit
from webconsole.keys import CATALOGUES, DATABASE, VISITOR
from webconsole.sheets import MOST, Cell, headers, sheet, wanted_format

_TRACE_S = 5.0                   # for the row that tells how it ended
FIRST, NEXT = 100, 500           # lines read at once: the first ones soon, the others cheaply

Lines = Sequence[Sequence[Cell]]
# (session, after, size) to that many lines and the cursor of what follows
Read = Callable[[AsyncSession, str, int], Awaitable[tuple[Lines, str | None]]]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken away: the list's ``name`` (of its file, too), the heads of the columns, its
    lines, and what the trail tells of the filter."""

    name: str
    head: Sequence[str]
    read: Read
    told: Mapping[str, object]


async def send(request: web.Request, taken: Taken) -> web.StreamResponse:
    """The file. A filter that does not fit is refused before anything is sent; where there are
    more lines than a file takes, its last line says so. What breaks off is no whole file to the
    browser either."""
    kind, database = wanted_format(request), request.app[DATABASE]
    async with database.session() as session:
        lines, onward = await taken.read(session, "", FIRST)
    await _write_down(request, taken, audit.EXPORT_LIST, format=kind,
                      filter={name: told for name, told in taken.told.items() if told})
    made, sent, cut, whole = sheet(kind), 0, False, False
    response = web.StreamResponse(headers=headers(taken.name, kind))

    async def push(content: bytes) -> None:
        if content:                          # an empty chunk would end the file
            await response.write(content)

    try:
        await response.prepare(request)
        await push(made.add([taken.head]))
        while lines:
            some = lines[:MOST[kind] - sent]
            await push(made.add(some))
            sent += len(some)
            cut = len(some) < len(lines) or (onward is not None and sent == MOST[kind])
            if cut or onward is None:
                break
            async with database.session() as session:
                lines, onward = await taken.read(session, onward, NEXT)
        if cut:
            translate = request.app[CATALOGUES][request[VISITOR].locale]
            await push(made.add([[translate("export.cut", count=sent, last=some[-1][0])]]))
        end, whole = made.end(), True
    finally:
        if not whole:
            made.drop()
        await _tell_end(request, taken, format=kind, lines=sent, cut=cut, broken_off=not whole)
        if not whole:
            log.warning("an export broke off", list=taken.name, lines=sent)
            if request.transport is not None:        # the browser must not take it for the whole
                request.transport.abort()
    await push(end)
    await response.write_eof()
    return response


async def _tell_end(request: web.Request, taken: Taken, **more: object) -> None:
    """The second row; where the database has gone meanwhile, the first one is there."""
    with suppress(OSError, DBAPIError, PoolTimeout):
        async with asyncio.timeout(_TRACE_S):
            await _write_down(request, taken, audit.EXPORT_ENDED, **more)


async def _write_down(request: web.Request, taken: Taken, action: str, **more: object) -> None:
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        audit.record(session, action, actor=visitor.actor, address=visitor.address,
                     subject=f"list:{taken.name}", **more)
