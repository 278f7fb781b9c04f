"""pyst2's AGI, mended: what Asterisk says is read as it is meant, and nothing is told to others.

pyst2 serves scripts that Asterisk starts itself. Its faults, each with a test: it writes all
traffic, phone numbers included, to stderr; quotes and line breaks in arguments go out as they are;
the end of the stream, ``HANGUP`` and ``100 Trying`` are taken for answers.
"""

from __future__ import annotations

import re
import sys
from typing import TextIO

from asterisk.agi import AGI, AGIError, AGIHangup, AGIUnknownError

from followup.errors import InvalidInput

MOST_BYTES = 2000            # Asterisk reads a command into 2,048 bytes and cuts what is beyond
DEAD_CHANNEL = 511


class MendedAgi(AGI):  # type: ignore[misc]  # pyst2 has no types
    """One call, by stdin and stdout. Everything raises AGIHangup once it is over.

    To be made in a process's main thread: pyst2 listens to SIGHUP, by which Asterisk tells a
    script of its own that the call is over.
    """

    def __init__(self, stdin: TextIO = sys.stdin, stdout: TextIO = sys.stdout) -> None:
        self._answers = _Answers(stdin)
        super().__init__(self._answers, stdout, _Nowhere())
        if not self.env:
            raise AGIHangup("Asterisk closed the stream before the call began")
        self._answers.begun = True

    def test_hangup(self) -> None:
        """AGIHangup when Asterisk has told that the call is over, in whichever way."""
        super().test_hangup()
        if self._answers.hung_up:
            raise AGIHangup("the call is over")

    def send_command(self, command: str, *args: object) -> None:
        """Write one command; InvalidInput when Asterisk would not read it as one."""
        line = " ".join([command, *map(str, args)]).strip()
        _check(line)
        if len(line.encode()) > MOST_BYTES:
            raise InvalidInput(f"the command is too long: expected at most {MOST_BYTES} bytes",
                               field="command")
        try:
            super().send_command(line)
        except OSError as error:
            raise AGIHangup("Asterisk closed the stream") from error

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        """The answer to a command; AGIHangup, AGIError."""
        try:
            answer: dict[str, tuple[str, str]] = super().get_result()
        except AGIUnknownError as error:
            if error.args[:1] == (DEAD_CHANNEL,):
                raise AGIHangup("the channel is dead") from error
            raise
        except ValueError as error:
            raise AGIError("Asterisk's answer does not begin with a code") from error
        return answer

    def stream_file(self, filename: str, escape_digits: str = "", sample_offset: int = 0) -> str:
        """As pyst2's, for any file name."""
        digit: str = super().stream_file(self._quote(filename), escape_digits, sample_offset)
        return digit

    def _quote(self, string: object) -> str:
        return quote(string)


def quote(value: object) -> str:
    """A value as one argument of a command, whatever is in it."""
    text = str(value)
    _check(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _check(text: str) -> None:
    if re.search(r"[\r\n\0]", text):
        raise InvalidInput("a line break or NUL in a command: expected one line", field="command")


class _Answers:
    """Asterisk's side of the stream, without what is no answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.begun = False           # the headers are over
        self.hung_up = False

    def readline(self) -> str:
        """The next line that belongs to a header or an answer."""
        while (line := self._stream.readline()).endswith("\n"):
            if not self.begun:
                return line
            if line.strip() == "HANGUP":
                self.hung_up = True
            elif not line.startswith("100"):
                return line
        if self.begun:
            self.hung_up = True
            raise AGIHangup("Asterisk closed the stream")
        return ""                    # pyst2 takes it for the headers' end


class _Nowhere:
    """Where pyst2's account of the call goes."""

    def write(self, text: str) -> int:
        return len(text)
