"""A call for an agent from its first word: whoever answers speaks with one at once.

In the modes preview and progressive the agent was reserved before the phone rang. In the mode
predictive one is taken now; who finds none within two seconds is told so, and called again.
"""

from __future__ import annotations

from agi_scripts.answered import Call
from agi_scripts.escalation import hand_over
from agi_scripts.house import House
from agi_scripts.recording import CallRecording
from followup.calls.models import Disposition
from followup.log import get_logger
from ivr.agi import AgiChannel, AgiHangup
from ivr.line import Line
from ivr.prompts.prompt import Prompt, hospital_in

log = get_logger(__name__)

PATIENCE_S = 2               # the longest silence that whoever answers has to bear
GLANCE_MS = 200              # between two looks for an agent


async def straight_to_agent(channel: AgiChannel, call: Call, house: House,
                            recording: CallRecording, line: Line) -> None:
    """Connect the patient, or say sorry; the attempt's outcome is kept either way."""
    async def wait() -> None:
        await line.listen(GLANCE_MS)
        await line.release()

    try:
        if await hand_over(channel, call, house, recording, PATIENCE_S, wait):
            log.info("an agent spoke with the patient")
            return
        await house.conclude(call, Disposition.ABANDONED, None)
        log.warning("no agent within the patient's patience")
        hospital = hospital_in(house.settings.hospital_names, call.language)
        await line.say((Prompt("greeting", {"hospital": hospital}), Prompt("all-busy")),
                       interruptible=False)
    except AgiHangup:
        # who has spoken with an agent is not noted down as lost
        await house.abandoned(call)
        log.info("hung up before an agent was there")
    except BaseException:
        await house.conclude(call, Disposition.FAILED, None)
        raise
