"""A call as a script sees it: typed AGI commands, one at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from .errors import AgiAppFailed, AgiCommandFailed, AgiHangup, AgiInjection, AgiProtocolError
from .request import AgiRequest
from .round_trips import RoundTrips
from .wire import MAX_VALUE, Answer, ChannelState, quote

_KEYS = re.compile(r"[0-9*#A-D]*\Z")
RecordEnd = Literal["digit", "timeout", "hangup"]


@dataclass(frozen=True)
class Playback:
    """``digit`` that cut the prompt, None when it was heard to its end; ``end_offset`` in samples
    of the file (8 a millisecond at 8 kHz)."""

    digit: str | None
    end_offset: int


@dataclass(frozen=True)
class Digits:
    """Keys pressed. ``timed_out`` tells silence from an empty input ended by ``#``."""

    value: str
    timed_out: bool


@dataclass(frozen=True)
class Recorded:
    """Why a recording ended, the key that ended it, and its length in samples.

    ``timeout`` also stands for the silence that was asked for.
    """

    reason: RecordEnd
    digit: str | None
    end_offset: int


class AgiChannel:
    """One call. Every command raises AgiHangup once the call is over.

    ``timeout`` (seconds) bounds the wait for Asterisk's answer: AgiTimeout, after which the
    connection is of no use. Commands that answer at once have ``quick`` as theirs, and are timed
    in ``round_trips``.
    """

    def __init__(self, request: AgiRequest, quick: float = 10,
                 round_trips: RoundTrips | None = None) -> None:
        self._request = request
        self._quick = quick
        self._round_trips = round_trips
        self.headers: Mapping[str, str] = request.headers
        url = urlsplit(self.headers.get("agi_request", ""))
        #: The script's name, without the query that Asterisk leaves on it.
        self.network_script = script_name(self.headers)
        #: The query of the AGI address; of repeated names the last.
        self.query: dict[str, str] = dict(parse_qsl(url.query, keep_blank_values=True))
        #: Further arguments of the dialplan's AGI(), in order.
        self.args: list[str] = []
        while (value := self.headers.get(f"agi_arg_{len(self.args) + 1}")) is not None:
            self.args.append(value)

    @property
    def unique_id(self) -> str:
        """The channel's Uniqueid: for calls we placed, the ChannelId we gave."""
        return self.headers.get("agi_uniqueid", "")

    @property
    def name(self) -> str:
        """The channel's name, such as ``PJSIP/trunk-00000001``."""
        return self.headers.get("agi_channel", "")

    @property
    def hung_up(self) -> bool:
        """True once Asterisk has told that the call is over."""
        return self._request.hung_up

    async def answer(self) -> None:
        """Answer the call if it is not yet."""
        await self._run("ANSWER", within=self._quick)

    async def hangup(self) -> None:
        """Hang the call up; commands raise AgiHangup from then on."""
        await self._run("HANGUP", within=self._quick)
        self._request.hung_up = True

    async def stream_file(self, name: str, escape_digits: str = "", offset: int = 0, *,
                          timeout: float | None = None) -> Playback:  # noqa: ASYNC109
        """Play a sound from sample ``offset`` on; any of ``escape_digits`` cuts it.

        Raises AgiCommandFailed when there is no such file.
        """
        answer = await self._run("STREAM FILE", _file(name), _keys(escape_digits), str(offset),
                                 within=timeout)
        return Playback(_digit(answer), answer.endpos)

    async def wait_for_digit(self, timeout_ms: int) -> str | None:
        """The next key, None when none comes within ``timeout_ms`` (at least 0)."""
        if timeout_ms < 0:
            raise AgiInjection("timeout_ms is negative", field="timeout_ms",
                               expected="0 or more: a call is not waited on for ever")
        answer = await self._run("WAIT FOR DIGIT", str(timeout_ms),
                                 within=timeout_ms / 1000 + self._quick)
        return _digit(answer)

    async def get_data(self, file: str, timeout_ms: int, max_digits: int, *,
                       timeout: float | None = None) -> Digits:  # noqa: ASYNC109
        """Play a sound and collect keys, up to ``max_digits`` or ``#``; a key cuts the sound.

        ``timeout_ms`` is the pause, after the sound or a key, that ends the input.
        """
        answer = await self._run("GET DATA", _file(file), str(timeout_ms), str(max_digits),
                                 within=timeout)
        return Digits(answer.result, answer.data == "timeout")

    async def record_file(self, name: str, format: str, escape_digits: str, timeout_ms: int,  # noqa: A002
                          silence_s: int = 0, beep: bool = False) -> Recorded:
        """Record to ``name.format`` until a key, a time-out or ``silence_s`` seconds of silence.

        A hang-up ends the recording like a key does: what was said is in the file and counts;
        only the next command raises AgiHangup.
        """
        arguments = [_file(name), quote("format", format), _keys(escape_digits), str(timeout_ms),
                     "0", *(["BEEP"] if beep else []), *([f"s={silence_s}"] if silence_s else [])]
        within = timeout_ms / 1000 + self._quick if timeout_ms > 0 else None
        answer = await self._send("RECORD FILE", *arguments, within=within)
        if answer.data in ("hangup", "waitfor"):
            self._request.hung_up = True
            return Recorded("hangup", None, answer.endpos)
        if answer.data == "dtmf":
            return Recorded("digit", _digit(answer), answer.endpos)
        if answer.data == "timeout":
            return Recorded("timeout", None, answer.endpos)
        await self._check_alive("RECORD FILE")
        raise AgiCommandFailed(f"RECORD FILE failed: {answer.data}")

    async def exec(self, app: str, *args: str, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Run a dialplan application and return its result.

        An argument with a comma outside brackets is refused: the application would take it for
        two. Raises AgiAppFailed when the application is not there or failed.
        """
        if not re.fullmatch(r"[A-Za-z]\w*", app):
            raise AgiInjection("app is not an application's name", field="app",
                               expected="letters, digits, underscore")
        for number, arg in enumerate(args, 1):
            if "," in re.sub(r"\([^()]*\)", "", arg):
                raise AgiInjection(f"argument {number} of {app} holds a comma", field="args",
                                   expected="commas inside brackets only")
        answer = await self._send(f"EXEC {app}", quote("args", ",".join(args)), within=timeout)
        if answer.result == "-2":
            raise AgiAppFailed(f"there is no application {app}")
        if answer.result == "-1":
            await self._check_alive(app)
            raise AgiAppFailed(f"{app} failed")
        return answer.result

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or function to exactly ``value`` (at most 1,000 bytes)."""
        if len(value.encode("utf-8", "replace")) > MAX_VALUE:
            raise AgiInjection(f"the value of {name} is too long", field=name,
                               expected=f"at most {MAX_VALUE} bytes")
        await self._run("SET VARIABLE", quote("name", name), quote(name, value),
                        within=self._quick)

    async def get_variable(self, name: str) -> str | None:
        """A channel variable or function, None when it is not set; cut after 1,023 bytes."""
        return await self._value("GET VARIABLE", quote("name", name))

    async def get_full_variable(self, expression: str) -> str | None:
        """``expression`` with its ``${...}`` put in."""
        return await self._value("GET FULL VARIABLE", quote("expression", expression))

    async def channel_status(self) -> ChannelState:
        """How far the call is."""
        answer = await self._run("CHANNEL STATUS", within=self._quick)
        try:
            return ChannelState(int(answer.result))
        except ValueError:
            raise AgiProtocolError("CHANNEL STATUS: no channel state in the answer") from None

    async def verbose(self, text: str, level: int = 1) -> None:
        """Write a line to Asterisk's log (never a phone number)."""
        await self._run("VERBOSE", quote("text", text), str(level), within=self._quick)

    async def noop(self) -> None:
        """Nothing, answered: tells whether Asterisk still listens."""
        await self._run("NOOP", within=self._quick)

    async def _value(self, command: str, argument: str) -> str | None:
        answer = await self._run(command, argument, within=self._quick)
        return None if answer.result == "0" else answer.data or ""

    async def _run(self, command: str, *arguments: str, within: float | None) -> Answer:
        """Send a command for which -1 means failure; raises AgiHangup or AgiCommandFailed then."""
        answer = await self._send(command, *arguments, within=within)
        if answer.result == "-1":
            await self._check_alive(command)
            raise AgiCommandFailed(f"{command} failed")
        return answer

    async def _check_alive(self, command: str) -> None:
        """Asterisk says -1 for a hang-up and for a failure: ask which it was."""
        with suppress(AgiHangup):
            await self._request.send_command("CHANNEL STATUS", self._quick)
        if self.hung_up:
            raise AgiHangup(f"{command}: the call was hung up")

    async def _send(self, command: str, *arguments: str, within: float | None) -> Answer:
        began = time.perf_counter()
        answer: Answer = await self._request.send_command(" ".join([command, *arguments]), within)
        if self._round_trips is not None and within == self._quick:
            self._round_trips.add(time.perf_counter() - began)
        return answer


def script_name(headers: Mapping[str, str]) -> str:
    """The route of a request: ``agi_network_script`` without query and slashes."""
    return headers.get("agi_network_script", "").partition("?")[0].strip("/")


def _file(name: str) -> str:
    if not name or "&" in name:
        raise AgiInjection("file is not one sound's name", field="file",
                           expected="a path without extension")
    return quote("file", name)


def _keys(digits: str) -> str:
    if not _KEYS.match(digits):
        raise AgiInjection("escape_digits holds what is no key", field="escape_digits",
                           expected="0-9, *, #, A-D")
    return quote("escape_digits", digits)


def _digit(answer: Answer) -> str | None:
    """The key whose ASCII number is the result; None for 0."""
    if answer.result in ("", "0"):
        return None
    try:
        return chr(int(answer.result))
    except ValueError:
        raise AgiProtocolError("the answer's result is no key") from None
