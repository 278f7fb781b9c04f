"""How scripts have a call recorded by the recorder, and learn when somebody else has to do it."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from followup.log import get_logger

log = get_logger(__name__)

ANSWER_S = 0.3               # a call's first word does not wait longer for the recorder's
DROPPED_S = 2.0
BACK_S, LOOK_S = 5.0, 0.2    # so long, and so often, one that is gone is waited for


class State(StrEnum):
    """How a call is being recorded."""

    RECORDING = "recording"
    REFUSED = "refused"
    DEAF = "deaf"                # its packets do not come by the recorder
    GONE = "gone"                # the recorder is gone
    DROPPED = "dropped"          # nothing is written any more


@dataclass
class Take:
    """One call. ``at``: what the file's first sample is the sound of, ns of the monotonic clock."""

    name: str
    at: int
    local: str
    state: State | None = None
    why: str = ""
    unwanted: bool = False       # its recording was refused
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lost(self) -> bool:
        """Whether somebody else has to record from now on. False as long as there is no answer."""
        return self.state in (State.DEAF, State.GONE, State.REFUSED)


class Recorder:
    """The recorder at a socket. One for all scripts of a process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._takes: dict[str, Take] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._connecting = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether it is there, as far as is known."""
        return self._writer is not None

    async def begin(self, name: str, at: int, local: str) -> Take | None:
        """Record from ``local`` (``IP:PORT``, where Asterisk has the call's sound); None when the
        recorder does not."""
        take = Take(name, at, local)
        if not await self._connected():
            return None
        self._takes[name] = take
        self._begin(take)
        try:
            await asyncio.wait_for(take.changed.wait(), ANSWER_S)
        except TimeoutError:
            pass
        except BaseException:        # nobody will have the take, to say when it is over
            self.leave(take)
            raise
        if not take.lost:            # a machine that is busy: what comes is kept until it is done
            return take
        log.warning("the recorder does not record this call", reason=take.why or take.state)
        del self._takes[name]
        return None

    def finish(self, take: Take) -> None:
        """Its call is over."""
        self._part(take, "finish")

    def leave(self, take: Take) -> None:
        """Its script is over, the call goes on for as long as there is sound."""
        self._part(take, "leave")

    async def drop(self, take: Take) -> None:
        """Return once nothing is written to its file any more, or nobody is there to do so; a
        recorder that is away or slow is told again when it is back."""
        if self._takes.get(take.name) is not take:
            return
        take.unwanted = True
        if self._order(do="drop", name=take.name):
            with suppress(TimeoutError):
                async with asyncio.timeout(DROPPED_S):
                    while take.state not in (State.DROPPED, State.GONE):
                        take.changed.clear()                     # "recording" may come before
                        await take.changed.wait()

    async def close(self) -> None:
        """Take leave: calls that are not over go on being recorded while there is sound."""
        for task in (self._returning, self._reading):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # --- the connection ------------------------------------------------------------------------

    async def _connected(self) -> bool:
        async with self._connecting:
            if self._writer is not None:
                return True
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
            except (OSError, ValueError):            # not there; or a path that is too long
                return False
            self._reading = asyncio.create_task(self._read(reader), name="recorder")
            return True

    def _order(self, **order: Any) -> bool:
        if self._writer is None:
            return False
        self._writer.write(json.dumps(order).encode() + b"\n")
        return True

    def _begin(self, take: Take) -> None:
        self._order(do="begin", name=take.name, at=take.at, local=take.local)

    def _part(self, take: Take, how: str) -> None:
        if self._takes.get(take.name) is take and not take.unwanted:
            del self._takes[take.name]
            if not take.lost:
                self._order(do=how, name=take.name)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                told = json.loads(line)
                if (take := self._takes.get(told["name"])) is not None:
                    take.state, take.why = State(told["state"]), told.get("why", "")
                    take.changed.set()
                    if take.state is State.DROPPED:
                        del self._takes[take.name]
        except (OSError, ValueError, KeyError):
            log.exception("the recorder is not understood")
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._takes and (self._returning is None or self._returning.done()):
            self._returning = asyncio.create_task(self._return(), name="recorder is gone")

    async def _return(self) -> None:
        """It is started again at once: its calls are told to it anew."""
        log.error("the recorder is gone", calls=len(self._takes))
        until = time.monotonic() + BACK_S
        while self._takes and not await self._connected():
            if time.monotonic() > until:
                self._gone()
            await asyncio.sleep(LOOK_S)
        for take in self._takes.values():
            if take.unwanted:
                self._order(do="drop", name=take.name)
            else:
                take.state = None if take.state is State.GONE else take.state
                self._begin(take)

    def _gone(self) -> None:
        """Whose script is free to do so has somebody else record, and parts with it; the others,
        who speak with an agent, are begun again whenever it comes back."""
        for take in [*self._takes.values()]:
            take.state = State.GONE
            take.changed.set()
            if take.unwanted:
                del self._takes[take.name]
