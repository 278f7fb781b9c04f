"""Started by Asterisk on the patient's channel, as EAGI: what they say and press goes to the house.

    aftercall-eagi ID HOST:PORT QUIET

Asterisk gives the call's sound (8 kHz slin) on file descriptor 3, and takes AGI commands on
stdout. This is all that runs a process a call, so it does little: it connects to the house as an
AudioSocket does, by the ID that it was given; passes on sound and keys; and lets Asterisk play what
the house names. When the house is gone it ends, and the dialplan goes on; when it ends itself, the
house goes on by keys; so it ends too when Asterisk does not answer it any more.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable

from asterisk.agi import AGIError, AGIHangup

from followup.errors import AftercallError
from ivr.audiosocket.wire import FRAME_BYTES, NUMBER_BYTES, Kind, ProtocolFault, Reader, pack
from ivr.eagi.player import Player
from ivr.eagi.pyst import MendedAgi

SOUND_FD = 3
CONNECT_S = 5.0
NUDGE_S = 0.1


class Listener:
    """One call. Three threads: the sound, the house's word, and (``run``) the channel."""

    def __init__(self, agi: MendedAgi, house: socket.socket, quiet: str,
                 sound_fd: int = SOUND_FD) -> None:
        self._house = house
        self._sound_fd = sound_fd
        self._writing = threading.Lock()
        self._player = Player(agi, quiet, lambda key: self._tell(Kind.DIGIT, key.encode()),
                              lambda number, heard: self._tell(
                                  Kind.PLAYED, number + (b"\0" if heard else b"\1")))

    def run(self) -> None:
        """Until the house lets go; AGIHangup when the call is over."""
        for work in (self._pass_sound_on, self._obey):
            threading.Thread(target=work, daemon=True).start()
        self._player.run()
        self._tell(Kind.HANGUP)

    def _obey(self) -> None:
        """A thread: do what the house says; when it is gone, leave."""
        messages = Reader()
        with contextlib.suppress(OSError, ValueError, ProtocolFault, AGIHangup):
            while True:
                if not select.select([self._house], [], [], NUDGE_S)[0]:
                    self._again(self._player.nudge)
                    continue
                data = self._house.recv(4096)
                for message in messages.feed(data):
                    if message.kind is Kind.PLAY:
                        self._player.want(message.payload[:NUMBER_BYTES],
                                          message.payload[NUMBER_BYTES:].decode())
                    elif message.kind is Kind.STOP:
                        self._player.want()
                    elif message.kind is Kind.HANGUP:
                        self._player.leave()
                if not data:
                    break
        with contextlib.suppress(OSError, ValueError, AGIHangup):    # run() sees it by itself
            while True:
                self._again(self._player.leave)
                time.sleep(NUDGE_S)

    def _again(self, tell: Callable[[], None]) -> None:
        tell()
        if self._player.stuck:
            print("aftercall-eagi: Asterisk does not answer; the call goes on by keys",
                  file=sys.stderr, flush=True)
            os._exit(1)              # run() waits for an answer and cannot be woken

    def _pass_sound_on(self) -> None:
        """A thread: the patient's sound, as it comes, in whole samples."""
        rest = b""
        with contextlib.suppress(OSError):
            while data := os.read(self._sound_fd, FRAME_BYTES):
                rest += data
                whole = len(rest) - len(rest) % 2
                self._tell(Kind.AUDIO, rest[:whole])
                rest = rest[whole:]

    def _tell(self, kind: Kind, payload: bytes = b"") -> None:
        with self._writing, contextlib.suppress(OSError):    # _obey sees that the house is gone
            self._house.sendall(pack(kind, payload))


def main(arguments: list[str]) -> int:
    """Serve the call that Asterisk has started us for."""
    try:
        name, address, quiet = arguments
        host, _, port = address.rpartition(":")
        identity = uuid.UUID(name)
        agi = MendedAgi()
        with socket.create_connection((host, int(port)), CONNECT_S) as house:
            house.settimeout(None)
            house.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            house.sendall(pack(Kind.ID, identity.bytes))
            Listener(agi, house, quiet).run()
    except AGIHangup:
        return 0
    except (AGIError, AftercallError, OSError, ValueError) as error:
        # into Asterisk's own log; never what was said to it, as that holds numbers
        print(f"aftercall-eagi: {type(error).__name__}; the call goes on by keys", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
