"""Calls that an agent takes from their first word."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert
from followup.calls.models import Disposition, EscalationState
from followup.campaigns.models import CampaignMode
from followup.database.engine import Database
from tests.agi_scripts.ward import HANG_UP, Pickup, Ward, call, open_ward

PREDICTIVE, PROGRESSIVE = CampaignMode.PREDICTIVE, CampaignMode.PROGRESSIVE


def picks_up(ward: Ward, status: str = "ANSWER") -> Pickup:
    """Every agent who is rung does."""
    async def ring(extension: str, escalation_id: str) -> str:
        await ward.agent_picks_up(escalation_id)
        return status
    return ring


@pytest.mark.parametrize("status", ["ANSWER", HANG_UP])
async def test_whoever_answers_speaks_with_an_agent_and_hears_nothing_else(
        database: Database, status: str) -> None:
    async with open_ward(database, mode=PREDICTIVE) as ward:
        await ward.add_agent("8001")
        patient = await call(ward, "", picks_up(ward, status))
        attempt, escalation = await ward.attempt(), await ward.escalation()
        assert (patient.rung, patient.heard) == (["8001"], [])
        assert attempt.outcome is Disposition.ESCALATED
        assert escalation.state is EscalationState.BRIDGED and escalation.ended_at is not None
        assert await ward.every(Alert) == []
        assert patient.call.commands[0].startswith("EXEC MixMonitor")


async def test_who_finds_no_agent_is_told_so_and_noted_as_abandoned(database: Database) -> None:
    async with open_ward(database, mode=PREDICTIVE) as ward:
        await ward.add_agent("8001", state=AgentState.ON_CALL)
        patient = await call(ward, "")
        attempt, escalation = await ward.attempt(), await ward.escalation()
        assert patient.rung == []
        assert patient.heard == ["zh/greeting", "zh/all-busy"]
        assert attempt.outcome is Disposition.ABANDONED
        assert escalation.state is EscalationState.NO_AGENT
        assert await ward.every(Alert) == []          # they are called again


async def test_who_hangs_up_before_an_agent_is_there_is_abandoned_too(database: Database) -> None:
    async with open_ward(database, mode=PREDICTIVE) as ward:
        patient = await call(ward, "x")
        attempt, escalation = await ward.attempt(), await ward.escalation()
        assert patient.heard == []
        assert attempt.outcome is Disposition.ABANDONED
        assert escalation.state is EscalationState.ABANDONED


async def test_the_agent_who_was_reserved_before_takes_the_call_whoever_else_waits(
        database: Database) -> None:
    async with open_ward(database, mode=PROGRESSIVE) as ward:
        attempt = await ward.attempt()
        await ward.add_agent("8001")
        await ward.add_agent("8002", idle_min=9)
        async with database.session() as session:
            await session.execute(update(Agent).where(Agent.extension == "8001").values(
                state=AgentState.RESERVED, attempt_id=attempt.id))
        patient = await call(ward, "", picks_up(ward))
        assert patient.rung == ["8001"]
        assert (await ward.attempt()).outcome is Disposition.ESCALATED
        assert (await ward.agent("8001")).state is AgentState.WRAP_UP


async def test_an_agent_without_the_skill_is_not_rung(database: Database) -> None:
    async with open_ward(database, mode=PREDICTIVE, skill="骨科") as ward:
        await ward.add_agent("8001", idle_min=9)
        await ward.add_agent("8002", skills=["骨科"])
        patient = await call(ward, "", picks_up(ward))
        assert patient.rung == ["8002"]


async def test_when_the_one_does_not_pick_up_the_next_is_rung(database: Database) -> None:
    async with open_ward(database, mode=PREDICTIVE) as ward:
        await ward.add_agent("8001", idle_min=9)
        await ward.add_agent("8002")

        async def ring(extension: str, escalation_id: str) -> str:
            if extension == "8001":
                return "NOANSWER"
            await ward.agent_picks_up(escalation_id)
            return "ANSWER"
        patient = await call(ward, "", ring)
        assert patient.rung == ["8001", "8002"]
        assert (await ward.agent("8001")).state is AgentState.MISSED
