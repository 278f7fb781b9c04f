"""The gateway refuses everything for a minute; and one patient is wanted by four campaigns."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import select, update

from followup.alarms.models import AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import Disposition
from followup.campaigns.models import Held, Task, TaskState
from followup.database.base import now
from tests.journeys.hospital import Hospital, dispositions, hospital, person, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

WELL = person("61", "wait 0.5", "press 136*5#2 at once")
BUSY = person("62", sip="busy")


# a minute of it takes two and a half: that is `pytest -m soak`
@pytest.mark.parametrize(("seconds", "people"), [
    (15, 16), pytest.param(60, 40, marks=pytest.mark.soak)])
async def test_a_time_of_503_burns_no_attempt_and_raises_an_alarm(
        database_url: str, seconds: int, people: int) -> None:
    async with hospital(database_url, [WELL], agents=()) as place:
        await place.gateway.process.cli("dialplan set global REFUSE 503")
        refused_until = time.monotonic() + seconds
        await place.admit([(WELL, index) for index in range(people)])
        await place.call_everybody()
        await until(lambda: _refusal_is_told(place), 40, place.tell)
        asked = len(place.gateway.calls())
        await asyncio.sleep(max(0.0, refused_until - time.monotonic()))
        # asked now and then, by a call, whether it is over: not by everybody
        assert len(place.gateway.calls()) <= asked + 5 < people
        assert set(dispositions(await place.attempts())) == {Disposition.CONGESTION}
        assert {task.attempts_made for task in await _tasks(place)} == {0}

        await place.gateway.process.cli('dialplan set global REFUSE ""')
        async with place.house.database.session() as session:       # their five minutes are over
            await session.execute(update(Task).values(due_at=now()))
        await place.until_settled(120)
        tasks = await _tasks(place)
        assert {(task.state, task.attempts_made) for task in tasks} == {(TaskState.DONE, 1)}
        answered = [call for call in place.gateway.calls() if call.answered_at]
        assert len(answered) == len({call.number for call in answered}) == people
        assert not await _refusal_is_told(place)


async def _refusal_is_told(place: Hospital) -> bool:
    async with place.house.database.session() as session:
        return any(one.kind is AlarmKind.GATEWAY_REFUSES for one in await open_alarms(session))


async def _tasks(place: Hospital) -> list[Task]:
    async with place.house.database.session() as session:
        return list(await session.scalars(select(Task)))


async def test_four_campaigns_call_one_patient_three_times_in_five_minutes(
        database_url: str) -> None:
    async with hospital(database_url, [BUSY], agents=()) as place:
        await place.admit([(BUSY, 0)])
        for name in ("出院", "满意度", "复诊", "用药"):
            place.campaign = name
            await place.admit([])                    # everybody who was discharged today
            await place.call_everybody()
            await place.until_settled(30)
        assert place.dialled() == {BUSY.number(0): 3}
        held = [task for task in await _tasks(place) if task.held_why]
        assert [task.held_why for task in held] == [Held.CAP_5_MIN]
        assert held[0].state is TaskState.DUE and held[0].due_at > now()
