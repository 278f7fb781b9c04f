"""Run on the agent's channel the moment they pick up, before they are bridged to the patient."""

from __future__ import annotations

import uuid

from agi_scripts.house import House
from followup.log import get_logger
from ivr.agi import AgiChannel

log = get_logger(__name__)


async def agent_joined(channel: AgiChannel, house: House) -> None:
    """Note who joined and when. Whatever goes wrong here, the two are bridged all the same."""
    escalation = channel.args[0] if channel.args else ""
    try:
        escalation_id = uuid.UUID(escalation)
    except ValueError:
        log.warning("an agent joined a call that is not named")
        return
    await house.agent_joined(escalation_id)
    log.info("agent joined", escalation_id=escalation)
