"""Hands a live call to an agent: reserve, ring, bridge; the next one when nobody picks up."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

from agi_scripts.answered import Call
from agi_scripts.house import House
from agi_scripts.recording import CallRecording
from dialer.pacing import Finding, Step, next_step
from followup.agents.models import Agent
from followup.campaigns.models import CampaignMode
from followup.log import get_logger
from ivr.agi import AgiChannel, AgiHangup

log = get_logger(__name__)

AGENT_JOINED_CONTEXT = "aftercall-agent-joined"


async def hand_over(channel: AgiChannel, call: Call, house: House, recording: CallRecording,
                    hold_s: int, please_hold: Callable[[], Awaitable[None]], *,
                    critical: bool = False) -> bool:
    """Ring agents, longest idle first, until one has spoken with the patient.

    A ``critical`` finding goes before all others; among equals the first is served first. True once
    an agent's part is over; False when none took the call within ``hold_s`` seconds of waiting, or
    there is no hope of one. Raises AgiHangup when the patient hangs up before. ``please_hold`` says
    that they wait.
    """
    talks_first = call.mode is CampaignMode.IVR      # else these seconds are all there is: wait
    reserved = call.mode.reserves                    # an agent, while the phone was ringing
    escalation_id = await house.request_agent(call)
    passed_over: set[uuid.UUID] = set()
    began = time.monotonic()
    try:
        while True:
            held = time.monotonic() - began
            place = await house.place_of(call, escalation_id, critical=critical,
                                         left_s=hold_s - held)
            finding = Finding(critical=critical, useful_left=0, held_s=held, hold_s=hold_s)
            step = Step.CONNECT if reserved else next_step(
                finding, place.spare, place.hope if talks_first else 1.0)
            reserved = False
            agent = await house.reserve_agent(call, escalation_id, passed_over) \
                if step is Step.CONNECT else None
            if agent is not None:
                await recording.assure()     # in Dial no command can be given
                if await _ring(channel, call, house, escalation_id, agent):
                    return True
                passed_over.add(agent.id)
            elif step is Step.HOLD or (step is Step.CONNECT and held < hold_s):
                await please_hold()          # connecting: somebody else was quicker
            else:
                await house.nobody_free(escalation_id)
                log.warning("no agent free: the alert waits for a call-back")
                return False
    except BaseException as error:
        spoke = await asyncio.shield(house.agent_left(escalation_id))
        if spoke and isinstance(error, AgiHangup):
            return True                                 # the patient ended the talk
        raise


async def _ring(channel: AgiChannel, call: Call, house: House, escalation_id: uuid.UUID,
                agent: Agent) -> bool:
    """Ring one agent, the patient hearing so; True when the two have spoken."""
    log.info("ringing an agent", agent=agent.extension, escalation_id=str(escalation_id))
    await channel.set_variable("CALLERID(name)", call.name)
    await channel.set_variable("CALLERID(num)", call.mrn)
    await channel.exec(
        "Dial", f"PJSIP/{agent.endpoint}", str(house.settings.dialer.agent_ring_s),
        f"gm(connecting-{call.language})U({AGENT_JOINED_CONTEXT}^{escalation_id})")
    if await channel.get_variable("DIALSTATUS") == "ANSWER":
        await house.agent_joined(escalation_id)         # when its own script could not say so
        await house.agent_left(escalation_id)
        return True
    await house.agent_missed(agent)
    return False
