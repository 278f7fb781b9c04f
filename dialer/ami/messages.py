"""What goes over the wire: actions to Asterisk, and its responses and events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from panoramisk.actions import Action

from .errors import AmiInjection

Value = str | int | Sequence[str]

MAX_LINE = 1000  # bytes; Asterisk 22 refuses a whole action over a line of 1,025
MAX_HEADERS = 100  # Asterisk drops headers beyond 128
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LINE_BREAKERS = re.compile(r"[\r\n\0]")
# Asterisk reads a Variable header as a list of application arguments: an unescaped comma ends
# the value (brackets and quotes group), quotes and backslashes vanish.
_ARGUMENT_MARKS = re.compile(r'([\\",()\[\]])')


class AmiMessage(Mapping[str, str]):
    """Headers of one message, by name in any case; ``[]`` gives the first of repeated ones."""

    def __init__(self, headers: Sequence[tuple[str, str]]) -> None:
        self._headers: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}
        for name, value in headers:
            self._headers.setdefault(name.lower(), []).append(value)
            self._names.setdefault(name.lower(), name)

    @classmethod
    def parse(cls, block: bytes) -> AmiMessage:
        """Read one whole message (without its blank line); lines that are no header are left."""
        text = block.decode("utf-8", "replace")
        pairs = (line.partition(":") for line in text.split("\r\n"))
        return cls([(name, value.removeprefix(" ")) for name, colon, value in pairs if colon])

    def all(self, name: str) -> list[str]:
        """Every value of a header that may be repeated, in order."""
        return list(self._headers.get(name.lower(), ()))

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()][0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._headers

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        # Values hold phone numbers: names only, so that no log shows one by accident.
        return f"<{type(self).__name__} {' '.join(self)}>"


class AmiEvent(AmiMessage):
    """One event; ``name`` is its ``Event`` header."""

    @property
    def name(self) -> str:
        return self.get("Event", "")


@dataclass(frozen=True)
class AmiReply:
    """Asterisk's answer to an action, with the list events that followed it if asked for."""

    headers: AmiMessage
    events: list[AmiEvent] = field(default_factory=list)


@dataclass(frozen=True)
class OriginateRequest:
    """One call to place. ``channel_id`` becomes the channel's Uniqueid, ``timeout_ms`` is the
    ring time; ``variables`` are set on the new channel, values may hold anything but line breaks.
    """

    channel: str
    context: str
    exten: str
    channel_id: str
    priority: int = 1
    caller_id: str = ""
    timeout_ms: int = 30_000
    variables: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    early_media: bool = False
    pre_dial_gosub: str = ""

    @property
    def action_id(self) -> str:
        """Travels back on OriginateResponse, whose Uniqueid is empty when the call failed."""
        return f"originate:{self.channel_id}"

    def headers(self) -> dict[str, Value]:
        """The headers of the Originate action; raises AmiInjection on a wrong field."""
        for name in ("channel", "context", "exten", "channel_id"):
            if not getattr(self, name):
                raise AmiInjection(f"Originate: {name} is empty", field=name, expected="a value")
        headers: dict[str, Value] = {
            "ActionID": self.action_id, "Async": "true", "Channel": self.channel,
            "ChannelId": self.channel_id, "Context": self.context, "Exten": self.exten,
            "Priority": self.priority, "Timeout": self.timeout_ms}
        optional = {"CallerID": self.caller_id, "Account": self.account,
                    "PreDialGoSub": self.pre_dial_gosub}
        headers |= {name: value for name, value in optional.items() if value}
        if self.early_media:
            headers["EarlyMedia"] = "true"
        if self.variables:
            headers["Variable"] = [variable(name, v) for name, v in self.variables.items()]
        return headers


def originate_channel_id(event: AmiMessage) -> str | None:
    """The ``channel_id`` of the request that an OriginateResponse event answers."""
    prefix, _, channel_id = event.get("ActionID", "").partition(":")
    return channel_id if prefix == "originate" else None


def variable(name: str, value: str) -> str:
    """``NAME=value`` for one Variable header, escaped so that the value arrives unchanged."""
    if not _VARIABLE_NAME.match(name):
        raise AmiInjection(f"variable name {name!r} is not allowed", field="Variable",
                           expected="letters, digits, underscore; no digit first")
    return f"{name}=" + _ARGUMENT_MARKS.sub(r"\\\1", value)


class AmiAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action, checked before a byte of it is written, and what has been answered so far.

    Its future resolves to an AmiReply: at once on the response, or, when ``as_list``, on the
    event that ends the list. No event is kept from its listeners otherwise.
    """

    def __init__(self, name: str, headers: Mapping[str, Value], *, as_list: bool = False) -> None:
        check("Action", name)
        for header, value in headers.items():
            if not _HEADER_NAME.match(header):
                raise AmiInjection(f"header name {header!r} is not allowed", field=repr(header),
                                   expected="letters, digits, hyphen; a letter first")
            for one in [value] if isinstance(value, str | int) else value:
                check(header, one)
        super().__init__({"Action": name, **headers}, as_list=as_list)
        self.name = name
        self.events: list[AmiEvent] = []
        self.response: AmiMessage | None = None
        self.future: asyncio.Future[AmiReply]

    def encode(self) -> bytes:
        """The action as bytes; raises AmiInjection when it has too many headers."""
        data = str(self).encode()
        if data.count(b"\r\n") - 1 > MAX_HEADERS:
            raise AmiInjection(f"{self.name} has too many headers", field="Variable",
                               expected=f"at most {MAX_HEADERS} headers")
        return data

    def add_message(self, message: AmiMessage) -> bool:
        """Take a message that bears our ActionID; False when it is not part of the answer."""
        if self.response is None and "Response" in message and "Event" not in message:
            self.response = message
            listed = self.as_list and message["Response"] == "Success"
            if not listed:
                self._resolve()
            return True
        if self.as_list and isinstance(message, AmiEvent):
            if message.get("EventList") == "Complete" or message.name.endswith("Complete"):
                self._resolve()
            else:
                self.events.append(message)
            return True
        return False

    def _resolve(self) -> None:
        if self.response is not None and not self.future.done():
            self.future.set_result(AmiReply(self.response, self.events))


def check(header: str, value: str | int) -> None:
    """The choke point: refuse a value that Asterisk would not read as one whole header line."""
    text = str(value)
    if _LINE_BREAKERS.search(text):
        raise AmiInjection(f"{header} holds a line break or NUL", field=header,
                           expected="text on one line")
    try:
        size = len(f"{header}: {text}".encode())
    except UnicodeEncodeError as error:
        raise AmiInjection(f"{header} is not valid text", field=header,
                           expected="text that UTF-8 can hold") from error
    if size > MAX_LINE:
        raise AmiInjection(f"{header} is too long: {size} bytes", field=header,
                           expected=f"at most {MAX_LINE} bytes")
