"""Campaigns in which an agent speaks first: who answers hears a person at once, or is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import update

from followup.agents.models import Agent, AgentState
from followup.calls.models import Attempt, AttemptState, Disposition, EscalationState
from followup.campaigns import preview
from followup.campaigns.models import Campaign, CampaignMode, Task, TaskState
from followup.database.base import now
from tests.journeys.hospital import Hospital, hospital, person, until
from tests.journeys.prompts import PROMPT_HZ
from tests.journeys.sound import Sound, listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

PATIENT_HZ, AGENT_HZ, CONNECTING_HZ, BUSY_HZ = 440, 660, 700, 1100
ANSWERS = person("41", "say tone 2 at once", pitch=PATIENT_HZ)
SLOW = person("42", "say tone 2 at once", pitch=PATIENT_HZ, ring_s=5)
UNLUCKY = person("43", "say tone 2 at once", pitch=PATIENT_HZ)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """Agent 8001 never picks up, 8002 does."""
    async with hospital(shared_database_url, [ANSWERS, SLOW, UNLUCKY],
                        sounds={"all-busy": BUSY_HZ, "connecting": CONNECTING_HZ},
                        agents=({"answers": False}, {"talk_s": 3})) as place:
        place.mode = CampaignMode.PREDICTIVE

        async def there() -> bool:
            return {one.state for one in (await place.agents()).values()} == {AgentState.AVAILABLE}
        await until(there, 40)
        yield place


async def _on_duty(place: Hospital, *extensions: str) -> None:
    """These are free, the others are away for an hour."""
    async with place.house.database.session() as session:
        await session.execute(update(Agent).values(
            state=AgentState.MISSED, wrap_up_until=now() + timedelta(hours=1), attempt_id=None))
        await session.execute(update(Agent).where(Agent.extension.in_(extensions)).values(
            state=AgentState.AVAILABLE, wrap_up_until=None))


async def _mode(place: Hospital, mode: CampaignMode) -> None:
    async with place.house.database.session() as session:
        await session.execute(update(Campaign).values(mode=mode))


async def _sound(place: Hospital, attempt: Attempt) -> Sound:
    return listen(await place.sealed_sound(attempt))


async def test_predictive_whoever_answers_hears_an_agent_and_no_machine(place: Hospital) -> None:
    await _on_duty(place, "8002")
    [attempt] = await place.call((ANSWERS, 0))
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.BRIDGED and escalation.alert_id is None
    sound = await _sound(place, attempt)
    [agent] = of(sound.right, AGENT_HZ)
    assert agent.start < 2
    assert of(sound.left, PATIENT_HZ) and not of(sound.right, PROMPT_HZ)


async def test_predictive_who_gets_no_agent_is_told_so_and_called_again(place: Hospital) -> None:
    await _on_duty(place, "8001")
    [attempt] = await place.call((UNLUCKY, 0))
    assert attempt.disposition is Disposition.ABANDONED
    sound = await _sound(place, attempt)
    assert of(sound.right, BUSY_HZ) and not of(sound.right, AGENT_HZ)
    async with place.house.database.session() as session:
        task = await session.get_one(Task, attempt.task_id)
    assert task.state is TaskState.DUE and task.due_at > now() + timedelta(minutes=20)


async def test_progressive_an_agent_is_reserved_while_the_phone_still_rings(
        place: Hospital) -> None:
    await _mode(place, CampaignMode.PROGRESSIVE)
    await _on_duty(place, "8002")
    await place.admit([(SLOW, 0)])
    await place.call_everybody()

    async def rings() -> bool:
        return any(one.state is AttemptState.RINGING for one in await place.attempts_of(SLOW))
    await until(rings, 40, place.tell)
    agent = (await place.agents())["8002"]
    [attempt] = await place.attempts_of(SLOW)
    assert (agent.state, agent.attempt_id) == (AgentState.RESERVED, attempt.id)
    await place.until_settled(40)
    [attempt] = await place.attempts_of(SLOW)
    assert attempt.disposition is Disposition.ESCALATED
    sound = await _sound(place, attempt)
    assert of(sound.right, AGENT_HZ)[0].start < 2


async def test_preview_the_call_is_placed_for_the_agent_who_asked(place: Hospital) -> None:
    await _mode(place, CampaignMode.PREVIEW)
    await _on_duty(place, "8001", "8002")
    await place.admit([(ANSWERS, 1)])
    await place.call_everybody()
    agent = (await place.agents())["8002"]
    async with place.house.database.session() as session:
        offer = await preview.offer_next(session, agent, now())
        assert offer is not None and offer.patient.mrn == f"P{ANSWERS.code}01"
        await preview.accept(session, agent.id, offer.task.id, now(), actor="user:nurse")

    async def over() -> bool:
        return any(one.state is AttemptState.ENDED for one in await place.attempts_of(ANSWERS, 1))
    await until(over, 40, place.tell)
    [attempt] = await place.attempts_of(ANSWERS, 1)
    [escalation] = await place.escalations(attempt)
    assert attempt.disposition is Disposition.ESCALATED
    assert escalation.agent_id == agent.id

