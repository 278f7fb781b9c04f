"""Two nodes and two dialer workers call 200 patients; one of each is killed in the middle."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

from followup.calls.models import Attempt, AttemptState, Disposition
from tests.journeys.hospital import Hospital, dispositions, hospital, person, until
from tests.journeys.test_kill_dialer import dialer

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

WELL = person("51", "wait 0.5", "press 136*5#2 at once")
LEAVES = person("52", "wait 0.5", "press 1 at once", "wait 1", "hang up")
BUSY = person("53", sip="busy")
REJECTS = person("54", sip="rejects")
PEOPLE = [*((WELL, index) for index in range(99)), *((LEAVES, index) for index in range(41)),
          *((BUSY, index) for index in range(40)), *((REJECTS, index) for index in range(20))]
EXPECTED = {WELL.code: Disposition.COMPLETED, LEAVES.code: Disposition.PARTIAL,
            BUSY.code: Disposition.BUSY, REJECTS.code: Disposition.REJECTED}
LINES, OF_A_NODE = 16, 10


async def test_one_of_each_is_killed_in_the_middle_of_200_patients(database_url: str) -> None:
    async with hospital(database_url, [WELL, LEAVES, BUSY, REJECTS], roles=("agi",), agents=(),
                        nodes=2, lines=LINES, lines_of_a_node=OF_A_NODE) as place:
        await place.admit(PEOPLE)
        await place.call_everybody()
        async with dialer(place) as leader:
            await until(lambda: _ended(place, 10), 60, place.tell)
            async with dialer(place):
                await until(lambda: _ended(place, 50), 60, place.tell)
                leader.send_signal(signal.SIGKILL)
                await until(lambda: _ended(place, 90), 60, place.tell)
                node = place.house.nodes["node2"]
                on_it = [one.id for one in await place.attempts()
                         if one.node == "node2" and one.state is not AttemptState.ENDED]
                assert on_it and node.pid
                os.kill(node.pid, signal.SIGKILL)
                await node.wait()
                await until(lambda: _ended(place, 130), 60, place.tell)     # on the other one
                await node.start()
                await place.until_settled(180)
                await until(lambda: _ended(place, len(PEOPLE)), 40, place.tell)
        attempts = [one for one in await place.attempts()
                    if one.disposition is not Disposition.NOT_PLACED]
        assert len(attempts) == len({one.patient_id for one in attempts}) == len(PEOPLE)
        hit = {one.id for one in attempts if one.settled_by == "node restarted"}
        wrong = [f"{one.phone[-4:]} {one.disposition} by {one.settled_by}" for one in attempts
                 if one.disposition is not EXPECTED[one.phone[-4:-2]] and one.id not in hit]
        assert not wrong, wrong
        assert len(hit) <= OF_A_NODE
        assert {one.node for one in attempts} == {"node1", "node2"}
        await _nobody_was_dialled_twice(place, attempts)
        _no_more_than_the_lines(place)


async def _ended(place: Hospital, number: int) -> bool:
    found = dispositions(await place.attempts())
    return sum(found.values()) - found[None] - found[Disposition.NOT_PLACED] >= number


async def _nobody_was_dialled_twice(place: Hospital, attempts: list[Attempt]) -> None:
    """By the gateway's own account; of a node that died it may not have heard all."""
    placed = Counter(one.phone.removeprefix("+86") for one in attempts)
    dialled = place.dialled()
    assert not dialled - placed
    assert {one.phone[-4:] for one in attempts
            if not dialled[one.phone.removeprefix("+86")]} <= {
        one.phone[-4:] for one in attempts if one.settled_by == "node restarted"}


def _no_more_than_the_lines(place: Hospital) -> None:
    """At no moment did the gateway have more calls than the trunk has lines."""
    moments = sorted(moment for call in place.gateway.calls() if call.persona_code
                     for moment in ((call.started, 1), (call.ended, -1)))
    alive = most = 0
    for _, change in moments:
        alive += change
        most = max(most, alive)
    assert OF_A_NODE < most <= LINES
