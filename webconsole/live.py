"""Live pages: tells browsers by server-sent events which part of a page has changed.

The stream carries names of parts only (``event: overview``); the page then fetches the part by an
ordinary request, with the visitor's own rights and language. Bursts are gathered for 250 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from followup.database.base import now
from followup.database.notify import Change, ChangeFeed
from followup.people.sessions import find_session
from webconsole.keys import DATABASE, FEED, GRANTS, VISITOR
from webconsole.rights import EVERYBODY, allowed

DEBOUNCE_S = 0.25
KEEP_ALIVE_S = 15.0
MAKING = timedelta(seconds=10)       # more than a page takes, and than servers' clocks differ

# which parts of pages show rows of which table
PARTS: dict[str, frozenset[str]] = {
    "overview": frozenset({"campaign", "task", "attempt", "answer", "alert", "escalation",
                           "agent", "alarm"}),
    "campaigns": frozenset({"campaign", "task"}),
    "campaign": frozenset({"campaign", "task", "attempt"}),
    "alerts": frozenset({"alert"}),
    "phone": frozenset({"agent", "attempt", "answer", "alert", "escalation",
                        "preview", "task"}),
    "pacing": frozenset({"pacing_decision"}),
    "cases": frozenset({"feedback_case"}),
    "messages": frozenset({"message"}),
    "recordings": frozenset({"recording"}),
    "patient": frozenset({"message", "task", "attempt", "answer", "alert", "escalation",
                          "recording", "feedback_case"}),
}


class Streams:
    """The open streams of this process, so that a shutdown can end them at once; and when which
    table last changed, so that a page that has just been made is not fetched once more."""

    def __init__(self) -> None:
        self._open: set[Stream] = set()
        self._closed = False
        self._heard_from: datetime | None = None         # nothing has been missed since
        self._changed: dict[str, datetime] = {}

    def note(self, change: Change | None) -> None:
        """Subscriber of the feed, as a stream is."""
        if change is None:
            self._heard_from = now()
        else:
            self._changed[change.table] = now()

    def changed_since(self, made: datetime | None) -> frozenset[str] | None:
        """The tables that may have changed since a page was made; None: any may."""
        if made is None or self._heard_from is None or made - MAKING < self._heard_from:
            return None
        return frozenset(table for table, at in self._changed.items() if at >= made - MAKING)

    async def close(self, _app: web.Application) -> None:
        """on_shutdown: every stream ends, also one that is just being opened."""
        self._closed = True
        for stream in self._open:
            stream.end()

    def __iter__(self) -> Iterator[Stream]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, stream: Stream) -> None:
        self._open.add(stream)
        if self._closed:
            stream.end()

    def discard(self, stream: Stream) -> None:
        self._open.discard(stream)


class Stream:
    """What one browser has still to be told."""

    def __init__(self, changed: Collection[str] | None = None) -> None:
        """``changed``: the tables of which rows may have changed between the page's making and
        this stream's; None: any."""
        self.wake = asyncio.Event()
        self.ended = False
        self._tables: set[str] = set(changed or ())
        self._everything = changed is None
        if changed is None or changed:
            self.wake.set()

    def note(self, change: Change | None) -> None:
        """Subscriber of the feed: a change, or None when anything may have changed."""
        if change is None:
            self._everything = True
        else:
            self._tables.add(change.table)
        self.wake.set()

    def end(self) -> None:
        """Let the stream come to its end now; the browser comes back by itself."""
        self.ended = True
        self.wake.set()

    def take(self) -> list[str]:
        """The parts to fetch anew since the last call."""
        parts = [part for part, tables in PARTS.items()
                 if self._everything or tables & self._tables]
        self.wake.clear()
        self._tables, self._everything = set(), False
        return parts


STREAMS = web.AppKey("streams", Streams)


async def change_feed(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: one LISTEN connection for all browsers of this process."""
    async with ChangeFeed(app[DATABASE].url) as feed:
        app[FEED] = feed
        with feed.subscribe(app[GRANTS].note), feed.subscribe(app[STREAMS].note):
            yield


@allowed(EVERYBODY)
async def events(request: web.Request) -> web.StreamResponse:
    """GET /events: the stream; ``since``: when the page was made. Ends within a keep-alive's time
    after the session does."""
    streams = request.app[STREAMS]
    stream = Stream(streams.changed_since(_moment(request.query.get("since", ""))))
    response = web.StreamResponse(headers={
        "Content-Type": "text/event-stream", "Cache-Control": "no-store",
        "X-Accel-Buffering": "no"})
    streams.add(stream)
    try:
        with request.app[FEED].subscribe(stream.note):
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            loop = asyncio.get_running_loop()
            check_at = loop.time() + KEEP_ALIVE_S
            while not stream.ended:
                await response.write(await _next(stream, check_at - loop.time()))
                if loop.time() >= check_at:
                    if not await _signed_in(request):
                        break
                    check_at = loop.time() + KEEP_ALIVE_S
        await response.write_eof()
    except ConnectionResetError:
        pass                                  # the tab was closed
    finally:
        streams.discard(stream)
    return response


def _moment(told: str) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(told)
        return moment if moment.tzinfo else None
    return None


async def _next(stream: Stream, patience_s: float) -> bytes:
    """What to write next; waits for it, ``patience_s`` at most."""
    try:
        async with asyncio.timeout(max(0.0, patience_s)):
            await stream.wake.wait()
    except TimeoutError:
        return b": keep-alive\n\n"
    await asyncio.sleep(DEBOUNCE_S)
    lines = (f"event: {part}\ndata: changed\n\n" for part in stream.take())
    return "".join(lines).encode() or b":\n\n"


async def _signed_in(request: web.Request) -> bool:
    try:
        async with request.app[DATABASE].session() as session:
            return await find_session(session, request[VISITOR].token or "") is not None
    except (OSError, SQLAlchemyError):
        return False                          # the browser comes back and is told properly
