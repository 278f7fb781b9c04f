"""Asterisk's side of an EAGI script: reads commands and plays files as Asterisk does.

A file is stopped, without an answer, by the next command; one that was read along with STREAM FILE
itself lies unseen until yet another comes, as it does in Asterisk's buffer.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from pathlib import PurePath

NUMBER = "13812345678"
HEADERS = (f"agi_request: aftercall-eagi\nagi_channel: PJSIP/trunk-1\nagi_callerid: {NUMBER}\n"
           f"agi_dnid: {NUMBER}\nagi_enhanced: 1.0\n\n")
HALF = 4000                  # samples that a file has played when something stops it


class FakeEagi:
    """``from_script`` and ``to_script`` are the script's stdout and stdin, as descriptors."""

    def __init__(self, from_script: int, to_script: int, *, missing: tuple[str, ...] = ()) -> None:
        self._in, self._out = from_script, to_script
        self._missing = missing
        self._unread = b""
        self._wake_in, self._wake_out = os.pipe()
        self._news = threading.Condition()
        self.commands: list[str] = []
        self.playing: str | None = None
        self.offset = 0
        self._swallow = 0
        self._event: tuple[str, str] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, headers: str = HEADERS) -> None:
        """Begin the call."""
        os.write(self._out, headers.encode())
        self._thread.start()

    # --- for tests -----------------------------------------------------------------------------

    def plays(self, name: str) -> None:
        """Wait until this file is being played."""
        self.until(lambda: self.playing == name)

    def until(self, holds: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(holds, 40), (self.playing, self.commands)

    def press(self, key: str) -> None:
        """The patient presses a key while something plays."""
        self._tell("key", key)

    def finish(self) -> None:
        """The file has been heard to its end."""
        self._tell("end", "")

    def finish_as_it_is_cut(self) -> None:
        """The file ends in the very moment in which it is to be cut: both are answered."""
        self._tell("end as cut", "")

    def swallow(self, times: int = 1) -> None:
        """Read the next commands along with the one before, unseen."""
        self._swallow = times

    def hang_up(self) -> None:
        """Close both pipes, as Asterisk does."""
        self._tell("hang up", "")
        self._thread.join(10)

    # --- Asterisk ------------------------------------------------------------------------------

    def _tell(self, event: str, key: str) -> None:
        self._event = (event, key)
        os.write(self._wake_out, b".")

    def _run(self) -> None:
        try:
            while (line := self._line()) is not None:
                with self._news:
                    self.commands.append(line)
                    self._news.notify_all()
                if line.startswith("STREAM FILE"):
                    if not self._play(line):
                        break
                elif line == "CHANNEL STATUS":
                    self._answer("200 result=6")
                else:
                    self._answer("200 result=0")
        except OSError:
            pass
        finally:
            with self._news:
                self.playing = None
                self._news.notify_all()
            for descriptor in (self._in, self._out):
                os.close(descriptor)

    def _line(self) -> str | None:
        """What is in the buffer is only looked at once more can be read."""
        while True:
            ready = select.select([self._in, self._wake_in], [], [])[0]
            if self._in in ready:
                break
            if self._event and self._event[0] == "hang up":
                return None
            os.read(self._wake_in, 1)
        if b"\n" not in self._unread:
            data = os.read(self._in, 4096)
            if not data:
                return None
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def _play(self, line: str) -> bool:
        name, offset = line.split('"')[1], int(line.rsplit(" ", 1)[1])
        if PurePath(name).name in self._missing:
            self._answer("200 result=-1 endpos=0")
            return True
        with self._news:
            self.playing, self.offset = PurePath(name).name, offset
            self._news.notify_all()
        while True:
            ready = select.select([self._in, self._wake_in], [], [])[0]
            as_cut = self._wake_in in ready and self._event and self._event[0] == "end as cut"
            if self._in in ready and not as_cut:
                if not self._swallow:
                    break                            # stopped, without an answer
                self._swallow -= 1
                self._unread += os.read(self._in, 4096)
                continue
            os.read(self._wake_in, 1)
            assert self._event is not None
            event, key = self._event
            if event == "hang up":
                return False
            if event == "end as cut":
                select.select([self._in], [], [], 10)
            code = ord(key) if key else 0
            self._answer(f"200 result={code} endpos={offset + HALF}")
            break
        with self._news:
            self.playing = None
            self._news.notify_all()
        return True

    def _answer(self, text: str) -> None:
        os.write(self._out, f"{text}\n".encode())
