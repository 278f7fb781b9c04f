"""What a node of ours does, and above all what it refuses; on a real Asterisk."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil
import pytest
import pytest_asyncio

from aftercall.loopback_ports import free_port
from asterisk_conf.model import NodeConfig
from asterisk_conf.process import AsteriskProcess
from tests.asterisk_conf.lab import (
    SECRET,
    Ami,
    node_config,
    running_node,
    short_folder,
    until,
)
from tests.asterisk_conf.wire import SipPeer, fastagi, pitch_of, write_tone

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

# The patient's side of a Local channel: records what the hospital's side says.
EAR = """
[ear]
exten => _[a-z]!,1,Answer()
 same => n,Record({folder}/${{EXTEN}}.wav,0,20,kq)
[brief]
exten => s,1,Answer()
 same => n,Wait(1)
"""
LIMIT_S = 10


@dataclass
class Node:
    """The running node of this module."""

    config: NodeConfig
    process: AsteriskProcess
    ami: Ami

    async def follow_up(self, name: str, language: str = "zh") -> None:
        """A follow-up call to an ear, which writes what it hears to ``<name>.wav``."""
        await self.ami.originate(f"Local/{name}@ear/n", f"aftercall-{name}",
                                 Context="aftercall-follow-up", Exten="s", Priority=1)
        await self.ami.event("Newchannel", Uniqueid=f"aftercall-{name}")

    async def ended(self, name: str, seconds: float = 20) -> None:
        """Wait for both sides of that call to be gone, and the recording whole."""
        await self.ami.event("Hangup", seconds, Uniqueid=f"aftercall-{name}")
        await self.ami.event("Hangup", seconds, Uniqueid=f"aftercall-{name};2")

    def fallbacks(self, name: str) -> list[str]:
        """The AGI status of each time the fallback spoke in that call."""
        return [event["AgiStatus"] for event in self.ami.events
                if event.get("UserEvent") == "AftercallFallback"
                and event["Uniqueid"] == f"aftercall-{name}"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    async with short_folder() as root:
        write_tone(root / "zh.wav", 700)
        write_tone(root / "en.wav", 900)
        config = node_config(root / "node", free_port(), max_call_s=LIMIT_S,
                             fallback_sounds={"zh": root / "zh", "en": root / "en"})
        async with running_node(config, EAR.format(folder=config.folders.spool_dir)) as process, \
                Ami.connected(config) as ami:
            yield Node(config, process, ami)


# ---- rights of our manager user ----

@pytest.mark.parametrize(("action", "headers"), [
    ("Command", {"Command": "core show version"}),
    ("GetConfig", {"Filename": "manager.conf"}),
    ("UpdateConfig", {"SrcFilename": "a.conf", "DstFilename": "b.conf"}),
    ("CreateConfig", {"Filename": "a.conf"}),
    ("Reload", {}),
    ("ModuleLoad", {"LoadType": "unload", "Module": "app_dial.so"}),
    ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
    ("DialplanExtensionAdd", {"Context": "from-trunk", "Extension": "_X.", "Priority": "1",
                              "Application": "Dial"}),
    ("Originate", {"Channel": "Local/s@ear", "Application": "System", "Data": "id"}),
    ("Originate", {"Channel": "Local/s@ear", "Application": "AGI", "Data": "/bin/sh"}),
    ("Getvar", {"Variable": "SHELL(id)"}),
])
async def test_the_manager_user_has_no_right_to(node: Node, action: str,
                                                headers: dict[str, str]) -> None:
    reply = await node.ami.action(action, **headers)
    assert reply["Response"] == "Error", reply


@pytest.mark.parametrize(("action", "headers"), [
    ("Ping", {}), ("CoreStatus", {}), ("CoreShowChannels", {}), ("Status", {}),
    ("PJSIPShowRegistrationsOutbound", {}), ("PJSIPQualify", {"Endpoint": "trunk"}),
    ("Getvar", {"Variable": "DEVICE_STATE(PJSIP/agent-8001)"}),
])
async def test_the_manager_user_can(node: Node, action: str, headers: dict[str, str]) -> None:
    reply = await node.ami.action(action, **headers)
    assert reply["Response"] == "Success", reply


async def test_a_wrong_secret_is_refused(node: Node) -> None:
    with pytest.raises(AssertionError, match="Authentication failed"):
        async with Ami.connected(node.config, SECRET + "x"):
            pass


async def test_the_manager_listens_on_loopback_alone(node: Node) -> None:
    assert node.process.pid is not None
    listening = {c.laddr for c in psutil.Process(node.process.pid).net_connections("tcp")
                 if c.status == psutil.CONN_LISTEN}
    assert (node.config.ami_bind, node.config.ami_port) in listening
    assert {address.ip for address in listening} == {"127.0.0.1"}


# ---- nobody gets through to the gateway ----

@pytest.mark.parametrize("caller", ["13800138000", "trunk", "agent-8001", "aftercall", "anonymous"])
async def test_a_stranger_is_turned_away(node: Node, caller: str) -> None:
    async with SipPeer.at("127.0.0.3") as stranger, \
            SipPeer.at("127.0.0.2", node.config.trunk.port) as gateway:
        for user in ("13800138000", "s", "agent-8001"):
            status = await stranger.invite("127.0.0.1", node.config.sip_port, user, caller)
            assert status in (401, 403), (user, status)
        assert gateway.invites == []


@pytest.mark.parametrize("user", [
    "13800138000", "+8613800138000", "0085212345678", "9011442079460000", "s", "trunk",
    "agent-8001", "8001", "aftercall-follow-up", "probe", "end", "h", "T", "i", "*72",
    "1%26PJSIP%2F2", "1%40trunk", "%24%7BSHELL(id)%7D"])
async def test_the_trunk_cannot_be_used_to_dial_out(node: Node, user: str) -> None:
    """A caller from the gateway's own address hears the announcement, or nothing."""
    before = len(node.ami.events)
    async with SipPeer.at("127.0.0.2", node.config.trunk.port) as gateway:
        status = await gateway.invite("127.0.0.1", node.config.sip_port, user)
        assert status in (200, 404, 416, 484, 488, 400), status
        await asyncio.sleep(0.3)
        assert gateway.invites == []
    made = [event for event in node.ami.events[before:] if event["Event"] == "Newchannel"]
    assert len(made) == (1 if status == 200 else 0)
    assert all(event["Context"] == "from-trunk" for event in made)


# ---- never dead air ----

async def test_a_recording_speaks_when_our_side_is_down(node: Node) -> None:
    await node.follow_up("down")
    await node.ended("down")
    assert node.fallbacks("down") == ["FAILURE"]
    heard = pitch_of(node.config.folders.spool_dir / "down.wav")
    assert heard == pytest.approx(700, abs=10)


async def test_it_speaks_the_language_of_the_call(node: Node) -> None:
    async with fastagi(node.config.agi_port, ['SET VARIABLE "CHANNEL(language)" "en"']):
        await node.follow_up("english")
        await node.ended("english")
    assert pitch_of(node.config.folders.spool_dir / "english.wav") == pytest.approx(900, abs=10)


async def test_a_script_that_breaks_off_is_made_good(node: Node) -> None:
    async with fastagi(node.config.agi_port, ["ANSWER"]) as seen:
        await node.follow_up("broken")
        await node.ended("broken")
    assert any(line.endswith("/follow_up") for line in seen)
    assert len(node.fallbacks("broken")) == 1


async def test_a_script_that_is_done_ends_the_call_quietly(node: Node) -> None:
    async with fastagi(node.config.agi_port, ['SET VARIABLE AFTERCALL_DONE "1"']):
        await node.follow_up("done")
        await node.ended("done")
    assert node.fallbacks("done") == []


async def test_a_script_learns_at_once_that_the_patient_hung_up(node: Node) -> None:
    async with fastagi(node.config.agi_port, ["ANSWER"], hold_s=8) as seen:
        await node.ami.originate("Local/s@brief/n", "aftercall-brief",
                                 Context="aftercall-follow-up", Exten="s", Priority=1)
        await node.ended("brief", 5)
        await until(lambda: seen[-1] == "EOF", 10)
    assert "HANGUP" in seen
    assert node.fallbacks("brief") == []


async def test_a_call_without_end_is_ended_politely(node: Node) -> None:
    async with fastagi(node.config.agi_port, ["ANSWER"], hold_s=LIMIT_S + 5):
        await node.follow_up("endless")
        await node.ended("endless", LIMIT_S + 15)
    assert len(node.fallbacks("endless")) == 1


# ---- what doctor and reconciliation ask ----

@pytest.mark.parametrize(("commands", "response"), [
    (None, "Failure"), ([], "Failure"), (['SET VARIABLE AFTERCALL_DONE "1"'], "Success")])
async def test_the_probe_tells_whether_fastagi_is_reached(
        node: Node, commands: list[str] | None, response: str) -> None:
    name = f"probe-{response}-{commands is None}"
    port = free_port() if commands is None else node.config.agi_port
    async with fastagi(port, commands or []) as seen:
        await node.ami.originate("Local/probe@aftercall-doctor", name, Context="aftercall-doctor",
                                 Exten="end", Priority=1)
        reply = await node.ami.event("OriginateResponse", Uniqueid=name)
    assert reply["Response"] == response
    assert any(line.endswith("/probe") for line in seen) == (commands is not None)


async def test_trunk_reachability_is_seen_over_ami(node: Node) -> None:
    async def becomes(state: str, qualify: bool) -> None:
        async with asyncio.timeout(10):
            while True:
                if qualify:
                    await node.ami.action("PJSIPQualify", Endpoint="trunk")
                reply = await node.ami.action("Getvar", Variable="DEVICE_STATE(PJSIP/trunk)")
                if reply["Value"] == state:
                    return
                await asyncio.sleep(0.2)

    before = len(node.ami.events)
    async with SipPeer.at("127.0.0.2", node.config.trunk.port):
        await becomes("NOT_INUSE", qualify=True)
    await node.ami.action("PJSIPQualify", Endpoint="trunk")
    await becomes("UNAVAILABLE", qualify=False)
    changes = [event["ContactStatus"] for event in node.ami.events[before:]
               if event["Event"] == "ContactStatus" and event["AOR"] == "trunk"]
    assert changes[-1] == "Unreachable"


async def test_cel_proves_what_became_of_a_call(node: Node) -> None:
    """One line an event, at once, keyed by the ChannelId that we gave."""
    await node.follow_up("proof")
    file = node.config.folders.log_dir / "cel.csv"

    def rows() -> list[list[str]]:
        lines = csv.reader(file.read_text().splitlines())
        return [row for row in lines if row[2] == "aftercall-proof"]

    await until(lambda: bool(rows()), 10)
    await node.ended("proof")
    await until(lambda: any(row[0] == "CHAN_END" for row in rows()), 10)
    found = rows()
    assert [row[0] for row in found][:2] == ["CHAN_START", "ANSWER"]
    assert {"HANGUP", "CHAN_END"} < {row[0] for row in found}
    hangup = next(row for row in found if row[0] == "HANGUP")
    assert len(hangup) == 11
    assert float(hangup[1]) > float(found[0][1]) > 1.7e9
    assert '"hangupcause":16' in hangup[10]
