"""A patient who needs a nurse gets one: who is rung, what both hear, and what is kept of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import update

from dialer.node import CEL_FILE
from followup.agents.models import Agent, AgentState
from followup.alerts.models import AlertState
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    EscalationState,
)
from followup.database.base import now
from tests.asterisk_conf.wire import SipPeer
from tests.journeys.hospital import Hospital, hospital, person, until
from tests.journeys.prompts import PROMPT_HZ
from tests.journeys.sound import Sound, listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

PATIENT_HZ, AGENT_HZ, CONNECTING_HZ, HOLD_HZ, NOBODY_HZ = 440, 660, 700, 900, 1100
SOUNDS = {"connecting": CONNECTING_HZ, "please-hold": HOLD_HZ, "nobody-free": NOBODY_HZ}

TALKS = person("31", "press 1", "press 37*0# early", "press 1", "say tone 3", pitch=PATIENT_HZ)
URGENT = person("32", "wait 0.5", "press 137*0#1 at once", "wait 1", "say tone 2 at once")
LEAVES = person("33", "wait 0.5", "press 137*0#1 at once", "wait 2", "hang up")
ALONE = person("34", "wait 0.5", "press 137*0#1 at once")

RING_S = 5                       # agent_ring_s of the test's settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """Agent 8001 never picks up, 8002 and 8003 do."""
    async with hospital(shared_database_url, [TALKS, URGENT, LEAVES, ALONE], sounds=SOUNDS,
                        agents=({"answers": False}, {}, {"talk_s": 3}),
                        more_settings="hold_max_s = 8\n") as place:
        await until(lambda: _all(place, AgentState.AVAILABLE), 40)
        yield place


async def _all(place: Hospital, state: AgentState) -> bool:
    return {agent.state for agent in (await place.agents()).values()} == {state}


async def _idle_longest_first(place: Hospital, *extensions: str) -> None:
    """Give agents the order in which they have been idle, all of them free."""
    async with place.house.database.session() as session:
        for minutes, extension in enumerate(reversed(extensions), 1):
            await session.execute(update(Agent).where(Agent.extension == extension).values(
                state=AgentState.AVAILABLE, state_since=now() - timedelta(minutes=minutes),
                wrap_up_until=None, attempt_id=None))


async def _hear(place: Hospital, attempt: Attempt) -> tuple[Sound, dict[str, list[float]]]:
    """The sealed sound of a call, and its marks by kind, in seconds."""
    recording = await place.recording(attempt)
    marks: dict[str, list[float]] = {}
    for mark in recording.marks:
        marks.setdefault(mark.kind, []).append(mark.at_ms / 1000)
    return listen(await place.sealed_sound(attempt)), marks


async def test_a_patient_who_leaves_while_the_phone_rings(place: Hospital) -> None:
    await _idle_longest_first(place, "8001", "8002", "8003")
    [attempt] = await place.call((LEAVES, 0))
    assert attempt.disposition is Disposition.CALLBACK_ALERT
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.ABANDONED
    assert escalation.ended_at
    alert = await place.alert(attempt)
    assert alert is not None
    assert alert.state is AlertState.OPEN
    assert alert.deadline > now()
    await until(lambda: _all(place, AgentState.AVAILABLE), 40)


async def test_the_next_agent_gets_the_call_that_the_first_does_not_take(place: Hospital) -> None:
    """The longest idle is rung first; what both sides said is in the recording, in its place."""
    await _idle_longest_first(place, "8001", "8002", "8003")
    [attempt] = await place.call((TALKS, 0))
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    agents = await place.agents()
    assert agents["8001"].state is AgentState.MISSED
    assert escalation.state is EscalationState.BRIDGED
    assert escalation.agent_id == agents["8002"].id
    assert escalation.bridged_at is not None
    waited = (escalation.bridged_at - escalation.requested_at).total_seconds()
    assert RING_S <= waited < RING_S + 5
    alert = await place.alert(attempt)
    assert alert is not None
    assert (alert.state, alert.closed_by) == (AlertState.CLOSED, agents["8002"].name)

    sound, marks = await _hear(place, attempt)
    [escalated], [joined] = marks["escalation"][:1], marks["agent"]
    # the agent's voice is on the right, from the moment the mark says; the patient's on the left
    [agent] = of(sound.right, AGENT_HZ)
    assert agent.start == pytest.approx(joined, abs=0.7)
    assert agent.end - agent.start == pytest.approx(6, abs=0.7)
    assert of(sound.left, PATIENT_HZ)
    assert sum(tone.end - tone.start for tone in of(sound.left, PATIENT_HZ)) > 2
    assert not of(sound.left, AGENT_HZ)
    assert not of(sound.right, PATIENT_HZ)
    # each question is heard, on the right, right after its mark
    for mark in marks["question"]:
        assert any(-0.3 < tone.start - mark < 0.7 for tone in sound.right), (mark, sound.right)
    assert any(-0.3 < tone.start - marks["question"][-1] < 0.7
               for tone in of(sound.right, PROMPT_HZ))
    # while the phones ring the patient hears again and again that they are being connected
    connecting = of(sound.right, CONNECTING_HZ)
    assert len(connecting) >= 2
    assert connecting[0].start == pytest.approx(escalated, abs=1)
    assert all(tone.end < joined + 0.5 for tone in connecting)


async def test_two_at_once_get_two_agents_and_a_third_waits_for_one(place: Hospital) -> None:
    await _idle_longest_first(place, "8002", "8003")
    attempts = await place.call((URGENT, 0), (URGENT, 1), (URGENT, 2))
    assert {one.disposition for one in attempts} == {Disposition.ESCALATED}
    escalations = sorted([(await place.escalations(one))[0] for one in attempts],
                         key=lambda one: one.ringing_at or now())
    names = {agent.id: extension for extension, agent in (await place.agents()).items()}
    assert [names[one.agent_id] for one in escalations if one.agent_id] == ["8002", "8003", "8003"]
    first, second, third = escalations
    assert first.bridged_at
    assert second.ended_at
    assert third.bridged_at
    assert third.bridged_at > second.ended_at > first.bridged_at
    last = next(one for one in attempts if one.id == third.attempt_id)
    sound, marks = await _hear(place, last)
    held = of(sound.right, HOLD_HZ)
    assert held                  # somebody says that they are to wait, before an agent comes
    assert marks["escalation"][0] - 0.5 < held[0].start < held[-1].end < marks["agent"][0] + 0.5


async def test_a_caller_from_the_gateway_gets_nobody_else_on_the_line(place: Hospital) -> None:
    """Toll fraud: whatever number is dialled into the house, no second call leaves it."""
    node, called = place.settings.nodes[0], len(place.gateway.calls())
    cel = place.settings.evidence_dir(node) / CEL_FILE
    before = cel.read_text().count("CHAN_START")
    answered = 0
    async with SipPeer.at(place.settings.trunk.host) as gateway:
        for user in (ALONE.number(), "+86" + ALONE.number(), "0085212345678", "agent-8002",
                     "8002", "s", "aftercall-follow-up", "1%26PJSIP%2Ftrunk"):
            status = await gateway.invite(node.sip_bind, node.sip_port, user)
            assert status in (200, 400, 404, 416, 484, 488), (user, status)
            answered += status == 200

        async def all_over() -> bool:
            return not await place.channels()
        await until(all_over, 40)
        assert gateway.invites == []
    assert answered                          # some heard the announcement, alone
    assert cel.read_text().count("CHAN_START") - before == answered
    assert len(place.gateway.calls()) == called


async def test_nobody_is_there_to_take_the_call(place: Hospital) -> None:
    for number in ("8001", "8002", "8003"):
        await place.gateway.process.cli(f"pjsip send unregister agent-{number}")
    await until(lambda: _all(place, AgentState.OFFLINE), 40)
    began = now()
    [attempt] = await place.call((ALONE, 0))
    assert attempt.disposition is Disposition.CALLBACK_ALERT
    assert attempt.state is AttemptState.ENDED
    [escalation] = await place.escalations(attempt)
    assert (escalation.state, escalation.agent_id) == (EscalationState.NO_AGENT, None)
    alert = await place.alert(attempt)
    assert alert is not None
    assert alert.state is AlertState.OPEN
    minutes = place.settings.dialer.critical_deadline_min
    assert began < alert.deadline - timedelta(minutes=minutes) < now()
    sound, _ = await _hear(place, attempt)
    assert of(sound.right, NOBODY_HZ)           # the patient is told
    assert not of(sound.right, AGENT_HZ)
