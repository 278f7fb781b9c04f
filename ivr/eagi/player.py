"""Plays files on a channel by STREAM FILE, one after the other, and can be told to change.

Asterisk stops a file as soon as it sees a further command, and gives no answer then but to that
command. It may though read the further command along with STREAM FILE itself, when both are
written within a moment, and then not see it before yet another one comes. So a command that is to
cut is sent again until it has worked, and the answers are counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from asterisk.agi import AGIAppError, AGIError, AGIHangup

from ivr.eagi.pyst import MendedAgi, quote

KEYS = "0123456789*#"
STUCK_S = 3.0                # Asterisk stops a file within milliseconds


class Player:
    """``on_key(key)`` and ``on_played(number, heard)`` are called in the thread of ``run``.

    While nothing is wanted the quiet file is played: a gateway may cut a line without sound.
    """

    def __init__(self, agi: MendedAgi, quiet: str, on_key: Callable[[str], None],
                 on_played: Callable[[bytes, bool], None]) -> None:
        self._agi = agi
        self._quiet = quiet
        self._on_key = on_key
        self._on_played = on_played
        self._lock = threading.Lock()            # of all that follows, and of writing to Asterisk
        self._number, self._file = b"", quiet    # what is wanted; no number: the quiet file
        self._offset = 0
        self._leaving = False
        self._busy = False                       # Asterisk has been told to play
        self._cuts = 0                           # and so many times to stop,
        self._cut_at = 0.0                       # for the first time then

    # --- from any thread -----------------------------------------------------------------------

    def want(self, number: bytes = b"", file: str = "") -> None:
        """Play this at once, or nothing, in place of what is played."""
        with self._lock:
            self._number, self._file, self._offset = number, file or self._quiet, 0
            self._cut()

    def leave(self) -> None:
        """Let ``run`` end at once."""
        with self._lock:
            self._leaving = True
            self._cut()

    def nudge(self) -> None:
        """To be called every now and then: tell Asterisk again if it has not stopped yet."""
        with self._lock:
            if self._cuts:
                self._cut()

    @property
    def stuck(self) -> bool:
        """Asterisk does not answer any more: nothing will be played or heard."""
        with self._lock:
            return bool(self._cuts) and time.monotonic() - self._cut_at > STUCK_S

    # --- the thread of the channel -------------------------------------------------------------

    def run(self) -> None:
        """Until told to leave; AGIHangup when the call is over."""
        try:
            self._play_on()
        finally:
            with self._lock:
                self._busy = False               # nobody writes to Asterisk any more

    def _play_on(self) -> None:
        while (number := self._begin()) is not None:
            key, end, failed = self._until_it_is_over()
            if failed:
                self._check_alive()
            with self._lock:
                if wanted := self._number == number and end is not None:
                    self._offset = end or 0 if key else 0     # after a key it goes on from there
                    if not key:
                        self._number, self._file = b"", self._quiet
            if key:
                self._on_key(key)
            elif failed and not number:
                raise AGIError("the quiet file cannot be played")
            elif wanted and number:
                self._on_played(number, not failed)

    def _begin(self) -> bytes | None:
        """Let Asterisk play what is wanted; its number, or None when it is time to leave."""
        with self._lock:
            if self._leaving:
                return None
            self._agi.test_hangup()
            self._busy, self._cuts = True, 0
            self._agi.send_command("STREAM FILE", quote(self._file), quote(KEYS), self._offset)
            return self._number

    def _until_it_is_over(self) -> tuple[str, int | None, bool]:
        """The key that was pressed, where the file ended (None: it was cut), whether it failed."""
        key, end, failed, answered = "", None, False, 0
        while True:
            answer = self._answer()
            with self._lock:
                if answer is not None and "endpos" not in answer:
                    answered += 1
                else:
                    failed = answer is None
                    code, end = (0, 0) if answer is None else (int(answer["result"][0]),
                                                               int(answer["endpos"][0]))
                    key = chr(code) if code else ""
                    if answered < self._cuts:
                        self._cut()              # brings out the one that lies unread
                if answered == self._cuts:
                    self._busy, self._cuts = False, 0
                    return key, end, failed

    def _answer(self) -> dict[str, tuple[str, str]] | None:
        """The next answer; None for -1: the file cannot be played, or the call is over."""
        try:
            return self._agi.get_result()
        except AGIHangup:
            raise
        except AGIAppError:
            return None

    def _check_alive(self) -> None:
        """AGIHangup when the call is over."""
        with self._lock:
            try:
                self._agi.execute("CHANNEL STATUS")
                self._agi.test_hangup()
            except AGIHangup:
                raise
            except AGIAppError as error:
                raise AGIHangup("the call is over") from error

    def _cut(self) -> None:
        if self._busy:
            if not self._cuts:
                self._cut_at = time.monotonic()
            self._cuts += 1
            self._agi.send_command("NOOP")
