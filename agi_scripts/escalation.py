"""Hands a live call to an agent: reserve, ring, bridge; the next one when nobody picks up."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

from agi_scripts.house import Call, House
from followup.agents.models import Agent
from followup.log import get_logger
from ivr.agi import AgiChannel, AgiHangup

log = get_logger(__name__)

AGENT_JOINED_CONTEXT = "aftercall-agent-joined"


async def hand_over(channel: AgiChannel, call: Call, house: House, hold_s: int,
                    please_hold: Callable[[], Awaitable[None]]) -> bool:
    """Ring agents, longest idle first, until one has spoken with the patient.

    True once an agent's part is over; False when none took the call within ``hold_s`` seconds of
    waiting. Raises AgiHangup when the patient hangs up before. ``please_hold`` says that they wait.
    """
    escalation_id = await house.request_agent(call)
    passed_over: set[uuid.UUID] = set()
    patience = time.monotonic() + hold_s
    try:
        while True:
            agent = await house.reserve_agent(call, escalation_id, passed_over)
            if agent is not None:
                if await _ring(channel, call, house, escalation_id, agent):
                    return True
                passed_over.add(agent.id)
            elif time.monotonic() < patience:
                await please_hold()
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
    await channel.set_variable("CALLERID(name)", call.patient.name)
    await channel.set_variable("CALLERID(num)", call.patient.mrn)
    await channel.exec(
        "Dial", f"PJSIP/{agent.endpoint}", str(house.settings.dialer.agent_ring_s),
        f"gm(connecting-{call.response.language})U({AGENT_JOINED_CONTEXT}^{escalation_id})")
    if await channel.get_variable("DIALSTATUS") == "ANSWER":
        await house.agent_joined(escalation_id)         # when its own script could not say so
        await house.agent_left(escalation_id)
        return True
    await house.agent_missed(agent)
    return False
