"""Answers of a call as the database keeps them: at once, once, and one that holds for each item."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from agi_scripts.answered import Call
from agi_scripts.house import House
from bench.sample import fill
from followup.calls.models import Attempt, AttemptState, Disposition, RecordingMark
from followup.campaigns.holidays import set_holiday
from followup.campaigns.models import Campaign, Task
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.responses.models import Answer, GivenBy
from followup.responses.store import Given
from followup.settings import Settings


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(Settings(data_dir=tmp_path), database)


@pytest.fixture
async def call(database: Database, house: House) -> Call:
    """One that is being recorded."""
    await fill(database, 1)
    async with database.session() as session:
        task = (await session.scalars(select(Task))).one()
        attempt = Attempt(id=uuid.uuid4(), task_id=task.id, campaign_id=task.campaign_id,
                          patient_id=task.patient_id, seq=1, node="n", phone="+8613800000001",
                          state=AttemptState.RINGING, committed_at=now())
        session.add(attempt)
    call = await house.open_call(attempt.id)
    await house.begin_recording(call)
    return call


def given(value: int, position: int = 0, link_id: str = "pain") -> Given:
    return Given(link_id, {"valueInteger": value}, str(value), GivenBy.KEY, position=position)


async def kept(database: Database) -> Sequence[Answer]:
    async with database.session() as session:
        return (await session.scalars(select(Answer).order_by(Answer.given_at))).all()


async def marks(database: Database) -> list[tuple[str, str | None]]:
    async with database.session() as session:
        return sorted((one.kind, one.link_id) for one in await session.scalars(
            select(RecordingMark)))


async def test_an_answer_comes_with_its_marks_and_supersedes_the_former(
        database: Database, house: House, call: Call) -> None:
    call.mark("question", "pain")
    await house.answer(call, given(3))
    call.mark("answer", "pain")
    await house.answer(call, given(7))
    first, second = await kept(database)
    assert (first.value, second.value) == ({"valueInteger": 3}, {"valueInteger": 7})
    assert first.superseded_at == second.given_at
    assert second.superseded_at is None
    assert (second.attempt_id, second.heard, second.given_by) == (call.id, "7", GivenBy.KEY)
    assert await marks(database) == [("answer", "pain"), ("question", "pain")]
    assert not call.marks


async def test_what_was_kept_though_the_reply_was_lost_is_kept_once(
        database: Database, house: House, call: Call) -> None:
    call.mark("question", "pain")
    lost = list(call.marks)
    await house.answer(call, given(3))
    call.marks[:0] = lost
    await house.answer(call, given(3))
    assert [one.superseded_at is None for one in await kept(database)] == [False, True]
    assert await marks(database) == [("question", "pain")]


async def test_several_answers_to_one_item_stand_beside_each_other(
        database: Database, house: House, call: Call) -> None:
    for value, position in ((1, 0), (2, 1), (3, 1)):
        await house.answer(call, given(value, position))
    assert [one.value["valueInteger"] for one in await kept(database)
            if one.superseded_at is None] == [1, 3]


async def test_answers_in_the_same_moment_take_turns(
        database: Database, house: House, call: Call) -> None:
    await asyncio.gather(*(house.answer(call, given(value)) for value in range(12)))
    found = await kept(database)
    assert sorted(one.value["valueInteger"] for one in found) == list(range(12)), "none is lost"
    assert sum(one.superseded_at is None for one in found) == 1


async def test_marks_without_an_answer_are_kept(
        database: Database, house: House, call: Call) -> None:
    call.mark("question", "identity")
    await house.keep_marks(call)
    await house.keep_marks(call)
    assert await marks(database) == [("question", "identity")]


async def test_a_call_knows_when_its_patient_may_be_called_and_keeps_the_time_in_their_zone(
        database: Database, house: House, call: Call) -> None:
    today = date.today()                                       # noqa: DTZ011  any will do
    closed, days = today + timedelta(days=2), [today + timedelta(days=n) for n in range(4)]
    async with database.session() as session:
        await set_holiday(session, closed, "节", actor="test")
        campaign = await session.get_one(Campaign, (await session.scalars(
            select(Attempt.campaign_id))).one())
        campaign.rules = {"window": {"start": "09:00", "end": "18:00"}}
        await session.execute(update(Patient).values(timezone="Asia/Tokyo"))
    call = await house.open_call(call.id)
    assert call.zone == ZoneInfo("Asia/Tokyo")
    assert [call.hours_from(today).get(day.isoformat()) for day in days] == [
        "09:00-18:00", "09:00-18:00", None, "09:00-18:00"]
    await house.conclude(call, Disposition.CALL_BACK, None,
                         call_back=datetime(2030, 1, 2, 15, 30))       # noqa: DTZ001  local
    async with database.session() as session:
        at = (await session.get_one(Attempt, call.id)).call_back_at
    assert at == datetime(2030, 1, 2, 6, 30, tzinfo=UTC)
