"""I1, I3, I4: the node, its gateway, or the way to them fails in mid-campaign.

The gateway's own CDR is the witness of who was dialled.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from aftercall.supervisor import Part
from followup.agents.models import AgentState
from followup.alerts.models import AlertState
from followup.calls.models import AttemptState, Disposition, RecordingState
from followup.campaigns.models import Task, TaskState
from followup.database.base import now
from simgateway.personas import Persona
from tests.fakes.proxy import FaultProxy
from tests.journeys.hospital import Hospital, dispositions, hospital, person, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

BRIEF = person("41", "wait 0.5", "press 136*5#2 at once")
TALKS = person("42", "wait 0.5", "press 1 at once", "wait 10", "press 36*5#2 at once")
TALKS_LESS = person("46", "wait 0.5", "press 1 at once", "wait 4", "press 36*5#2 at once")
STAYS = person("43", "wait 0.5", "press 1 at once", "wait 14", stay_s=1)
URGENT = person("44", "wait 0.5", "press 137*0#1 at once", "say tone 10 at once", stay_s=1)
RINGS = person("45", "hang up", ring_s=14)
ALL_AT_ONCE = "lost_budget = 0.5\n"        # though there is one agent only


@asynccontextmanager
async def dialer_behind(place: Hospital, proxy: FaultProxy) -> AsyncIterator[Part]:
    """A dialer that reaches its node through a proxy."""
    data, port = place.settings.data_dir, place.settings.nodes[0].ami_port
    config = data / "proxied.toml"
    text = (data / "aftercall.toml").read_text("utf-8")
    assert f"ami_port = {port}\n" in text
    config.write_text(text.replace(f"ami_port = {port}\n", f"ami_port = {proxy.port}\n"), "utf-8")
    part = Part("dialer", {**os.environ, "AFTERCALL_CONFIG": str(config),
                           "AFTERCALL_DATA_DIR": str(data),
                           "AFTERCALL_DATABASE__URL": place.house.database_url},
                data / "log" / "dialer.log")
    await part.start()
    try:
        yield part
    finally:
        await part.stop()


async def _nobody_dialled_twice(place: Hospital) -> None:
    """As many calls reached the gateway as attempts were placed, for each patient: I1."""
    placed = Counter(one.phone.removeprefix("+86") for one in await place.attempts()
                     if one.disposition is not Disposition.NOT_PLACED)

    async def all_told() -> bool:          # the gateway writes a call down when it ends
        return place.dialled() == placed
    await until(all_told, 40, place.tell)
    assert set(placed.values()) == {1}


async def test_the_managers_line_is_cut_frozen_and_refused(database_url: str) -> None:
    async with hospital(database_url, [BRIEF, TALKS, TALKS_LESS], agents=(),
                        roles=("agi",)) as place, \
            FaultProxy.to("127.0.0.1", place.settings.nodes[0].ami_port) as proxy, \
            dialer_behind(place, proxy):
        fresh = iter(range(100))
        for talker, *faults in ((TALKS, proxy.cut, proxy.freeze), (TALKS_LESS, proxy.refuse)):
            talking = [(talker, next(fresh)) for _ in range(2)]
            await place.admit(talking)
            await place.call_everybody()
            await until(lambda: _all_answered(place, talking), 60, place.tell)  # noqa: B023
            for fault in faults:
                waiting = [(BRIEF, next(fresh)) for _ in range(3)]
                alarms = len(_alarms(place))
                await fault()
                await place.admit(waiting)             # they fall due while the node is not heard
                await place.call_everybody()
                if fault == proxy.cut:                 # it connects again by itself
                    await until(lambda: _all_sent(place, waiting), 40, place.tell)  # noqa: B023
                    continue
                await until(lambda: _alarmed(place, alarms), 40, place.tell)  # noqa: B023
                await until(lambda: _all_done(place, talking), 60, place.tell)  # noqa: B023
                assert not await _any_sent(place, waiting), await place.tell()    # pacing pauses
                await proxy.heal()
            await place.until_settled(60)
        assert set(dispositions(await place.attempts())) <= {
            Disposition.COMPLETED, Disposition.NOT_PLACED}, await place.tell()
        await _nobody_dialled_twice(place)
        assert len(place.dialled()) == 13
        assert await place.channels() == 0                                             # I4


async def _all_answered(place: Hospital, people: list[tuple[Persona, int]]) -> bool:
    """Each is on the phone, and has said who they are."""
    answers = await place.answers()
    return all((f"P{persona.code}{index:02d}", "identity") in answers for persona, index in people)


async def _sent(place: Hospital, people: list[tuple[Persona, int]]) -> list[bool]:
    """Whether Asterisk has taken the call of each."""
    return [any(one.sent_at or one.ringing_at or one.answered_at
                for one in await place.attempts_of(*patient)) for patient in people]


async def _all_sent(place: Hospital, people: list[tuple[Persona, int]]) -> bool:
    return all(await _sent(place, people))


async def _any_sent(place: Hospital, people: list[tuple[Persona, int]]) -> bool:
    return any(await _sent(place, people))


async def _all_done(place: Hospital, people: list[tuple[Persona, int]]) -> bool:
    """Each conversation has come to its end, whether or not the dialer knows."""
    outcomes = [(await place.attempts_of(*one))[-1].outcome for one in people]
    return set(outcomes) == {Disposition.COMPLETED}


def _alarms(place: Hospital) -> list[str]:
    return [one["event"] for one in place.logged("dialer")
            if one["level"] in ("error", "warning", "critical")]


async def _alarmed(place: Hospital, before: int) -> bool:
    return len(_alarms(place)) > before


async def test_the_gateway_and_then_the_node_go_down_and_come_back(database_url: str) -> None:
    async with hospital(database_url, [BRIEF, STAYS, URGENT, RINGS], agents=({"talk_s": 30},),
                        more_settings=ALL_AT_ONCE) as place:
        await _gateway_away(place)
        await _node_killed(place)


async def _gateway_away(place: Hospital) -> None:
    """No attempt is burnt while the gateway is away; an error tells of it; then all goes on."""
    await until(lambda: _says(place, "the gateway answers"), 40)
    await place.gateway.stop()
    await until(lambda: _says(place, "the gateway does not answer"), 40)
    [told] = place.logged("dialer", "the gateway does not answer")
    assert told["level"] == "error"
    await place.admit([(BRIEF, 0), (BRIEF, 1)])
    await place.call_everybody()
    await asyncio.sleep(2)       # four times as long as between two looks of the dialer
    assert await place.attempts() == []
    await place.gateway.start()
    await place.gateway.registered()
    await place.until_settled(60)
    assert dispositions(await place.attempts()) == {Disposition.COMPLETED: 2}
    await _nobody_dialled_twice(place)


async def _says(place: Hospital, event: str) -> bool:
    return bool(place.logged("dialer", event))


async def _node_killed(place: Hospital) -> None:
    """SIGKILL of Asterisk with one call ringing, one in its questions, one with an agent."""
    await until(lambda: _free(place), 40)
    people = [(RINGS, 0), (STAYS, 0), (URGENT, 0)]
    await place.admit(people)
    await place.call_everybody()
    await until(lambda: _everybody_is_where_they_should_be(place), 40, place.tell)
    node = place.house.nodes["node1"]
    assert node.pid
    os.kill(node.pid, signal.SIGKILL)
    await node.wait()
    killed = now()
    await node.start()
    await place.until_settled(60)
    rings, stays, urgent = [(await place.attempts_of(*one))[-1] for one in people]
    assert [one.seq for one in (rings, stays, urgent)] == [1, 1, 1], "somebody was called again"
    assert rings.disposition in (Disposition.FAILED, Disposition.UNKNOWN)
    assert stays.disposition is Disposition.FAILED           # not the patient's doing
    assert urgent.disposition is Disposition.ESCALATED
    assert {one.settled_by for one in (rings, stays, urgent)} == {"node restarted"}
    assert ("P4300", "identity") in await place.answers()
    alert = await place.alert(urgent)
    assert alert is not None
    assert alert.state is AlertState.OPEN                    # they had hardly spoken
    async with place.house.database.session() as session:
        for one in (rings, stays):
            task = await session.get_one(Task, one.task_id)
            assert task.state is TaskState.NEEDS_PERSON or task.due_at > killed + timedelta(
                minutes=9)
    for one in (stays, urgent):          # what had been recorded before is kept
        assert (await place.recording(one)).state is RecordingState.SEALED
    [agent] = (await place.agents()).values()        # free, or not yet signed in again
    assert agent.attempt_id is None
    assert agent.state in (AgentState.OFFLINE, AgentState.AVAILABLE)
    await _nobody_dialled_twice(place)
    [again] = await place.call((BRIEF, 5))
    assert again.disposition is Disposition.COMPLETED


async def _everybody_is_where_they_should_be(place: Hospital) -> bool:
    attempts = {one.phone[-4:-2]: one for one in await place.attempts()}
    if not {"43", "44", "45"} <= attempts.keys():
        return False
    [*escalations] = await place.escalations(attempts["44"])
    return (attempts["45"].state is AttemptState.RINGING and ("P4300", "identity") in
            await place.answers() and bool(escalations) and escalations[0].bridged_at is not None)


async def _free(place: Hospital) -> bool:
    agents = (await place.agents()).values()
    return all(one.state is AgentState.AVAILABLE and one.attempt_id is None for one in agents)
