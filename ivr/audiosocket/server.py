"""The end that Asterisk connects to: one connection a call, known by an id that we gave."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from followup.log import get_logger
from ivr.audiosocket.clock import FrameClock
from ivr.audiosocket.wire import FRAME_BYTES, Kind, Message, ProtocolFault, Reader, pack

log = get_logger(__name__)

NAME_WITHIN_S = 5.0          # from connecting to saying whose call it is
MAX_WAITING_KEYS = 64
MOST_UNREAD = 64_000         # bytes, some four seconds of sound that the other side does not take
SILENCE = bytes(FRAME_BYTES)


class Session(asyncio.Protocol):
    """One call's sound: plays to the patient, gives out what they say and press.

    ``changed`` is set by a key, by the end of what was played, by ``poke`` and when it closes.
    """

    def __init__(self, server: AudioSocketServer) -> None:
        self._server = server
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None
        self._naming: asyncio.TimerHandle | None = None
        self._playing = b""
        self._place = 0
        self.id: uuid.UUID | None = None
        self.keys: deque[str] = deque(maxlen=MAX_WAITING_KEYS)
        self.changed = asyncio.Event()
        self.closed = False
        self.on_sound: Callable[[bytes], None] | None = None

    # --- asyncio.Protocol ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)     # uvloop's is one but in name
        self._naming = asyncio.get_running_loop().call_later(
            NAME_WITHIN_S, self._refuse, "it did not say whose call it is")

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except ProtocolFault as fault:
            self._refuse(str(fault))
            return
        for message in messages:
            if self.id is None:
                if message.kind is not Kind.ID:
                    self._refuse("its first message is not an id")
                    return
                self._named(uuid.UUID(bytes=message.payload))
            else:
                self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()

    # --- for the line --------------------------------------------------------------------------

    def play(self, sound: bytes) -> None:
        """Play sound from its beginning, in place of what is being played."""
        self._playing, self._place = sound, 0

    def fall_silent(self) -> None:
        """Stop playing at once."""
        self._playing, self._place = b"", 0

    @property
    def playing(self) -> bool:
        """Whether there is something left to play."""
        return self._place < len(self._playing)

    def poke(self) -> None:
        """Wake whoever waits for ``changed``."""
        self.changed.set()

    def leave(self) -> None:
        """Give the call back to Asterisk's dialplan."""
        self._send(pack(Kind.HANGUP))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()
        self._over()

    def tick(self) -> None:
        """Send the next 20 ms: sound, or silence that keeps the line alive."""
        if self.closed or self._transport is None:
            return
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self._refuse("it does not read what it is sent")
            self._transport.abort()          # closing would wait for it
            return
        frame = SILENCE
        if self.playing:
            frame = self._playing[self._place:self._place + FRAME_BYTES]
            self._place += FRAME_BYTES
            frame += SILENCE[len(frame):]
            if not self.playing:
                self.changed.set()
        self._transport.write(pack(Kind.AUDIO, frame))

    def _take(self, message: Message) -> None:
        """What the call brings, once it is known whose it is."""
        if message.kind is Kind.AUDIO:
            if self.on_sound:
                self.on_sound(message.payload)
        elif message.kind is Kind.DIGIT:
            self.keys.append(message.payload.decode())
            self.changed.set()
        elif message.kind in (Kind.HANGUP, Kind.ERROR):
            self.close()

    def _send(self, data: bytes) -> None:
        if self._transport and not self.closed:
            self._transport.write(data)

    # --- its life ------------------------------------------------------------------------------

    def _named(self, name: uuid.UUID) -> None:
        if self._naming:
            self._naming.cancel()
        if not self._server.arrived(name, self):
            self._refuse("nobody expects its id")
            return
        self.id = name

    def _refuse(self, why: str) -> None:
        log.warning("an AudioSocket connection is refused", reason=why)
        self.close()

    def _over(self) -> None:
        if self._naming:
            self._naming.cancel()
        if not self.closed:
            self.closed = True
            self._server.gone(self)
            self.changed.set()


class AudioSocketServer:
    """A connection without an id that we gave out is closed.

    Listens at ``bind``, on a free port unless one is given; Asterisk reaches it as ``host``.
    ``session`` is what a connection becomes.
    """

    def __init__(self, bind: str = "127.0.0.1", port: int = 0, *, host: str = "",
                 session: type[Session] = Session) -> None:
        self._bind, self._port, self._host = bind, port, host or bind
        self._session = session
        self._server: asyncio.Server | None = None
        self._expected: dict[uuid.UUID, asyncio.Future[Session]] = {}
        self._sessions: set[Session] = set()
        self.clock = FrameClock()

    @property
    def address(self) -> str:
        """``host:port``, once started."""
        assert self._server is not None
        return f"{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Listen, and let the clock run."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._session(self), self._bind, self._port,
                                                backlog=512)
        self.clock.start()

    async def stop(self) -> None:
        """Close every connection: their calls go on by keys."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.leave()
        await self.clock.stop()
        if self.clock.punctuality.frames:
            log.info("frame_clock", **asdict(self.clock.punctuality))
        if self._server is not None:
            await self._server.wait_closed()

    def expect(self) -> tuple[uuid.UUID, asyncio.Future[Session]]:
        """A new id, good for one connection, and the session that will come by it."""
        name = uuid.uuid4()
        coming: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._expected[name] = coming
        coming.add_done_callback(lambda _: self._expected.pop(name, None))
        return name, coming

    def arrived(self, name: uuid.UUID, session: Session) -> bool:
        """A connection has said its id; whether somebody waits for it."""
        coming = self._expected.pop(name, None)
        if coming is None or coming.done():
            return False
        self._sessions.add(session)
        self.clock.add(session.tick)
        coming.set_result(session)
        return True

    def gone(self, session: Session) -> None:
        """A connection is closed."""
        self._sessions.discard(session)
        self.clock.discard(session.tick)
