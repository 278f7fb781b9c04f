"""One TCP connection to Asterisk's manager interface: bytes in, messages out."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from panoramisk.ami_protocol import AMIProtocol

from followup.log import get_logger

from .errors import AmiDisconnected, AmiError
from .messages import AmiAction, AmiEvent, AmiMessage

BANNER = b"Asterisk Call Manager/"
MAX_MESSAGE = 64 * 1024  # bytes; Asterisk's largest events take some 4 KB
_END = b"\r\n\r\n"

log = get_logger(__name__)


class AmiProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Splits the stream into messages and matches responses to the actions that wait.

    Differs from panoramisk's in that bytes are decoded a whole message at a time, that the buffer
    is bounded, that nothing is ever sent again, and that events are kept from no one.
    """

    def __init__(self, on_event: Callable[[AmiEvent], None], send_timeout: float) -> None:
        self._on_event = on_event
        self._send_timeout = send_timeout
        self._buffer = bytearray()
        self.closed = False
        loop = asyncio.get_running_loop()
        #: Done once Asterisk says that it has fully booted.
        self.booted: asyncio.Future[str] = loop.create_future()
        #: Done, with the reason as result, once the connection is gone.
        self.lost: asyncio.Future[str] = loop.create_future()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.responses: dict[str, AmiAction] = {}
        sock = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # So that the kernel gives up as soon as we do, and delivers no stale Originate
            # minutes later when the network comes back.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT,
                            int(self._send_timeout * 1000))

    def send(self, action: AmiAction, as_list: bool = False) -> asyncio.Future[Any]:
        """Write one action; its future gets an AmiReply, or AmiDisconnected."""
        data = action.encode()
        if self.closed:
            raise AmiDisconnected("not connected to Asterisk", sent=False)
        if action.id in self.responses:
            raise AmiError(f"{action.name} with this ActionID is still waiting for its answer")
        self.responses[action.id] = action
        self.transport.write(data)
        return action.future

    def forget(self, action: AmiAction) -> None:
        """Wait for its answer no longer."""
        self.responses.pop(action.id, None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.version is None and not self._read_banner():
            return
        while not self.closed and (end := self._buffer.find(_END)) >= 0:
            block = bytes(self._buffer[:end])
            del self._buffer[:end + len(_END)]
            if len(block) > MAX_MESSAGE:
                self.drop("a message from Asterisk is too long")
                return
            self._handle_block(block.strip(b"\r\n"))
        if len(self._buffer) > MAX_MESSAGE:
            self.drop("a message from Asterisk has no end")

    def _read_banner(self) -> bool:
        line, newline, rest = self._buffer.partition(b"\r\n")
        if not newline and BANNER.startswith(line[:len(BANNER)]) and len(line) < 200:
            return False
        if not line.startswith(BANNER):
            self.drop("what answers there is not Asterisk's manager interface")
            return False
        self.version = line[len(BANNER):].decode("ascii", "replace")
        self._buffer = rest
        return True

    def _handle_block(self, block: bytes) -> None:
        message = AmiMessage.parse(block)
        if "Event" in message:
            message = AmiEvent.parse(block)
        elif "Response" not in message:
            if block:
                log.warning("ami_message_unknown", bytes=len(block))
            return
        self.handle_message(message)

    def handle_message(self, message: AmiMessage) -> None:
        action = self.responses.get(message.get("ActionID", ""))
        if action is not None and action.add_message(message):
            if action.future.done():
                self.forget(action)
        elif isinstance(message, AmiEvent):
            if message.name == "FullyBooted" and not self.booted.done():
                self.booted.set_result("")
            try:
                self._on_event(message)
            except Exception:  # the listener's fault is not the reader's
                log.exception("ami_event_handler_failed", ami_event=message.name)

    def drop(self, reason: str) -> None:
        """Cut the connection at once; what is still in the kernel's buffers is thrown away."""
        if self.closed:
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        self._finish(reason)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(f"connection lost: {exc}" if exc else "Asterisk closed the connection")

    def close(self) -> None:
        self.drop("closed by us")

    def _finish(self, reason: str) -> None:
        """Fail all that waits, once. Never queues anything to be sent again."""
        if self.closed:
            return
        self.closed = True
        self._buffer.clear()
        for action in self.responses.values():
            if not action.future.done():
                action.future.set_exception(AmiDisconnected(
                    f"{action.name}: connection to Asterisk lost ({reason})", sent=True))
                action.future.exception()  # whoever waited may be gone: no warning then
        self.responses.clear()
        if not self.lost.done():
            self.lost.set_result(reason)
