"""The questionnaire by pyst2, as a script of its own: it must not pay for importing Aftercall.

``pyst2_flow.py TURNS SPOOL BEEP`` is one call on stdin and stdout, as Asterisk starts it;
``pyst2_flow.py --serve PORT TURNS SPOOL BEEP`` takes calls over TCP, a thread each. Answers are
not stored anywhere: both are compared with Aftercall at an advantage.
"""

import contextlib
import json
import os
import socketserver
import sys
from pathlib import Path
from typing import Any

from asterisk import agi as pyst2


def call(agi: Any, turns: list[Any], spool: str, beep: str) -> None:
    """One call, from MixMonitor to the last word."""
    name = agi.env["agi_uniqueid"]
    agi.execute("EXEC", "MixMonitor", f'"{spool}/{name}.raw,D"')
    heard = []
    for turn in turns:
        *first, last = turn["sounds"]
        if turn["wait"] in ("message", "end"):
            first, last = turn["sounds"], ""
        for sound in first:
            agi.stream_file(sound)
        if turn["wait"] == "message":
            agi.stream_file(beep)
            agi.execute("RECORD FILE", f"{spool}/{name}-message", "wav", '"#"', 60000, 0, "s=4")
        elif last:
            most, wait_ms = (1, 6000) if turn["wait"] == "key" else (6, 8000)
            heard.append(agi.execute("GET DATA", last, wait_ms, most)["result"][0])
    agi.execute("EXEC", "UserEvent", f'"BenchDone,Keys: {"-".join(heard)}"')
    agi.hangup()


def answer(stdin: Any, stdout: Any, flow: tuple[list[Any], str, str]) -> None:
    """Take a call; pyst2 writes all its traffic to stderr, phone numbers too."""
    with Path(os.devnull).open("w") as quiet, \
            contextlib.suppress(pyst2.AGIException, ValueError, OSError):   # the call is over
        call(pyst2.AGI(stdin, stdout, quiet), *flow)


class Server(socketserver.ThreadingTCPServer):
    """A thread a call."""

    allow_reuse_address, daemon_threads, request_queue_size = True, True, 512
    flow: tuple[list[Any], str, str]


class Handler(socketserver.StreamRequestHandler):
    """One connection, one call. pyst2 reads and writes text."""

    server: Server

    def handle(self) -> None:
        number = self.connection.fileno()
        with os.fdopen(os.dup(number), encoding="utf-8") as stdin, \
                os.fdopen(os.dup(number), "w", encoding="utf-8") as stdout:
            answer(stdin, stdout, self.server.flow)


def main() -> None:
    """As Asterisk or the benchmark starts it."""
    serve = sys.argv[1] == "--serve"
    turns, spool, beep = sys.argv[3:6] if serve else sys.argv[1:4]
    flow = (json.loads(Path(turns).read_text()), spool, beep)
    if not serve:
        answer(sys.stdin, sys.stdout, flow)
        return
    pyst2.signal.signal = lambda *_: None        # its constructor does this, no thread may
    with Server(("127.0.0.1", int(sys.argv[2])), Handler) as server:
        server.flow = flow
        server.serve_forever()


if __name__ == "__main__":
    main()
