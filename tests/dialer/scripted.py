"""An Asterisk that follows a script, and the campaign engine in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time as clock
from pathlib import Path
from typing import Any

from sqlalchemy import select

from dialer.ami import AmiClient, AmiEvent
from dialer.engine import Engine
from dialer.node import CEL_FILE, Node
from followup.calls.models import Attempt, AttemptState
from followup.database.base import now
from followup.database.engine import Database
from followup.settings import DialerSettings, TrunkSettings
from tests.fakes.ami import FakeAmi, FakeAmiSession

DIALER = DialerSettings(window_start=clock(0), window_end=clock(23, 59, 59), poll_s=0.05,
                        settle_s=1)
React = Callable[["ScriptedNode", FakeAmiSession, str, dict[str, list[str]]], Awaitable[None]]


async def take(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                action: dict[str, list[str]]) -> None:
    """Take the call, and say nothing more."""
    await session.answer(action, Message="Originate successfully queued")


async def busy(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
               action: dict[str, list[str]]) -> None:
    """Take the call; the patient's line is busy."""
    await take(node, session, channel_id, action)
    await session.send({"Event": "Hangup", "Uniqueid": channel_id, "Cause": "17",
                        "TechCause": "486"})


@dataclass
class ScriptedNode:
    """What the fake Asterisk knows; ``react`` is what it does with an Originate."""

    folder: Path
    react: React = take
    trunk: str = "Reachable"
    channels: dict[str, str] = field(default_factory=dict)
    originated: list[str] = field(default_factory=list)
    uptime: int = 3600
    mute: bool = False                   # takes what is said, answers nothing
    channels_at_most: int = 1000
    phones: tuple[str, ...] = ()         # extensions of agents that are registered

    def write(self, event: str, channel_id: str, extra: str = "") -> None:
        """A line of the node's record."""
        extra = extra.replace('"', '""')
        with (self.folder / CEL_FILE).open("a") as file:
            file.write(f'"{event}","{now().timestamp():.6f}","{channel_id}","{channel_id}","c",'
                       f'"s","x","","","","{extra}"\n')

    async def serve(self, session: FakeAmiSession) -> None:
        await session.answer(await session.read(), Message="Authentication accepted")
        await session.send({"Event": "FullyBooted", "Uptime": str(self.uptime)})
        while True:
            action = await session.read()
            if self.mute:
                continue
            match action["Action"][0]:
                case "Getvar":
                    asked = action["Variable"][0]
                    value = {"PJSIP_AOR(trunk,contact)": "trunk@@1",
                             "PJSIP_CONTACT(trunk@@1,status)": self.trunk,
                             **{f"PJSIP_AOR(agent-{one},contact)": f"agent-{one}@@1"
                                for one in self.phones},
                             **{f"PJSIP_CONTACT(agent-{one}@@1,status)": "Reachable"
                                for one in self.phones}}.get(asked, "")
                    await session.answer(action, Value=value)
                case "CoreShowChannels":
                    tag = {"ActionID": action["ActionID"][0]}
                    await session.answer(action, EventList="start")
                    await session.send(*({"Event": "CoreShowChannel", **tag, "Uniqueid": one,
                                          "ChannelState": "6", "ChannelStateDesc": state,
                                          "Duration": "00:00:01"}
                                         for one, state in self.channels.items()),
                                       {"Event": "CoreShowChannelsComplete", **tag,
                                        "EventList": "Complete"})
                case "Originate":
                    self.originated.append(action["ChannelId"][0])
                    await self.react(self, session, action["ChannelId"][0], action)
                case _:
                    await session.answer(action)


@asynccontextmanager
async def engine(database: Database, node: ScriptedNode, dialer: DialerSettings = DIALER,
                 **options: Any) -> AsyncIterator[FakeAmi]:
    node.folder.mkdir(parents=True, exist_ok=True)
    (node.folder / CEL_FILE).touch()
    async with FakeAmi(node.serve) as fake, running(database, node, fake, dialer,
                                                              **options):
        yield fake


@asynccontextmanager
async def running(database: Database, node: ScriptedNode, fake: FakeAmi,
                  dialer: DialerSettings = DIALER, **options: Any) -> AsyncIterator[Engine]:
    async with running_on(database, {"node1": (node, fake)}, dialer, **options) as made:
        yield made


@asynccontextmanager
async def running_on(database: Database, nodes: dict[str, tuple[ScriptedNode, FakeAmi]],
                     dialer: DialerSettings = DIALER, channels: int = 10,
                     **options: Any) -> AsyncIterator[Engine]:
    """One worker that has all these nodes."""
    made: Engine

    def node(name: str) -> Node:
        scripted, fake = nodes[name]

        def client(on_event: Callable[[AmiEvent], None]) -> AmiClient:
            return AmiClient("127.0.0.1", fake.port, "u", "s", on_event=on_event,
                             reconnect_delay=(0.05, 0.1), action_timeout=2)
        return Node(name, client, scripted.folder, lambda n, e: made.hear(n, e),
                    scripted.channels_at_most)

    made = Engine(database, [node(name) for name in nodes], dialer,
                  TrunkSettings(channels=channels), **options)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def attempts(database: Database) -> list[Attempt]:
    async with database.session() as session:
        return list(await session.scalars(select(Attempt).order_by(Attempt.committed_at)))


async def ended(database: Database, count: int = 1, seconds: float = 60) -> list[Attempt]:
    """The attempts, once so many have ended."""
    deadline = time.monotonic() + seconds
    while sum(one.state is AttemptState.ENDED for one in await attempts(database)) < count:
        assert time.monotonic() < deadline, [(a.state, a.disposition) for a in
                                             await attempts(database)]
        await asyncio.sleep(0.05)
    return await attempts(database)


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
