"""Real Asterisks for tests: an installation, free ports, a node, and a bare AMI client."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aftercall.loopback_ports import free_port
from aftercall.provision.asterisk import AsteriskInstall, find_asterisk
from asterisk_conf import modules
from asterisk_conf.model import AgentEndpoint, Folders, NodeConfig, TrunkConfig
from asterisk_conf.process import AsteriskProcess
from asterisk_conf.render import write_node
from tests.asterisk_conf.wire import write_tone

SECRET = "a-secret-of-tests"
Message = dict[str, str]


def install() -> AsteriskInstall:
    """The Asterisk that Aftercall itself would run."""
    return find_asterisk(lambda _: None, modules.NODE)


@asynccontextmanager
async def short_folder() -> AsyncIterator[Path]:
    """A folder whose path is short enough for Asterisk's control socket."""
    folder = Path(tempfile.mkdtemp(prefix="ac-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def node_config(root: Path, gateway_port: int = 5090, **changes: Any) -> NodeConfig:
    """A node under ``root`` on ports that nobody has."""
    here = install()
    write_tone(root / "hold" / "tone.wav", 350)
    config = NodeConfig(
        hold_sounds={"zh": root / "hold"},
        folders=Folders.under(root, here.modules_dir, here.data_dir), ami_secret=SECRET,
        trunk=TrunkConfig(host="127.0.0.2", port=gateway_port, qualify_s=1),
        sip_port=free_port(), http_port=free_port(), ami_port=free_port(), agi_port=free_port(),
        agents=(AgentEndpoint("8001", "张护士", "sip", SECRET),
                AgentEndpoint("8002", "Nurse Li", "sip", SECRET),
                AgentEndpoint("8003", "Nurse Wu", "webrtc", SECRET)))
    return replace(config, **changes)


@asynccontextmanager
async def running_node(config: NodeConfig, dialplan: str = "") -> AsyncIterator[AsteriskProcess]:
    """The node's Asterisk, with test contexts added to its dialplan."""
    write_node(config)
    with (config.folders.etc_dir / "extensions.conf").open("a") as file:
        file.write(dialplan)
    process = AsteriskProcess(install().argv, config.folders)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait for something to be true; AssertionError when it is not in time."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if holds():
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s") from None


class Ami:
    """As little of the manager interface as a test needs; all events are kept in ``events``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.events: list[Message] = []
        self._replies: dict[str, Message] = {}
        self._news = asyncio.Condition()
        self._ids = itertools.count(1)
        self._task = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def connected(cls, config: NodeConfig, secret: str = SECRET) -> AsyncIterator[Ami]:
        """Logged in as our user."""
        reader, writer = await asyncio.open_connection(config.ami_bind, config.ami_port)
        await reader.readline()      # the banner
        ami = cls(reader, writer)
        try:
            reply = await ami.action("Login", Username=config.ami_username, Secret=secret)
            assert reply["Response"] == "Success", reply
            yield ami
        finally:
            ami._task.cancel()
            await asyncio.gather(ami._task, return_exceptions=True)
            writer.close()

    async def action(self, name: str, *variables: str, **headers: str | int) -> Message:
        """Send an action; its response."""
        action_id = f"t{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}",
                 *(f"{key}: {value}" for key, value in headers.items()),
                 *(f"Variable: {variable}" for variable in variables)]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._until(lambda: action_id in self._replies, 10)
        return self._replies.pop(action_id)

    async def event(self, name: str, seconds: float = 10, **wanted: str) -> Message:
        """The first event of that name and with those headers, waited for."""
        def found() -> Message | None:
            return next((event for event in self.events if event["Event"] == name and all(
                event.get(key) == value for key, value in wanted.items())), None)
        await self._until(lambda: found() is not None, seconds, f"{name} {wanted}")
        event = found()
        assert event is not None
        return event

    async def originate(self, channel: str, channel_id: str, seconds: float = 30,
                        **headers: str | int) -> Message:
        """Place a call; the OriginateResponse is not waited for."""
        return await self.action("Originate", Channel=channel, ChannelId=channel_id, Async="true",
                                 Timeout=int(seconds * 1000), **headers)

    async def _until(self, holds: Callable[[], bool], seconds: float, what: str = "") -> None:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"not within {seconds:g} s: {what}; last events: "
                                 f"{self.events[-5:]}") from None

    async def _read(self) -> None:
        message: Message = {}
        while line := await self._reader.readline():
            if text := line.decode().rstrip("\r\n"):
                key, _, value = text.partition(":")
                message[key] = value.strip()
                continue
            async with self._news:
                if "Event" in message:
                    self.events.append(message)
                elif "ActionID" in message:
                    self._replies[message["ActionID"]] = message
                message = {}
                self._news.notify_all()
