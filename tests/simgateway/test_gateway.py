"""The simulated gateway beside a node of ours, both real Asterisks: what each sees of the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from aftercall.loopback_ports import free_port
from asterisk_conf.model import NodeConfig
from asterisk_conf.process import AsteriskProcess
from simgateway.gateway import SimGateway
from simgateway.personas import Persona, load_personas
from simgateway.render import SimAgent
from tests.asterisk_conf.lab import (
    SECRET,
    Ami,
    install,
    node_config,
    running_node,
    short_folder,
    until,
)
from tests.asterisk_conf.wire import pitch_of, write_tone

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

# `prompts`: three prompts, each of two sentences half a second apart; then silence for keys.
# `ear`: records what the far end says.
DIALPLAN = """
[prompts]
exten => s,1,Set(N=0)
 same => n(next),Set(N=$[${{N}}+1])
 same => n,UserEvent(PromptBegins)
 same => n,Playtones(500/10000)
 same => n,Wait(0.8)
 same => n,StopPlaytones()
 same => n,Wait(0.5)
 same => n,Playtones(500/10000)
 same => n,Wait(0.8)
 same => n,StopPlaytones()
 same => n,UserEvent(PromptEnds)
 same => n,Wait(3.2)
 same => n,GotoIf($[${{N}} < 3]?next)
 same => n,Hangup()
[ear]
exten => _[a-z]!,1,Record({folder}/${{EXTEN}}.wav,0,3,kq)
 same => n,Hangup()
exten => s,1,Wait(30)
[mix]
exten => _[a-z]!,1,Set(CHANNEL(language)=${{EXTEN}})
 same => n,MixMonitor({folder}/${{EXTEN}}.wav)
 same => n,Goto(aftercall-follow-up,s,1)
"""
PEOPLE = {"70": ["press 1", "press 36*5#", "say tone 1"],
          "71": ["press 1 early", "press 2# at once"],
          "72": ["say tone 2 at once", "hang up"],
          "73": ["listen", "hang up"]}


def person(code: str) -> Persona:
    return Persona.model_validate({
        "code": code, "name": f"test-{code}", "title": {"zh": "测", "en": "T"}, "ring_s": 0.2,
        "steps": PEOPLE[code], "expect": {"disposition": "partial"}})


@dataclass
class Lab:
    """Both Asterisks of this module."""

    config: NodeConfig
    node: AsteriskProcess
    gateway: SimGateway
    ami: Ami
    calls: list[str] = field(default_factory=list)

    async def call(self, number: str, context: str, seconds: float = 30, exten: str = "s") -> str:
        """Dial a number through the trunk; the call's Uniqueid."""
        channel_id = f"aftercall-{len(self.calls)}"
        self.calls.append(channel_id)
        await self.ami.originate(f"PJSIP/{number}@trunk", channel_id, seconds, Context=context,
                                 Exten=exten, Priority=1)
        return channel_id

    def of(self, channel_id: str) -> list[str]:
        """What happened in a call, in order: prompts and keys."""
        told = []
        for event in self.ami.events:
            if event.get("Uniqueid") == channel_id:
                if event["Event"] == "UserEvent":
                    told.append(event["UserEvent"])
                elif event["Event"] == "DTMFBegin":
                    told.append(event["Digit"])
        return told

    def rows(self, number: str) -> list[str]:
        """The gateway's rows for a number: how each ended."""
        return [call.disposition for call in self.gateway.calls() if call.number == number]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    here = install()
    async with short_folder() as root:
        write_tone(root / "sorry.wav", 700)
        config = node_config(root / "node", free_port(), fallback_sounds={
            "zh": root / "sorry", "yue": root / "missing"})
        agents = [SimAgent("8001", SECRET, talk_s=2), SimAgent("8002", SECRET, registered=False)]
        gateway = SimGateway(
            here.argv, root / "gateway", modules_dir=here.modules_dir, data_dir=here.data_dir,
            sip_port=config.trunk.port, node_port=config.sip_port, agents=agents,
            personas=[*load_personas(), *map(person, PEOPLE)])
        dialplan = DIALPLAN.format(folder=config.folders.spool_dir)
        async with running_node(config, dialplan) as node, Ami.connected(config) as ami:
            await gateway.start()
            try:
                await gateway.registered()
                yield Lab(config, node, gateway, ami)
                assert gateway.process.problems() == []
            finally:
                await gateway.stop()


async def test_an_agents_phone_is_free_when_it_is_registered(lab: Lab) -> None:
    states = [(await lab.ami.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/agent-{ext})"))["Value"]
              for ext in ("8001", "8002")]
    assert states == ["NOT_INUSE", "UNAVAILABLE"]


REFUSALS = [("05", "486", "17"), ("15", "603", "21"), ("16", "503", "34"), ("17", "404", "1")]


@pytest.mark.parametrize(("code", "sip", "cause"), REFUSALS)
@pytest.mark.parametrize("prefix", ["", "+86"])
async def test_a_refused_call_tells_why_and_leaves_one_row(
        lab: Lab, code: str, sip: str, cause: str, prefix: str) -> None:
    number = f"{prefix}1380013{code}01"
    call = await lab.call(number, "ear")
    hangup = await lab.ami.event("Hangup", Uniqueid=call)
    assert (hangup["TechCause"], hangup["Cause"]) == (sip, cause)
    await until(lambda: bool(lab.rows(number)), 10)
    assert len(lab.rows(number)) == 1


async def test_a_number_that_is_nobodys_is_not_found_and_leaves_one_row(lab: Lab) -> None:
    call = await lab.call("13900000000", "ear")
    assert (await lab.ami.event("Hangup", Uniqueid=call))["TechCause"] == "404"
    await until(lambda: len(lab.rows("13900000000")) == 1, 10)


async def test_a_call_that_rings_out_leaves_one_row(lab: Lab) -> None:
    number = "13800130601"
    call = await lab.call(number, "ear", seconds=1.5)
    response = await lab.ami.event("OriginateResponse", Uniqueid=call)
    assert (response["Response"], response["Reason"]) == ("Failure", "3")
    assert (await lab.ami.event("Hangup", Uniqueid=call))["Cause"] == "19"
    await until(lambda: bool(lab.rows(number)), 10)
    assert lab.rows(number) == ["NO ANSWER"]


async def test_every_invite_gives_exactly_one_row(lab: Lab) -> None:
    """Twenty calls at once, answered, refused and cancelled: as many rows as calls."""
    numbers = [f"1380013{code}{index:02d}" for code in ("05", "06", "17", "73")
               for index in range(50, 55)]
    calls = [await lab.call(number, "ear", seconds=2) for number in numbers]
    for call in calls:
        await lab.ami.event("OriginateResponse", Uniqueid=call)
        if any(event["Event"] == "Newstate" and event["Uniqueid"] == call
               and event["ChannelStateDesc"] == "Up" for event in lab.ami.events):
            channel = (await lab.ami.event("Newchannel", Uniqueid=call))["Channel"]
            await lab.ami.action("Hangup", Channel=channel)
        await lab.ami.event("Hangup", Uniqueid=call)
    await asyncio.sleep(0.5)      # a second row, were there one, would have come
    rows = Counter(call.number for call in lab.gateway.calls() if call.number in set(numbers))
    assert rows == Counter(numbers)


async def test_a_patient_presses_when_the_prompt_has_ended(lab: Lab) -> None:
    call = await lab.call("13800137000", "prompts")
    await lab.ami.event("Hangup", 30, Uniqueid=call)
    assert lab.of(call) == ["PromptBegins", "PromptEnds", "1",
                            "PromptBegins", "PromptEnds", *"36*5#",
                            "PromptBegins", "PromptEnds"]
    ended = [event["Digit"] for event in lab.ami.events
             if event["Event"] == "DTMFEnd" and event["Uniqueid"] == call]
    assert "".join(ended) == "136*5#"


async def test_an_impatient_patient_presses_while_the_prompt_plays(lab: Lab) -> None:
    call = await lab.call("13800137100", "prompts")
    await until(lambda: "PromptEnds" in lab.of(call), 10)
    assert lab.of(call)[:5] == ["PromptBegins", "1", "2", "#", "PromptEnds"]
    channel = (await lab.ami.event("Newchannel", Uniqueid=call))["Channel"]
    await lab.ami.action("Hangup", Channel=channel)


async def test_a_patient_who_hears_nothing_for_long_does_not_wait_for_ever(lab: Lab) -> None:
    """Silence from the start, then the far end hangs up by itself: the row tells an answer."""
    call = await lab.call("13800137300", "ear")
    await lab.ami.event("OriginateResponse", Uniqueid=call, Response="Success")
    channel = (await lab.ami.event("Newchannel", Uniqueid=call))["Channel"]
    await lab.ami.action("Hangup", Channel=channel)
    await until(lambda: lab.rows("13800137300") == ["ANSWERED"], 15)


async def test_a_patient_speaks_in_a_pitch_of_his_own(lab: Lab) -> None:
    call = await lab.call("13800137200", "ear", exten="patient")
    await lab.ami.event("Hangup", Uniqueid=call)
    assert pitch_of(lab.config.folders.spool_dir / "patient.wav") == pytest.approx(440, abs=10)


async def test_an_agents_phone_answers_speaks_and_hangs_up(lab: Lab) -> None:
    await lab.ami.originate("PJSIP/agent-8001", "aftercall-agent", Context="ear", Exten="agent",
                            Priority=1)
    await lab.ami.event("Hangup", Uniqueid="aftercall-agent")
    assert pitch_of(lab.config.folders.spool_dir / "agent.wav") == pytest.approx(660, abs=10)
    await until(lambda: lab.rows("agent-8001") == ["ANSWERED"], 15)


async def test_an_agents_phone_cannot_dial_out(lab: Lab) -> None:
    """The dialplan of agents' phones answers, refuses and ends; no call reaches the gateway."""
    before = len(lab.gateway.calls())
    for number in ("13800130101", "+8613800130101", "*1", "8002"):
        name = f"aftercall-out-{number}"
        await lab.ami.originate(f"Local/{number}@from-agent/n", name, Context="ear", Exten="s",
                                Priority=1)
        await lab.ami.event("OriginateResponse", Uniqueid=name, Response="Success")
        await lab.ami.event("Hangup", Uniqueid=name)
    assert len(lab.gateway.calls()) == before


@pytest.mark.parametrize(("language", "pitch"), [("zh", 700), ("yue", 1000)])
async def test_the_patient_hears_that_our_side_is_down(lab: Lab, language: str,
                                                       pitch: int) -> None:
    """Over the real trunk, with nobody at the FastAGI port: the recording, or a tone without it."""
    call = await lab.call("13800131101", "mix", exten=language)
    await lab.ami.event("UserEvent", UserEvent="AftercallFallback", Uniqueid=call)
    await lab.ami.event("Hangup", Uniqueid=call)
    heard = lab.config.folders.spool_dir / f"{language}.wav"
    await until(lambda: pitch_of(heard) is not None, 10)
    assert pitch_of(heard) == pytest.approx(pitch, abs=10)
