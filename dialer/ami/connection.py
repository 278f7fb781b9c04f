"""A connection to one Asterisk node that is kept up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from followup.log import get_logger

from .errors import AmiDisconnected, AmiError, AmiRefused, AmiTimeout
from .messages import AmiAction, AmiEvent, AmiReply, Value
from .protocol import AmiProtocol

log = get_logger(__name__)


@dataclass(frozen=True)
class AmiState:
    """How the connection is: ``refused`` means that the login was, ``reason`` says why."""

    kind: Literal["connecting", "up", "down", "refused"]
    reason: str = ""


class AmiConnection:
    """One connection to one Asterisk node, made again whenever it is lost.

    No action is ever sent twice: one that waits when the connection is lost fails with
    AmiDisconnected. ``on_event`` gets every event in order, ``on_state`` every change; both are
    called in the event loop and must not block. Items of a list that was asked for
    (``collect_list``) go to the reply only. All times are seconds.
    """

    def __init__(self, host: str, port: int, username: str, secret: str, *,
                 on_event: Callable[[AmiEvent], None],
                 on_state: Callable[[AmiState], None] | None = None,
                 connect_timeout: float = 5, action_timeout: float = 5,
                 ping_interval: float = 10, ping_timeout: float = 5,
                 reconnect_delay: tuple[float, float] = (1, 10),
                 refused_delay: float = 30) -> None:
        self.host, self.port = host, port
        self._login = {"Username": username, "Secret": secret, "Events": "on"}
        self._on_event, self._on_state = on_event, on_state
        self._connect_timeout, self._action_timeout = connect_timeout, action_timeout
        self._ping_interval, self._ping_timeout = ping_interval, ping_timeout
        self._reconnect_delay, self._refused_delay = reconnect_delay, refused_delay
        self._protocol: AmiProtocol | None = None
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = log.bind(node=f"{host}:{port}")

    @property
    def connected(self) -> bool:
        """True while logged in to an Asterisk that has fully booted."""
        return self._up.is_set()

    async def start(self) -> None:
        """Begin to connect, in the background; returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"ami {self.host}:{self.port}")

    async def stop(self) -> None:
        """Close the connection and stay away; actions that wait fail with AmiDisconnected."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def wait_connected(self, timeout: float) -> None:  # noqa: ASYNC109
        """Return once connected; raises AmiTimeout after ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        except TimeoutError:
            raise AmiTimeout(f"no connection to Asterisk at {self.host}:{self.port} "
                             f"within {timeout:g} s") from None

    async def action(self, name: str, headers: Mapping[str, Value] | None = None, *,
                     collect_list: bool = False) -> AmiReply:
        """Send one action and return Asterisk's answer to it.

        Raises AmiInjection before anything is written, AmiDisconnected, AmiTimeout, AmiRefused.
        """
        action = AmiAction(name, headers or {}, as_list=collect_list)
        if self._protocol is None or not self.connected:
            raise AmiDisconnected(f"{name}: not connected to Asterisk", sent=False)
        return await self._send(self._protocol, action, self._action_timeout)

    async def _send(self, protocol: AmiProtocol, action: AmiAction, within: float) -> AmiReply:
        future = protocol.send(action)
        try:
            async with asyncio.timeout(within):
                reply: AmiReply = await future
        except TimeoutError:
            raise AmiTimeout(f"{action.name}: no answer from Asterisk "
                             f"within {within:g} s") from None
        finally:
            protocol.forget(action)
        if reply.headers.get("Response") not in ("Success", "Goodbye", "Pong"):
            raise AmiRefused(f"{action.name}: {reply.headers.get('Message', 'refused')}",
                             action=action.name)
        return reply

    async def _run(self) -> None:
        """Connect, stay connected, and after a loss do it again, with growing pauses."""
        failures = 0
        shortest, longest = self._reconnect_delay
        while True:
            self._tell(AmiState("connecting"))
            was_up = False
            try:
                reason = await self._session()
                was_up = True
                state, delay = AmiState("down", reason), 0.0
            except AmiRefused as error:
                self._log.error("ami_login_refused", reason=error.message)
                state, delay = AmiState("refused", error.message), self._refused_delay
            except (AmiError, OSError) as error:
                state, delay = AmiState("down", str(error) or type(error).__name__), 0.0
            except Exception as error:  # noqa: BLE001  # a dead loop would be a silent outage
                self._log.exception("ami_connection_failed")
                state, delay = AmiState("down", type(error).__name__), 0.0
            self._tell(state)
            failures = 0 if was_up else failures + 1
            backoff = min(longest, shortest * 2.0 ** min(failures, 16))
            await asyncio.sleep(delay or backoff * random.uniform(0.5, 1))  # noqa: S311

    async def _session(self) -> str:
        """One connection from login to loss; returns why it was lost once it has been up."""
        protocol = await self._connect()
        pinger: asyncio.Task[None] | None = None
        try:
            login = AmiAction("Login", self._login)
            await self._send(protocol, login, self._connect_timeout)
            pinger = asyncio.create_task(self._ping(protocol))
            await asyncio.wait({protocol.booted, protocol.lost},
                               return_when=asyncio.FIRST_COMPLETED)
            if not protocol.lost.done():
                self._protocol = protocol
                self._up.set()
                self._tell(AmiState("up"))
            reason = await protocol.lost
        finally:
            if pinger is not None:
                pinger.cancel()
            was_up = self.connected
            self._up.clear()
            self._protocol = None
            protocol.close()
        if not was_up:
            raise AmiError(reason)
        return reason

    async def _connect(self) -> AmiProtocol:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, protocol = await loop.create_connection(
                    lambda: AmiProtocol(self._on_event, self._ping_timeout), self.host, self.port)
        except TimeoutError:
            raise AmiTimeout(f"no connection within {self._connect_timeout:g} s") from None
        return protocol

    async def _ping(self, protocol: AmiProtocol) -> None:
        """Notice a half-open connection: a ping without an answer drops it."""
        while True:
            await asyncio.sleep(self._ping_interval)
            try:
                await self._send(protocol, AmiAction("Ping", {}), self._ping_timeout)
            except AmiTimeout:
                protocol.drop("Asterisk does not answer pings")
                return
            except AmiDisconnected:
                return
            except AmiRefused:
                continue  # it answers: the line is alive

    def _tell(self, state: AmiState) -> None:
        if state.kind != "refused":
            level = self._log.warning if state.kind == "down" else self._log.info
            level(f"ami_{state.kind}", reason=state.reason)
        if self._on_state is not None:
            try:
                self._on_state(state)
            except Exception:  # noqa: BLE001  # the listener's fault is not the connection's
                self._log.exception("ami_state_handler_failed")
