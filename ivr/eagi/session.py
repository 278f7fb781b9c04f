"""The house's end of a call that an EAGI listener hears: it is told which files to play."""

from __future__ import annotations

from pathlib import PurePath

from followup.log import get_logger
from ivr.audiosocket.server import AudioSocketServer, Session
from ivr.audiosocket.wire import FRAME_MS, NUMBER_BYTES, Kind, Message, pack

log = get_logger(__name__)


PATIENCE_S = 5.0             # beyond a file's length, until it is taken to have no end


class EagiSession(Session):
    """As a session by AudioSocket, but Asterisk plays the files, on the listener's word."""

    def __init__(self, server: AudioSocketServer) -> None:
        super().__init__(server)
        self._number = 0
        self._file = ""
        self._plays = False
        self._frames_left = 0.0

    def play_file(self, name: str, seconds: float) -> None:
        """Play a file (without its ending) from its beginning, in place of what is played."""
        self._frames_left = (seconds + PATIENCE_S) * 1000 / FRAME_MS
        self._number += 1
        self._file = name
        self._plays = True
        self._send(pack(Kind.PLAY, self._now + name.encode()))

    def fall_silent(self) -> None:
        """Stop playing at once."""
        if self._plays:
            self._plays = False
            self._send(pack(Kind.STOP))

    @property
    def playing(self) -> bool:
        """Whether the file is not over yet."""
        return self._plays

    @property
    def _now(self) -> bytes:
        return self._number.to_bytes(NUMBER_BYTES)

    def tick(self) -> None:
        """The listener keeps the channel alive; but nobody waits for it for ever."""
        if self._plays:
            self._frames_left -= 1
            if self._frames_left < 0:
                log.error("a prompt has no end", file=PurePath(self._file).name)
                self.close()

    def _take(self, message: Message) -> None:
        if message.kind is not Kind.PLAYED:
            super()._take(message)
        elif message.payload[:NUMBER_BYTES] == self._now:
            if message.payload[NUMBER_BYTES:] != b"\0":
                log.error("a prompt cannot be played", file=PurePath(self._file).name)
            self._plays = False
            self.changed.set()
