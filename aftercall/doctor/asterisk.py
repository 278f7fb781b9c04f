"""Checks of each Asterisk node over AMI: itself, trunk, agents, FastAGI, clock."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aftercall.doctor.clock import compared
from aftercall.doctor.result import Check, Result, fail, ok, warn
from dialer.ami import AmiClient, AmiDisconnected, AmiEvent, AmiState, OriginateRequest
from followup.settings import NodeSettings, Settings

PROBE_CONTEXT = "aftercall-doctor"
LOOK_AGAIN_S = 1.0
KEYS_BY_AUDIOSOCKET = (22, 4)        # from here on for certain; late 20 and 21 do too
_PENDING = ("NonQualified", "Unknown", "Created")


class NodeVisit:
    """One connection to a node for all its checks. Use as an async context manager."""

    def __init__(self, node: NodeSettings, secret: str) -> None:
        self.node = node
        self._probes: dict[str, asyncio.Future[AmiEvent]] = {}
        self._settled = asyncio.Event()
        self._state = AmiState("connecting")
        self.client = AmiClient(node.ami_host, node.ami_port, node.ami_username, secret,
                                on_event=self._hear, on_state=self._note)

    async def __aenter__(self) -> NodeVisit:
        await self.client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.stop()

    async def connected(self) -> AmiClient:
        """The client once it is up; AmiDisconnected with the reason when it does not come up."""
        await self._settled.wait()
        if self._state.kind != "up":
            raise AmiDisconnected(f"{self.node.ami_host}:{self.node.ami_port}: "
                                  f"{self._state.reason or self._state.kind}", sent=False)
        return self.client

    async def contacts(self, aor: str) -> list[tuple[str, float]]:
        """Status (``Reachable``, …) and round trip in ms of each contact of ``aor``."""
        client = await self.connected()
        return [(contact.status, (contact.round_trip_us or 0) / 1000)
                for contact in await client.contacts(aor)]

    async def probe(self) -> AmiEvent:
        """Let Asterisk ask our FastAGI server; the event in which it tells how that went."""
        client = await self.connected()
        probe_id = f"doctor-{uuid.uuid4()}"
        self._probes[probe_id] = asyncio.get_running_loop().create_future()
        await client.originate(OriginateRequest(
            channel=f"Local/probe@{PROBE_CONTEXT}", context=PROBE_CONTEXT, exten="end",
            channel_id=probe_id, timeout_ms=10_000, variables={"AFTERCALL_PROBE_ID": probe_id}))
        return await self._probes[probe_id]

    def _note(self, state: AmiState) -> None:
        if state.kind != "connecting":
            self._state = state
            self._settled.set()

    def _hear(self, event: AmiEvent) -> None:
        if event.name == "UserEvent" and event.get("UserEvent") == "AftercallProbe":
            waiting = self._probes.get(event.get("Id", ""))
            if waiting is not None and not waiting.done():
                waiting.set_result(event)


def node_checks(visit: NodeVisit, settings: Settings) -> list[Check]:
    """All checks of one node; when AMI is down the first fails and the others say so."""
    name = visit.node.name
    agi = f"{settings.agi.host}:{settings.agi.port}"

    def check(title: str, look: Callable[[str, NodeVisit, Settings], Awaitable[Result]],
              todo: str) -> Check:
        async def run() -> Result:
            try:
                await visit.connected()
            except AmiDisconnected:
                return warn(f"{name}: {title}", "not asked: AMI is down", "see above")
            return await look(f"{name}: {title}", visit, settings)
        return Check(f"{name}: {title}", run, todo)

    return [
        Check(f"{name}: AMI", lambda: _answers(f"{name}: AMI", visit, settings),
              "start the node (`aftercall up`), or correct its ami_host, ami_port and secret"),
        check("clock", _clock, "see the node's log"),
        check("trunk", _trunk, "see the node's log"),
        check("agents' phones", _agents, "see the node's log"),
        check("FastAGI", _fastagi, f"check that Asterisk can reach {agi}, and its log"),
    ]


async def _answers(name: str, visit: NodeVisit, settings: Settings) -> Result:
    client = await visit.connected()
    version = (await client.action("CoreSettings")).headers.get("AsteriskVersion", "unknown")
    status = await client.core_status()
    seen = (f"Asterisk {version}, up since {status.startup:%Y-%m-%d %H:%M:%S}, "
            f"{status.current_calls} call(s)")
    told = re.match(r"(\d+)\.(\d+)", version)
    release = (int(told[1]), int(told[2])) if told else (99, 0)
    if release < (20, 0):
        return fail(name, seen, "update to Asterisk 20 or newer")
    speech = settings.speech
    if speech.enabled and speech.transport == "audiosocket" and release < KEYS_BY_AUDIOSOCKET:
        return warn(name, f"{seen}; its AudioSocket may not pass on keys",
                    'update Asterisk, or set speech.transport = "eagi" where keys are not heard')
    return ok(name, seen)


async def _clock(name: str, visit: NodeVisit, _: Settings) -> Result:
    client = await visit.connected()
    before = datetime.now(UTC)
    stamp = (await client.action("Ping")).headers.get("Timestamp", "")
    after = datetime.now(UTC)
    try:
        theirs = datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return warn(name, "Asterisk's answer to Ping bears no time", "update Asterisk")
    return compared(name, theirs, before, after)


async def _trunk(name: str, visit: NodeVisit, settings: Settings) -> Result:
    client, trunk = await visit.connected(), settings.trunk
    gateway = f"{trunk.host}:{trunk.port}"
    if trunk.mode == "registration":
        reply = await client.action("PJSIPShowRegistrationsOutbound", collect_list=True)
        states = [event.get("Status", "") for event in reply.events
                  if event.get("ObjectName", "trunk") == "trunk" and "Status" in event]
        if "Registered" not in states:
            return fail(name, f"{gateway}: {', '.join(states) or 'no registration is configured'}",
                        "check trunk.host, username and password against the gateway's account")
    contacts = await visit.contacts("trunk")
    for _ in range(4 if trunk.qualify_s else 0):      # just started: the first OPTIONS is out
        if not contacts or contacts[0][0] not in _PENDING:
            break
        await asyncio.sleep(LOOK_AGAIN_S)
        contacts = await visit.contacts("trunk")
    if not contacts:
        return fail(name, "the node knows no trunk",
                    "its configuration is not ours: restart the node by `aftercall up`")
    status, took_ms = contacts[0]
    if status == "Reachable":
        return ok(name, f"{gateway} answers OPTIONS in {took_ms:.0f} ms")
    if trunk.qualify_s == 0:
        return ok(name, f"{gateway}, not asked (trunk.qualify_s is 0)")
    if status in _PENDING:
        return warn(name, f"{gateway}: not asked yet", f"look again in {trunk.qualify_s} s")
    return fail(name, f"{gateway}: {status}",
                "check that the gateway is on, that trunk.host and port are right, that the "
                "firewall lets UDP through, and that the gateway answers OPTIONS")


async def _agents(name: str, visit: NodeVisit, settings: Settings) -> Result:
    away = []
    for agent in settings.agents:
        contacts = await visit.contacts(f"agent-{agent.extension}")
        if all(status == "Unreachable" for status, _ in contacts):
            away.append(agent.extension)
    if not settings.agents:
        return warn(name, "no agents are set up", "add [[agents]] to the settings")
    if away:
        return warn(name, f"{len(settings.agents) - len(away)} of {len(settings.agents)} "
                    f"registered; not: {', '.join(away)}",
                    "sign these phones in; patients who need a person become call-backs")
    return ok(name, f"all {len(settings.agents)} registered")


async def _fastagi(name: str, visit: NodeVisit, settings: Settings) -> Result:
    event = await visit.probe()
    agi = f"{settings.agi.host}:{settings.agi.port}"
    if event.get("Done") != "1":
        return fail(name, f"Asterisk cannot reach it at {agi} ({event.get('AgiStatus', '')})",
                    "start the FastAGI server (`aftercall up`), or correct agi.host and agi.port; "
                    "until then patients hear the fallback message")
    return ok(name, f"Asterisk reaches it at {agi}")
