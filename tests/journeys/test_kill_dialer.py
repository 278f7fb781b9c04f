"""I1-I4: the dialer is killed at every step of an attempt, over and over; nobody is called twice.

The gateway's own CDR is the witness of who was dialled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from followup.calls.models import (
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
)
from tests.journeys.hospital import Hospital, hospital, person, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(500)]

WELL = person("81", "press 1", "press 36*5#", "press 2")
BREATHLESS = person("82", "press 1", "press 37*0#", "press 1", "say tone 3")
LEAVES = person("83", "press 1", "wait 1", "hang up")
BUSY = person("84", sip="busy")
RINGS = person("85", "press 1", "press 36*8#", "press 2", ring_s=4)
PEOPLE = [*((WELL, index) for index in range(20)), *((BREATHLESS, index) for index in range(10)),
          *((LEAVES, index) for index in range(8)), *((BUSY, index) for index in range(6)),
          *((RINGS, index) for index in range(10))]
EXPECTED = {WELL.code: Disposition.COMPLETED, BREATHLESS.code: Disposition.ESCALATED,
            LEAVES.code: Disposition.PARTIAL, BUSY.code: Disposition.BUSY,
            RINGS.code: Disposition.COMPLETED}
OWN_STEPS = [("claimed", 3), ("committed", 2), ("sent", 4), ("committed", 4), ("sent", 1)]


@asynccontextmanager
async def dialer(place: Hospital, step: str = "never", times: int = 1,
                 ) -> AsyncIterator[asyncio.subprocess.Process]:
    """A dialer process; killed at the end of the block unless it has killed itself."""
    log = (place.settings.data_dir / "log" / "dialer.log").open("ab")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journeys.doomed_dialer", step, str(times),
        stdout=log, stderr=log,
        env={**os.environ, "AFTERCALL_DATABASE__URL": place.house.database_url})
    log.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL


async def test_killed_at_every_step_over_fifty_attempts(database_url: str) -> None:
    # all ten breathless patients come at once to three agents: the last one waits long
    async with hospital(database_url, [WELL, BREATHLESS, LEAVES, BUSY, RINGS], roles=("agi",),
                        agents=({}, {}, {}), more_settings="hold_max_s = 90\n") as place:
        await place.admit(PEOPLE)
        await place.call_everybody()
        stored: dict[tuple[str, str], tuple[str, object]] = {}

        async def check_answers() -> None:
            """I2: what was in the database once stays in it."""
            current = await place.answers()
            lost = {key: value for key, value in stored.items()
                    if key[1] != "identity" and current.get(key) != value}
            assert not lost, f"answers lost: {lost}"
            stored.update(current)

        for step, times in OWN_STEPS:
            async with dialer(place, step, times) as process:
                await asyncio.wait_for(process.wait(), 60)
            await check_answers()
        for reached in (_somebody_rings, _somebody_answers, _somebody_is_escalated,
                        _somebody_with_an_agent):
            async with dialer(place):
                await until(lambda reached=reached: reached(place), 60, place.tell)
            await check_answers()
        async with dialer(place):
            await place.until_settled(240)
            await until(lambda: _all_over(place), 40, place.tell)
        await check_answers()
        await _nobody_was_called_twice(place)
        await _everybody_has_their_true_outcome(place)


async def _somebody_rings(place: Hospital) -> bool:
    return any(one.state is AttemptState.RINGING for one in await place.attempts())


async def _somebody_answers(place: Hospital) -> bool:
    live = {one.id for one in await place.attempts() if one.state is AttemptState.ANSWERED}
    return bool(live) and bool(await place.answers())


async def _somebody_is_escalated(place: Hospital) -> bool:
    return await _escalated(place, EscalationState.RINGING, EscalationState.BRIDGED)


async def _somebody_with_an_agent(place: Hospital) -> bool:
    return await _escalated(place, EscalationState.BRIDGED)


async def _escalated(place: Hospital, *states: EscalationState) -> bool:
    async with place.house.database.session() as session:
        return await session.scalar(select(Escalation.id).where(
            Escalation.state.in_(states), Escalation.ended_at.is_(None)).limit(1)) is not None


async def _all_over(place: Hospital) -> bool:
    return all(one.state is AttemptState.ENDED for one in await place.attempts())


async def _nobody_was_called_twice(place: Hospital) -> None:
    attempts = await place.attempts()
    really = [one for one in attempts if one.disposition is not Disposition.NOT_PLACED]
    assert len(really) >= 50
    dialled = place.dialled()
    by_number = {persona.number(index) for persona, index in PEOPLE}
    assert {number: dialled[number] for number in by_number if dialled[number] != 1} == {}
    assert len(really) == len(by_number), await place.tell()
    live = await place.house.nodes["node1"].cli("core show channels count")
    assert "0 active channels" in live            # I4: no channel without its attempt


async def _everybody_has_their_true_outcome(place: Hospital) -> None:
    wrong = []
    for one in await place.attempts():
        code = one.phone[-4:-2]
        if one.disposition not in (EXPECTED[code], Disposition.NOT_PLACED):
            wrong.append(f"{one.phone[-4:]}: {one.disposition}, not {EXPECTED[code]} "
                         f"(settled by {one.settled_by}, cause {one.hangup_cause})")
    assert not wrong, "\n".join(wrong)
